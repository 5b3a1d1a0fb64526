#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# How often a start speaks with the kernel about its network: what belongs together is one request.
. "${0%/*}/../../lib/lib.sh"
begin
needs ip strace
tree_busybox "$WORK/web"
tree_busybox "$WORK/other"
ip link set lo up
ip link add uplink type bridge
ip addr add 203.0.113.1/24 dev uplink
ip link set uplink up
ip route add default via 203.0.113.2

# traced OPTION...: a start; what was sent until the payload was let go is in $WORK/until
traced() {
        run strace -f -o "$WORK/trace" -e trace=sendto,execve "$REDD" run -q --pipe -D "$WORK/web" "$@" true
        is "$status" 0 "a start with $*"
        sed '/execve("[^"]*\/true"/,$d' "$WORK/trace" | grep sendto >"$WORK/until"
}
# about PATTERN: how many messages of the supervisor's had it in them
about() {
        sed -n "s/^$(sed -n '1s/ .*//p' "$WORK/trace") //p" "$WORK/until" | grep -cE "$1"
}
# aside PATTERN: how many of the process that begins the table
aside() {
        sed "/^$(sed -n '1s/ .*//p' "$WORK/trace") /d" "$WORK/until" | grep -cE "$1"
}

traced -n --port=8080:80
is "$(about NFNL_MSG_BATCH_BEGIN)" 1 'addresses, NAT and a forward are one transaction'
is "$(aside NFNL_MSG_BATCH_BEGIN)" 1 'and the first machine has its table begun meanwhile'
is "$(about 'nlmsg_type=(RTM_NEWLINK|0x10|RTM_NEWADDR|0x14|RTM_NEWROUTE|0x18)')" 4 \
        'a cable is made, each end is set up, and its interface is marked: by one message each'
traced --network-zone=lan --port=8080:80 --port=8081:81
is "$(about NFNL_MSG_BATCH_BEGIN)" 1 'a zone takes no more, nor do more forwards'
boot other -n
traced -n --port=8080:80
is "$(about NFNL_MSG_BATCH_BEGIN) $(aside NFNL_MSG_BATCH_BEGIN)" '1 0' 'another one finds it there'
stop
traced --network-veth-extra=out:in
is "$(about NFNL_MSG_BATCH_BEGIN)" 0 'a cable without addresses takes none'
ip link delete uplink
done_testing
