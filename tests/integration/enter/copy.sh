#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# redd copy-to, copy-from and copy: what arrives is what was there, whoever owns what, and nothing leads out.
. "${0%/*}/../../lib/lib.sh"
needs python3
begin
tree_busybox "$WORK/web"
make_tree() {
        python3 "$LIB/make_tree.py" "$@"
}
make_tree make "$WORK/tree"
python3 -c 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$WORK/tree/socket"
mknod "$WORK/tree/device" c 1 3
make_tree tell "$WORK/tree" | grep -Ev '^(socket|device) ' >expected
cut -d ' ' -f 1-4 expected >wanted

# tell_inside PATH: what the copy on the disk looks like to who is in the machine
tell_inside() {
        if [ "$(readlink "/proc/$leader/ns/user")" = "$(readlink /proc/self/ns/user)" ]; then
                make_tree tell "/proc/$leader/root$1"
        else
                nsenter --target "$leader" --user --setuid 0 --setgid 0 -- python3 "$LIB/make_tree.py" tell "/proc/$leader/root$1"
        fi
}

for users in no 1000000:65536; do
        boot web --private-users=$users --private-users-ownership=auto
        run "$REDD" copy-to web "$WORK/tree" /srv
        is "$status" 0 "users $users: a tree is copied in"
        like "$err" '^2 sockets and devices were left out\.$' 'but its sockets and devices'
        tell_inside /srv >got
        ok 'the same to those inside' diff expected got
        run "$REDD" copy-from web /srv "$WORK/back"
        is "$status" 0 'and out again'
        make_tree tell "$WORK/back" >got
        ok 'the same as at first' diff expected got
        rm -rf "$WORK/back"

        run "$REDD" copy-to web "$WORK/tree/owner1" /srv
        is "$status" 1 'what is there is not replaced'
        like "$err" '^redd copy-to: Failed to copy: File exists' 'as machinectl says it'
        echo changed >"$WORK/changed"
        chown 77:88 "$WORK/changed"
        chmod 0640 "$WORK/changed"
        run "$REDD" copy-to --force web "$WORK/changed" /srv/owner1
        is "$status" 0 'but with --force'
        is "$("$REDD" exec web sh -c 'cat /srv/owner1; stat -c %u:%g:%a /srv/owner1' | tr '\n' ' ')" 'changed 77:88:640 ' \
                'a file by a file'
        "$REDD" exec web sh -c 'echo own >/srv/own; rm /srv/deep/er/file'
        run "$REDD" copy-to --force web "$WORK/tree" /srv
        is "$status" 0 'and a folder is filled up'
        is "$("$REDD" exec web cat /srv/own)" own 'what else is in it stays'
        "$REDD" exec web rm /srv/own
        tell_inside /srv | cut -d ' ' -f 1-4 >got
        ok 'and the rest is as it should be' diff wanted got

        run "$REDD" copy-to web "$WORK/changed"
        is "$("$REDD" exec web cat "$WORK/changed" 2>&1)" \
                "cat: can't open '$WORK/changed': No such file or directory" 'a target whose folder is missing is not made'
        like "$err" "cannot open $WORK of machine 'web'" 'and named'
        run "$REDD" copy-from web /nothing "$WORK/nothing"
        like "$err" "Failed to copy: cannot open /nothing of machine 'web': No such file" 'so is a source'
        run "$REDD" copy-from web etc "$WORK/etc"
        like "$err" "Path 'etc' in machine 'web' is not an absolute path" 'paths inside are absolute'
        cd "$WORK/tree" || exit 1
        "$REDD" copy-to web owner3 /root/relative
        cd "$WORK" || exit 1
        is "$("$REDD" exec web cat /root/relative)" 'of user 3' 'paths outside need not be'
        "$REDD" copy-from web /etc/os-release "$WORK/os-release"
        is "$(readlink "$WORK/os-release")" ../usr/lib/os-release 'a link is copied as a link'

        # another machine
        tree_busybox "$WORK/other"
        first=$leader
        boot other --private-users=2000000:65536 --private-users-ownership=map
        run "$REDD" copy web:/srv other:/srv
        is "$status" 0 'between two machines'
        tell_inside /srv | cut -d ' ' -f 1-4 >got
        ok 'with owners as each of them sees them' diff -u wanted got
        stop
        leader=$first
        supervisor=$(sed -n 's/^SUPERVISOR=//p' /run/redd/machines/web/state)
        kill -TERM "$supervisor"
        "$HELPER" wait "$supervisor" 20
        rm -rf "$WORK/web" "$WORK/other" "$WORK/os-release"
        tree_busybox "$WORK/web"
done
done_testing
