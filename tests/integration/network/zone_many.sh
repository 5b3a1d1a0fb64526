#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A hundred machines in one zone: they start, each reaches another one by its name, they stop. What each takes does not
# grow with their number: the quickest of the last ten takes at most twice as long as that of the first.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
begin
needs ip nsenter
tree_busybox "$WORK/tree"
: >"$WORK/tree/etc/resolv.conf"      # read-only trees need one to put ours on
number=100

# median FIRST LAST: the median of the times in the file times, in microseconds, of these lines
median() {
        sed -n "$1,$2p" "$WORK/times" | sort -n | sed -n "$((($2 - $1) / 2 + 1))p"
}

# least FIRST LAST: the least of them
least() {
        sed -n "$1,$2p" "$WORK/times" | sort -n | head -n 1
}

: >"$WORK/times"
failed=0
for i in $(seq $number); do
        mkfifo "$WORK/up$i"
        from=$(date +%s%N)
        "$REDD" run -q --pipe --keep-unit --read-only -D "$WORK/tree" -M "m$i" --network-zone=lan \
                sh -c 'echo up; exec sleep 1000000' >"$WORK/up$i" 2>>"$WORK/log" </dev/null &
        eval "supervisor$i=$!"
        defer "end_process $!"
        read -r word <"$WORK/up$i" || word=''
        [ "$word" = up ] || failed=$((failed + 1))
        echo $((($(date +%s%N) - from) / 1000)) >>"$WORK/times"
done
is "$failed" 0 "all $number machines start"
is "$(cat "$WORK/log")" '' 'without a word'
note "start: median of the first ten $(median 1 10) us, of the last ten $(median $((number - 9)) $number) us"
ok 'the last ones as quickly as the first' [ "$(least $((number - 9)) $number)" -le $((2 * $(least 1 10))) ]
is "$(ip -o link show master vz-lan | wc -l)" "$number" 'each has a port in the zone'
is "$(tail -qn +2 /run/redd/names/m* | sort -u | wc -l)" "$((2 * number))" 'and addresses that no other one has'

failed=0
for i in $(seq $number); do
        leader=$(sed -n 's/^LEADER=//p' "/run/redd/machines/m$i/state")
        nsenter --target "$leader" --all ping -c 1 -W 10 "m$((i % number + 1))" >/dev/null 2>&1 || failed=$((failed + 1))
done
is "$failed" 0 'each reaches the next one by its name'

: >"$WORK/times"
failed=0
for i in $(seq $number); do
        eval "supervisor=\$supervisor$i"
        from=$(date +%s%N)
        kill -TERM "$supervisor"
        await_end "$supervisor"
        echo $((($(date +%s%N) - from) / 1000)) >>"$WORK/times"
done
note "stop: median of the first ten $(median 1 10) us, of the last ten but one $(median $((number - 10)) $((number - 1))) us," \
        "the last one $(tail -n 1 "$WORK/times") us"
ok 'their ends, too' [ "$(least $((number - 10)) $((number - 1)))" -le $((2 * $(least 1 10))) ]
is "$(ip -o link | grep -c 'v[bz]-')" 0 'nothing of the zone is left'
done_testing
