#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A host with nothing but addresses and a way out: guests of all kinds are connected as soon as they run.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "$LIB/network.sh"
begin
beyond_make

guests_reach --network-veth
HOST_BEFORE=$(host_state)
done_testing
