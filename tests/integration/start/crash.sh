#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The supervisor is killed: the container goes with it, and whoever comes next takes back what it left.
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/web"

boot web
leader_before=$leader
kill -KILL "$supervisor"
await_end "$supervisor" 2>/dev/null
is "$status" 137 'the supervisor is gone'
ok 'its container does not outlive it' "$HELPER" wait "$leader_before" 10
run "$REDD" run -q -D "$WORK/web" -M web true
is "$status" 0 'the next start works'
host_is_as_before 'and has taken back what the killed one left'

boot web --ephemeral --private-network --private-users=pick --private-users-ownership=map
kill -KILL "$supervisor"
await_end "$supervisor" 2>/dev/null
run "$REDD" run -q -D "$WORK/web" -M web true
is "$status" 0 'the next start works after an ephemeral run, too'
host_is_as_before 'and has taken back its copy'

# Killed at moments that nobody chose, on the way up.
round=0
while [ "$round" -lt 20 ]; do
        round=$((round + 1))
        "$REDD" run -q -D "$WORK/web" -M web --private-network --ephemeral sleep 1000 >/dev/null 2>&1 </dev/null &
        killed=$!
        "$HELPER" pause $((round * 400))
        kill -KILL "$killed"
        wait "$killed" 2>/dev/null
done
run "$REDD" run -q -D "$WORK/web" -M web true
is "$status" 0 'twenty starts killed on their way leave nothing that disturbs the next'

done_testing
