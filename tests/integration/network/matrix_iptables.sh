#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A host with a firewall as iptables makes them, whose FORWARD and INPUT drop: guests are connected still.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "$LIB/network.sh"
begin
needs nft
beyond_make

# the chains of iptables, as its nftables kind has them, and as a firewall fills them
for family in ip ip6; do
        nft -f - <<END
table $family filter {
        chain INPUT {
                type filter hook input priority filter; policy drop;
                iifname "lo" counter accept
                ct state related,established counter accept
                meta l4proto ipv6-icmp counter accept
        }
        chain FORWARD {
                type filter hook forward priority filter; policy drop;
                ct state related,established counter accept
        }
        chain OUTPUT {
                type filter hook output priority filter; policy accept;
        }
}
END
done

guests_reach --network-veth
nft delete table ip filter
nft delete table ip6 filter
HOST_BEFORE=$(host_state)
done_testing
