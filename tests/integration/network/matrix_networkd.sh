#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A host whose systemd-networkd looks after the host's end of cables: it gives IPv4 to those that ask, the supervisor asks
# for those that do not, and what networkd leaves out, IPv6, is redd's.
# timeout: 400
. "${0%/*}/../../lib/lib.sh"
. "$LIB/network.sh"
begin
beyond_make
networkd_start

# networkd's own tables and switches come with its first cable, and stay
(guest_reaches udhcpc --network-veth) >"$WORK/first" 2>&1
guests_reach --network-veth
(guest_reaches udhcpc --network-zone=lan) >"$WORK/first_in_zone" 2>&1
guests_reach --network-zone=lan
unlike "$(ip -o addr show)" ' v[ezb]-' 'nothing of a cable stays'
HOST_BEFORE=$(host_state)
done_testing
