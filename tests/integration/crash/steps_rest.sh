#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The steps that no other start of these tests has: owners changed on disk, ports, limits, a network that is joined,
# interfaces on others, a root inside the tree. Each fails, and is killed, in turn.
# hooks
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "$LIB/steps.sh"
begin
tree_busybox "$WORK/tree"
ip link add up0 type bridge
ip addr add 192.0.2.1/24 dev up0
ip link set up0 up
HOST_BEFORE=$(host_state)

each_step ports --keep-unit -n --port=8080:80 --network-macvlan=up0 --property=TasksMax=50 --personality=x86-64 --uid=alice
each_step owners --keep-unit --private-users=1048576 --private-users-ownership=chown --private-network
"$REDD" run -q --keep-unit -D "$WORK/tree" --private-users=0 --private-users-ownership=chown true
each_step joined --keep-unit --network-namespace-path=/proc/self/ns/net --pivot-root=/:/mnt

ip link delete up0
HOST_BEFORE=$(printf '%s\n' "$HOST_BEFORE" | grep -Ev '^(link up0|(address|route) .*up0.*|switch .*/up0/.*)$')
done_testing
