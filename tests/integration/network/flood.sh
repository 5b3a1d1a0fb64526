#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest that floods the servers of its network: they live on, and the supervisor of its neighbour is not even woken.
. "${0%/*}/../../lib/lib.sh"
. "$LIB/network.sh"
begin
beyond_make
tree_busybox "$WORK/bad"
tree_busybox "$WORK/web"

boot web --network-zone=lan
web=$leader web_supervisor=$supervisor
boot bad --network-zone=lan
bad=$leader bad_supervisor=$supervisor
router=$(ip -o -4 addr show dev vz-lan | sed 's/.*inet //; s/\/.*//')

# wakings PID: how often it has slept so far
wakings() {
        sed -n 's/^voluntary_ctxt_switches:\t//p' "/proc/$1/status"
}

answers() {
        nsenter --target "$web" --net "$LIB/ask.py" udp "$router" "$1" 2>&1 | tr '\n' ' '
}

answer=$(answers bad)
like "$answer" '^NOERROR [0-9.]+ $' 'the neighbour is answered'
for kind in dns dhcp rs; do
        before=$(wakings "$web_supervisor")
        ok "a flood of the kind $kind is sent" timeout 60 nsenter --target "$bad" --net "$LIB/flood.py" $kind "$router" 30000
        woken=$(($(wakings "$web_supervisor") - before))
        ok 'the supervisor of the neighbour sleeps through it' test "$woken" -le 5
        note "woken $woken times"
        is "$(answers bad)" "$answer" 'and answers as before'
        ok 'the supervisor of the guest that floods lives' kill -0 "$bad_supervisor"
done

# by TCP all supervisors of a zone are asked in turn, and none of them takes many
ok 'a flood of connections is sent' timeout 60 nsenter --target "$bad" --net "$LIB/flood.py" tcp "$router" 5000
is "$(answers bad)" "$answer" 'the neighbour is answered still'
is "$(nsenter --target "$web" --net "$LIB/ask.py" tcp "$router" bad 2>&1 | tr '\n' ' ')" "$answer" 'by TCP, too'

# --- lies

# a question from the address of the neighbour is answered to nobody but the one who sent it
nsenter --target "$bad" --net ip addr add "$(sed -n 2p /run/redd/names/web)/32" dev host0
before=$(wakings "$web_supervisor")
nsenter --target "$bad" --net "$LIB/flood.py" dns "$router" 1000
ok 'questions under the address of another do not reach its supervisor' test "$(($(wakings "$web_supervisor") - before))" -le 5
stop TERM "$bad_supervisor"
is "$status" 0 'the machine ends as ever'
stop TERM "$web_supervisor"
done_testing
