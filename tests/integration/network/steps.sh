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
# the way out, whose switches are turned
ip link add up0 type bridge
ip addr add 192.0.2.1/24 dev up0
ip -6 addr add 2001:db8::1/64 dev up0 nodad
ip link set up0 up
HOST_BEFORE=$(host_state)

each_step network --keep-unit --network-zone=lan --network-veth-extra=out1 --network-interface=d0:eth7 \
        --private-users=pick --private-users-ownership=map

each_step cable --keep-unit -n --network-address=192.0.2.77/24

ip link delete d0
ip link delete up0
HOST_BEFORE=$(printf '%s\n' "$HOST_BEFORE" | grep -Ev '^(link (d[01]|up0)|(address|route) .*up0.*|switch .*/(d[01]|up0)/.*)$')
done_testing
