#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A start with links and interfaces that fails, or is killed, at each of its steps in turn.
# hooks
# timeout: 600
. "${0%/*}/../../lib/lib.sh"
. "$LIB/steps.sh"
begin
needs ip
tree_busybox "$WORK/tree"
ip link add d0 type veth peer name d1
HOST_BEFORE=$(host_state)

each_step network --keep-unit --network-zone=lan --network-veth-extra=out1 --network-interface=d0:eth7 \
        --private-users=pick --private-users-ownership=map

ip link delete d0
HOST_BEFORE=$(printf '%s\n' "$HOST_BEFORE" | grep -vx 'link d[01]')
done_testing
