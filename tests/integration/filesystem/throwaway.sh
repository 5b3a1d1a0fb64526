#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Trees that are copied, thrown away, only read, or only a part of a system.
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/tree"
(cd "$WORK/tree" && find . | sort >"$WORK/files")

redd() {
        run "$REDD" run -q --pipe -D "$WORK/tree" "$@"
}

# tree_is_as_before DESCRIPTION
tree_is_as_before() {
        (cd "$WORK/tree" && find . | sort >"$WORK/files.now")
        ok "$1" diff "$WORK/files" "$WORK/files.now"
}

change='touch /usr/x /etc/x /var/x /new && ls /usr/x /etc/x /var/x /new | wc -l'
for option in --ephemeral --volatile=overlay; do
        redd $option sh -c "$change"
        is "$status/$out" 0/4 "with $option everything can be changed"
        tree_is_as_before 'and is as it was afterwards'
        redd $option --private-users=pick --private-users-ownership=map sh -c "$change; stat -c %u /etc/passwd /new"
        is "$status/$out" '0/4
0
0' "the same with users of its own"
        tree_is_as_before 'in the tree as well'
done
redd --volatile=yes sh -c 'ls /; touch /etc/x /var/x; touch /usr/x'
is "$status" 1 '--volatile=yes keeps /usr from being written'
like "$err" "/usr/x: Read-only" 'but nothing else'
unlike "$out" '^home$' 'what is outside /usr is not there'
redd --volatile=yes test -e /etc/passwd
is "$status" 1 'not even /etc/passwd'
tree_is_as_before 'the tree stays'
redd --volatile=state sh -c 'ls /var; touch /var/x; touch /etc/x'
is "$status" 1 '--volatile=state keeps the tree from being written'
unlike "$out" tmp 'except /var, which is empty'
like "$err" '/etc/x: Read-only' 'it says so'
tree_is_as_before 'the tree stays'
redd --read-only sh -c 'touch /etc/x; touch /var/x; touch /tmp/x /run/x'
is "$status" 0 'a read-only container has /tmp and /run'
is "$(printf '%s\n' "$err" | grep -c Read-only)" 2 'and no more'
tree_is_as_before 'the tree stays'
redd --read-only --bind="$WORK:/mnt" sh -c 'echo >/mnt/made'
ok 'what is bound can be written' test -f "$WORK/made"

# two at once
start one "$REDD" run -q -D "$WORK/tree" -M one --ephemeral --notify-ready=yes sh -c 'echo one >/who; helper notify READY=1; exec helper hold'
one=$supervisor
start two "$REDD" run -q -D "$WORK/tree" -M two --ephemeral --notify-ready=yes sh -c 'echo two >/who; helper notify READY=1; exec helper hold'
is "$(inside /bin/cat /who)" two 'two ephemeral containers of one tree run at once'
refuses 'while one that would change it is refused' 'is currently busy' "$REDD" run -q -D "$WORK/tree" -M three true
like "$err" "^hint: .*process [0-9]+.* has it" 'and told whom it waits for'
stop KILL
kill -TERM "$one"
await_end "$one"
redd -M two --ephemeral true
is "$status" 0 'one that was killed is no obstacle'
host_is_as_before 'and its changes are gone after the next start'
tree_is_as_before 'the tree stays'

# templates
run "$REDD" run -q --pipe -D "$WORK/fresh" --template="$WORK/tree" --resolv-conf=off --timezone=off --link-journal=no sh -c 'echo mine >/etc/mine; cat /etc/group'
is "$status" 0 'a tree is made from a template'
ok 'with all that is in it' sh -c 'cd "$1" && find . -path ./etc/mine -prune -o -print | sort | diff "$2" -' sh "$WORK/fresh" "$WORK/files"
is "$(stat -c '%a %u' "$WORK/fresh/home/alice")" '700 1000' 'with its owners and modes'
run "$REDD" run -q --pipe -D "$WORK/fresh" --template="$WORK/tree" cat /etc/mine
is "$out" mine 'one that exists is used as it is'
tree_is_as_before 'the template stays'
refuses 'a template that is not there' "cannot copy the template|Failed to resolve path" "$REDD" run -q -D "$WORK/other" --template=/nowhere true
ok 'leaves nothing' test ! -e "$WORK/other"
rm -rf "$WORK/fresh"

# a root inside the tree
mkdir -p "$WORK/outer/usr" "$WORK/outer/new/old"
cp -a "$WORK/tree/." "$WORK/outer/new/"
run "$REDD" run -q --pipe -D "$WORK/outer" --pivot-root=/new:/old sh -c 'ls /old; cat /etc/hostname 2>/dev/null; id -u'
is "$status" 0 '--pivot-root= makes a folder of the tree the root' || note "$err"
like "$out" '^new$' 'with the old one in its place'
run "$REDD" run -q --pipe -D "$WORK/outer" --pivot-root=/new sh -c 'ls /old | wc -l; grep -c " /old" /proc/self/mountinfo'
is "$out" '0
0' 'or without'
rm -rf "$WORK/outer"

# nothing but /usr
mkdir -p "$WORK/usr-only"
cp -a "$WORK/tree/usr" "$WORK/usr-only/usr"
run "$REDD" run -q --pipe -D "$WORK/usr-only" /usr/bin/sh -c 'echo $PWD; ls -d /proc /sys /dev /run /tmp | wc -l'
is "$status/$out" '0//
5' 'a tree of /usr alone is enough for a command' || note "$err"
run "$REDD" run -q --pipe -D "$WORK/usr-only" --volatile=yes sh -c 'readlink /bin'
is "$status/$out" '0/usr/bin' 'and with --volatile=yes has the links of a merged /usr' || note "$err"
rm "$WORK/usr-only/bin"
mkdir "$WORK/usr-only/bin"
refuses 'where /bin is a folder there is no --volatile=yes' 'have not merged /bin/' "$REDD" run -q -D "$WORK/usr-only" --volatile=yes true
like "$err" '^hint: /bin is a directory of its own' 'with a hint'
rm -rf "$WORK/usr-only"

done_testing
