#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The kinds of machines there are, and each can be entered: none of them has to help.
. "${0%/*}/../../lib/lib.sh"
begin

# can_be_entered NAME COMMAND...: runs COMMAND, which ends with 0 and prints "here"
can_be_entered() {
        kind=$1
        shift
        run "$REDD" exec "$@"
        is "$status $out" '0 here' "$kind: exec"
        run python3 "$LIB/at_terminal.py" none '' "$REDD" -q shell "$1" "/bin/$2" "$3" "$4"
        like "$out" '^here$' "$kind: shell"
        like "$out" '^status 0 restored$' "$kind: and its status"
        can_be_copied "$1"
}

# /tmp is a tmpfs in each machine: a copy goes to what its processes see
can_be_copied() {
        head -c 70000 /dev/urandom >data
        rm -rf back
        "$REDD" exec "$1" /bin/helper exit 0 && run "$REDD" copy-to "$1" "$WORK/data" /tmp/data
        is "$status $err" '0 ' "$kind: a file in"
        run "$REDD" copy-from "$1" /tmp/data "$WORK/back"
        ok "$kind: and out" cmp data back
}

tree_inittab "$WORK/inittab"
boot inittab
can_be_entered "busybox's init" inittab sh -c 'echo here'
stop USR2 "$leader"

tree_static "$WORK/static"
boot static
run "$REDD" exec static helper exit 42
is "$status" 42 'a single static program: exec'
run python3 "$LIB/at_terminal.py" none '' "$REDD" -q shell static /bin/helper exit 42
like "$out" '^status 42 restored$' 'a single static program: shell'
kind='a single static program'
can_be_copied static
run python3 "$LIB/at_terminal.py" '# |# |# |# |# ' 'ls /usr/bin\n|cat /etc/os-release\n|cd /usr; pwd\n|helper exit 9\n|exit\n' \
        "$REDD" -q shell static
like "$out" '^-0755 +0 +0 +[0-9]+ helper$' 'a single static program: redd brings a shell along, that lists'
like "$out" '^ID=tiny$' 'prints'
like "$out" '^status 9 restored$' 'runs programs and ends with their status'
run python3 "$LIB/at_terminal.py" '# ' 'exec /bin/helper exit 5\n' "$REDD" -q shell alice@static
like "$out" '^status 5 restored$' 'as any user'
run python3 "$LIB/at_terminal.py" '# ' "cat '/etc/nothing at all'\nps\nenv A=b\nenv\nexit 3\n" "$REDD" -q shell static
like "$out" '^/etc/nothing at all: No such file' 'says what is wrong'
like "$out" ' +1 /sbin/init' 'lists processes'
like "$out" '^A=b$' 'has an environment'
like "$out" '^status 3 restored$' 'and can be left'
stop

tree_busybox "$WORK/plain"
start sleeper "$REDD" run -q -D "$WORK/plain" -M sleeper sh -c 'helper notify READY=1; exec sleep 100000'
can_be_entered 'sleep as PID 1' sleeper sh -c 'echo here'
is "$(inside cat /proc/1/comm)" sleep 'it is PID 1'
stop KILL "$leader"

start stub "$REDD" run -q -D "$WORK/plain" -M stub --as-pid2 --notify-ready=yes sh -c 'helper notify READY=1; exec sleep 100000'
can_be_entered 'the stub init as PID 1' stub sh -c 'echo here'
stop KILL "$leader"

boot plain --private-users=1000000:65536 --private-users-ownership=map
can_be_entered 'private users' plain sh -c 'echo here'
is "$("$REDD" exec alice@plain id -u)" 1000 'private users: a user of its own'
stop

boot plain -U --private-network
can_be_entered 'private users and network' plain sh -c 'echo here'
stop

boot plain
is "$(readlink "/proc/$leader/ns/net")" "$(readlink /proc/self/ns/net)" 'the network of the host: it has that'
can_be_entered 'the network of the host' plain sh -c 'echo here'
stop

mkfs.ext4 -q -d "$WORK/plain" disk.raw 64M
start disk "$REDD" run -q --image="$WORK/disk.raw" -M disk -b --notify-ready=yes
can_be_entered 'a disk image' disk sh -c 'echo here'
stop

boot plain --read-only
can_be_entered 'a read-only tree' plain sh -c 'echo here'
stop

boot plain --ephemeral
"$REDD" exec plain sh -c 'echo new >/etc/fresh'
can_be_entered 'an ephemeral machine' plain sh -c 'cat /etc/fresh >/dev/null && echo here'
stop

boot plain --volatile=overlay
can_be_entered 'a volatile machine' plain sh -c 'echo here'
stop

boot plain --network-veth
is "$("$REDD" exec plain sh -c 'ls /sys/class/net | tr "\n" " "')" 'host0 lo ' 'a network of its own: it is what exec sees'
stop

start pipes "$REDD" run -q -D "$WORK/plain" -M pipes --pipe sh -c 'helper notify READY=1; exec sleep 100000'
can_be_entered 'a payload without a console' pipes sh -c 'echo here'
stop KILL "$leader"

# machines that work against it
boot plain
"$REDD" exec plain sh -c 'umount -l /dev/pts'
run "$REDD" -q shell plain /bin/true
is "$status" 1 'without pseudo terminals there is no shell'
like "$err" "there are no pseudo terminals in machine 'plain'" 'and it says so'
run "$REDD" exec plain true
is "$status" 0 'but exec'
"$REDD" exec plain sh -c 'rm -rf /etc/passwd; mkfifo /etc/passwd'
run "$REDD" exec plain true
is "$status" 0 'a fifo in place of the accounts does not stop it'
run "$REDD" exec alice@plain true
is "$status" 125 'for a user it does'
"$REDD" exec plain sh -c 'rm -f /etc/passwd; ln -s /proc/1/root/../../../../etc/passwd /etc/passwd; echo evil:x:0:0::/:/bin/sh >/etc/evil'
run "$REDD" exec evil@plain true
is "$status" 125 'a link out of the machine leads nowhere'
stop
run "$REDD" exec plain true
like "$err" "No machine 'plain' known" 'a machine that has ended cannot be entered'

done_testing
