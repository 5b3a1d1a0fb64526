#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# redd bind, unbind, binds: what appears in a running machine, whose it is, and that it goes again.
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/web"
mkdir -p "$WORK/data/sub" "$WORK/two words"
echo mine >"$WORK/data/file"
echo theirs >"$WORK/data/sub/theirs"
chown 1000:1000 "$WORK/data/sub/theirs"
echo alone >"$WORK/alone"

for users in no 1000000:65536; do
        boot web --private-users=$users --private-users-ownership=auto
        run "$REDD" bind web "$WORK/data" /mnt
        is "$status" 0 "users $users: a folder is bound"
        is "$("$REDD" exec web cat /mnt/file)" mine 'and seen'
        is "$("$REDD" exec web stat -c %u:%g /mnt/file /mnt/sub/theirs | tr '\n' ' ')" '0:0 1000:1000 ' 'with its owners'
        "$REDD" exec web sh -c 'echo new >/mnt/new'
        is "$(stat -c %u "$WORK/data/new")" 0 'what is made in there is so here'
        rm "$WORK/data/new"
        like "$("$REDD" binds web)" "^/mnt +$WORK/data +no" 'it is listed'
        run "$REDD" bind web "$WORK/data" /srv/deep/in
        is "$status" 1 'a target that is not there is refused'
        like "$err" '^hint: --mkdir makes it first' 'with the remedy'
        is "$("$REDD" binds --no-legend web | wc -l)" 1 'and not listed'
        run "$REDD" bind --mkdir --read-only web "$WORK/data" /srv/deep/in
        is "$status" 0 'but made when asked for'
        is "$("$REDD" exec web stat -c %u:%a /srv/deep | tr '\n' ' ')" '0:755 ' 'for the root of the machine'
        run "$REDD" exec web sh -c 'echo no >/srv/deep/in/new'
        like "$err" 'Read-only file system' 'and read-only'
        run "$REDD" bind --mkdir web "$WORK/alone" /etc/alone
        is "$("$REDD" exec web cat /etc/alone)" alone 'a single file can be bound, too'
        cd "$WORK/data" || exit 1
        run "$REDD" bind --mkdir web sub "/mnt/two words"
        is "$status" 0 'a relative path is that of the caller'
        cd "$WORK" || exit 1
        is "$("$REDD" --json=short binds web | tr -d ' ' | tr '}' '\n' | grep -c target)" 4 'all are in the JSON'
        run "$REDD" bind --mkdir web /dev/zero /dev/of-host
        [ "$users" = no ] || like "$err" 'is a device, and .*private users' 'a device is not, where it would be of no use'
        [ "$users" != no ] || is "$status" 0 'a device is bound where it can be used'
        [ "$users" != no ] || "$REDD" unbind web /dev/of-host
        for target in '/mnt/two words' /etc/alone /srv/deep/in /mnt; do
                run "$REDD" unbind web "$target"
                is "$status" 0 "$target goes again"
        done
        not_ok 'and is gone' "$REDD" exec web test -e /mnt/file
        is "$("$REDD" binds --no-legend web)" '' 'from the list as well'
        run "$REDD" unbind web /proc
        is "$status" 1 'what was not bound is not unbound'
        like "$err" 'nothing was bound to /proc of machine' 'and named'
        "$REDD" bind --mkdir web "$WORK/alone" "$WORK/alone"
        is "$("$REDD" exec web cat "$WORK/alone")" alone 'without a target, the path is the same'
        stop
        rm -rf "$WORK/web/srv" "$WORK/web/etc/alone" "$WORK/web/mnt/two words" "$WORK/web/var/tmp/"*
done

boot web
run "$REDD" bind web "$WORK/nothing" /mnt
is "$status" 1 'a source that is not there is refused'
like "$err" "Failed to bind mount: cannot open $WORK/nothing" 'in words like machinectl'\''s'
run "$REDD" bind nobody-there /etc /mnt
like "$err" "Could not get path to machine: No machine 'nobody-there' known" 'an unknown machine, too'
run "$REDD" bind web /etc mnt
like "$err" "'mnt' is no place to bind to" 'a relative target is refused'
run "$REDD" bind web "$WORK/alone" /mnt
is "$status" 1 'a file is not bound on a folder'
"$REDD" exec web sh -c 'ln -s /proc/1/root/../../../etc /leads-out; ln -s ../../../../../etc /also'
"$REDD" bind web "$WORK/data" /leads-out
"$REDD" bind web "$WORK/data" /also
ok 'nothing is ever put outside of the machine' grep -q root /etc/passwd
not_ok 'nor found there' test -e /etc/file
"$REDD" exec web mkfifo /run/up /run/go
"$REDD" exec web unshare -m --propagation slave sh -c 'echo >/run/up; read line </run/go; ls /mnt >/run/seen' &
sandboxed=$!
"$REDD" exec web sh -c 'read line </run/up'
"$REDD" bind web "$WORK/data" /mnt
"$REDD" exec web sh -c 'echo >/run/go'
wait "$sandboxed"
like "$("$REDD" exec web cat /run/seen)" '^file$' 'a program with mounts of its own sees it'
stop

done_testing
