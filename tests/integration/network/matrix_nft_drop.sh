#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A host whose own nftables rules drop what they do not know, on its way in and through: guests are connected still.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "$LIB/network.sh"
begin
needs nft
beyond_make

nft -f - <<'END'
table inet filter {
        chain input {
                type filter hook input priority filter; policy drop;
                iif "lo" accept
                ct state established,related accept
                icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
        }
        chain forward {
                type filter hook forward priority filter; policy drop;
                ct state established,related accept
        }
        chain output {
                type filter hook output priority filter; policy accept;
        }
}
END

guests_reach --network-veth
guest_reaches static --network-zone=lan
nft delete table inet filter
HOST_BEFORE=$(host_state)
done_testing
