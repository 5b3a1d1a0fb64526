#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The supervisor of a container with a network is killed: the links of the host are as before once somebody has looked.
. "${0%/*}/../../lib/lib.sh"
begin
needs ip nsenter
tree_busybox "$WORK/web"

# links: names, numbers, addresses and whether they are up; of carrier and queues, which take a moment, nothing
links() {
        ip -o link | sed -n 's/^\([0-9]*: [^@:]*\)[^<]*<\([^>]*\)>.*link\/[a-z]* \([0-9a-f:]*\).*/\1 \3 \2/p' |
                sed 's/NO-CARRIER,//; s/,LOWER_UP//; s/,M-DOWN//' | sort
}

# killed OPTION...: boots with these, kills the supervisor, awaits the end of the container
killed() {
        boot web "$@"
        kill -KILL "$supervisor"
        await_end "$supervisor" 2>/dev/null
        "$HELPER" wait "$leader" 10
}

ip link add d0 type veth peer name d1
ip link set d0 up
# with an address of its own: else the kernel takes that of a port
ip link add br0 address 02:00:00:00:00:42 type bridge
before=$(links)

for options in -n --network-bridge=br0 --network-zone=lan --network-veth-extra=out1:in1 \
        '--network-zone=lan --network-veth-extra=out1 --network-interface=d0:eth7 --network-interface=d1' \
        '--network-interface=d0 --private-users=pick --private-users-ownership=map'; do
        # shellcheck disable=SC2086
        killed $options
        run "$REDD" run -q -D "$WORK/web" -M web true
        is "$status" 0 "the next start works after a kill with $options"
        is "$err" '' 'without a word'
        is "$(links)" "$before" 'and the links of the host are as before'

        # shellcheck disable=SC2086
        killed $options
        run "$REDD" run --cleanup -M web
        is "$(links)" "$before" "--cleanup alone does it, too"

        # shellcheck disable=SC2086
        killed $options
        # shellcheck disable=SC2086
        run "$REDD" run -q -D "$WORK/web" -M web $options true
        is "$status" 0 'and so does a start with the same options'
        is "$(links)" "$before" 'after which they are as before again'
done

killed --network-interface=d0
isnt "$(links)" "$before" 'until somebody looks the interface waits in its namespace'
unshare --net "$REDD" run --cleanup -M web >"$WORK/elsewhere" 2>&1
like "$(cat "$WORK/elsewhere")" 'belong to another network namespace' 'seen from another namespace it is not taken there'
run "$REDD" run --cleanup -M web
is "$(links)" "$before" 'and its own still gets it back'

ip link delete d0
ip link delete br0
done_testing
