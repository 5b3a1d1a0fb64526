#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# redd exec: streams, exit statuses, signals and who a command is, in a machine of busybox.
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/web"
boot web

run "$REDD" exec web true
is "$status $out$err" '0 ' 'a command runs and says nothing that it does not say itself'
for code in 1 2 42 124 125 126 127 128 255; do
        run "$REDD" exec web -- sh -c "exit $code"
        is "$status" "$code" "the exit status $code arrives"
done
run "$REDD" exec web sh -c 'kill -9 $$'
is "$status" 137 'a command that a signal ends gives 128 and its number'
run "$REDD" exec web sh -c 'echo out; echo err >&2'
is "$out|$err" 'out|err' 'output and errors stay apart'
is "$(printf 'one\ntwo' | "$REDD" exec web cat)" "$(printf 'one\ntwo')" 'what is piped in arrives, and its end'
head -c 300000 /dev/urandom >data
is "$("$REDD" exec web cat <data | cksum)" "$(cksum <data)" 'no byte changes'
run "$REDD" exec web sh -c 'tty; [ -t 1 ] || echo no terminal' </dev/null
like "$out" 'no terminal' 'there is no terminal unless asked for'

run "$REDD" exec web /bin/nothing-of-this-name
is "$status" 127 'a program that is not there gives 127'
like "$err" 'there is no /bin/nothing-of-this-name' 'and a hint'
run "$REDD" exec web nothing-of-this-name
is "$status" 127 'also when it is looked for'
run "$REDD" exec web /etc/passwd
is "$status" 126 'what cannot be executed gives 126'
run "$REDD" exec nobody-there true
is "$status" 125 'a machine that does not run gives 125'
like "$err" "No machine 'nobody-there' known" 'and is named'
run "$REDD" exec web
is "$status" 125 'no command gives 125'
run "$REDD" exec --chdir=/nowhere web true
is "$status" 125 'a folder that is not there gives 125'

is "$("$REDD" exec web sh -c 'pwd; grep ^0: /proc/self/cgroup; id -u; umask' | tr '\n' ' ')" '/ 0::/redd-exec 0 0022 ' \
        'a command starts in /, in a group of its own, as root'
is "$("$REDD" exec web env | sort | tr '\n' ' ')" \
        'HOME=/root LOGNAME=root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin SHELL=/bin/sh USER=root ' \
        'the environment is fresh'
is "$(FOO=own "$REDD" exec -E FOO -E BAR=1 --chdir=/etc web sh -c 'echo $FOO $BAR $PWD')" 'own 1 /etc' \
        'variables can be added, and a folder named'
is "$("$REDD" exec alice@web sh -c 'id -u; id -g; id -G; echo $HOME $USER' | tr '\n' ' ')" '1000 1000 1000 29 /home/alice alice ' \
        'USER@ names a user, who has all groups'
is "$("$REDD" exec --uid=1000 web id -un)" alice 'so does --uid='
run "$REDD" exec bob@web true
is "$status" 125 'an unknown user gives 125'
like "$err" 'Failed to resolve user bob' 'and is named'

is "$("$REDD" exec web sh -c 'sleep 1000 >/dev/null 2>&1 & echo left')" left 'what a command leaves behind runs on'
is "$(inside pidof sleep | wc -w)" 2 'beside the one of the machine'
inside sh -c 'for pid in $(cat /sys/fs/cgroup/redd-exec/cgroup.procs); do kill "$pid"; done; while ! rmdir /sys/fs/cgroup/redd-exec 2>/dev/null; do :; done'
run "$REDD" exec web true
is "$status" 0 'the machine may remove the group'

# signals
for signal in INT TERM HUP USR1 QUIT; do
        mkfifo ready
        # a shell has SIGINT and SIGQUIT ignored in what it starts in the background, and what is ignored stays here
        env --default-signal "$REDD" exec web sh -c "trap 'exit 9' $signal; echo up; while :; do sleep 0.05; done" >ready &
        client=$!
        read -r line <ready
        kill -s "$signal" "$client"
        status=0
        wait "$client" || status=$?
        is "$status" 9 "SIG$signal is passed on"
        rm ready
done
mkfifo ready
"$REDD" exec web sh -c 'echo up; exec sleep 1000' >ready &
client=$!
read -r line <ready
kill -KILL "$client"
wait "$client" 2>/dev/null
ok 'a killed redd takes its command with it' "$HELPER" wait "$(inside pidof sleep | cut -d ' ' -f 1)" 10
rm ready

# what the caller has does not come in
exec 7</etc/hostname
is "$("$REDD" exec web sh -c 'ls /proc/self/fd' | tr '\n' ' ')" '0 1 2 3 ' 'no other descriptor comes in'
exec 7<&-
run sh -c '"$1" exec web true <&-' sh "$REDD"
is "$status" 0 'a closed stream does no harm'
run sh -c '"$1" exec web ls /proc/self/fd/0/ </etc' sh "$REDD"
is "$status" 125 'a folder as input is refused'
like "$err" 'could leave its tree' 'since it leads outside'

stop
is "$status" 0 'the machine ends as always'
done_testing
