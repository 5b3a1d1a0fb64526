#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What machines use: counted by control group or by process, for people and programs.
. "${0%/*}/../../lib/lib.sh"
begin
needs python3
tree_busybox "$WORK/web"
boot web --private-network --network-veth
is "$("$REDD" stats -o json | python3 -c 'import json, sys
s = json.load(sys.stdin)[0]
print(s["machine"], s["cpu_ns"] > 0, s["memory_bytes"] > 0, s["tasks"] >= 1, s["net_received_bytes"] is not None)')" \
        'web True True True True' 'stats has numbers'
is "$("$REDD" stats web --json=short | python3 -c 'import json, sys
print(" ".join(json.load(sys.stdin)[0]))')" \
        'machine cpu_ns memory_bytes memory_peak_bytes tasks io_read_bytes io_written_bytes net_received_bytes net_sent_bytes moment_us' \
        'by names that stay'
like "$("$REDD" stats)" '^MACHINE +CPU MEMORY +PEAK TASKS +READ WRITTEN RECEIVED +SENT$' 'for people there are columns'
like "$("$REDD" stats)" '^web +[0-9.]+s +[0-9.]+[KM] ' 'with short numbers'
"$REDD" exec web -- sh -c 'while :; do :; done' </dev/null >/dev/null 2>&1 &
busy=$!
defer "end_process $busy"
before=$("$REDD" stats -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["cpu_ns"])')
like "$("$REDD" top --no-legend)" '^web +[0-9]+[1-9]?\.[0-9] ' 'top shows what is used right now'
permille=$("$REDD" top -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["cpu_permille"])')
ok 'a busy machine uses processor time' test "$permille" -gt 50
after=$("$REDD" stats -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["cpu_ns"])')
ok 'which is counted' test "$after" -gt "$before"
kill "$busy"
refuses 'a machine that is not there' "No machine 'nosuch' known" "$REDD" stats nosuch
"$REDD" terminate web
await_end "$supervisor"
is "$("$REDD" stats -o json)" '[]' 'nothing runs, nothing is used'
is "$("$REDD" top)" 'No machines.' 'top, too'
done_testing
