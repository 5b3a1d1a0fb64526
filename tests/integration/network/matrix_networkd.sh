#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A host whose systemd-networkd looks after the host's end of cables: it serves guests that ask, by IPv4, and redd adds no
# second answer.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "$LIB/network.sh"
begin
beyond_make
networkd_start
reach_ipv4_only

# networkd's own tables and switches come with its first cable, and stay
(guest_reaches udhcpc --network-veth) >"$WORK/first" 2>&1
for guest in udhcpc dhclient ifupdown systemd; do
        guest_reaches $guest --network-veth
done
unlike "$(ip -o addr show)" ' ve-' 'nothing of a cable stays'
HOST_BEFORE=$(host_state)
done_testing
