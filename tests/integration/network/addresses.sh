#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Addresses that a container has without doing anything, and those that were asked for.
. "${0%/*}/../../lib/lib.sh"
begin
needs ip nsenter
tree_busybox "$WORK/web"
tree_busybox "$WORK/db"
tree_static "$WORK/bare"

# The way to the rest of the world: a router behind a cable, with a server on it.
ip link set lo up
ip netns add outside 2>/dev/null || { mkdir -p /run/netns; ip netns add outside; }
defer 'ip netns delete outside; rmdir /run/netns 2>/dev/null'
ip link add up0 type veth peer name up1 netns outside
defer 'ip link delete up0'
# without a wait for others that might have the addresses
echo 0 >/proc/sys/net/ipv6/conf/up0/accept_dad
nsenter --net=/run/netns/outside sh -c 'echo 0 >/proc/sys/net/ipv6/conf/up1/accept_dad'
ip addr add 192.0.2.1/24 dev up0
ip -6 addr add 2001:db8::1/64 dev up0 nodad
ip link set up0 up
ip -n outside link set up1 up
ip -n outside addr add 192.0.2.2/24 dev up1
ip -n outside -6 addr add 2001:db8::2/64 dev up1 nodad
HOST_BEFORE=$(host_state)

in_net() {
        nsenter --target "$leader" --net "$@"
}
# address_inside -4|-6: the global address of host0, with its length
address_inside() {
        in_net ip -o "$1" addr show dev host0 scope global | sed 's/.*inet6* \([^ ]*\).*/\1/'
}
address_of() {
        ip -o "$1" addr show dev "$2" scope global | sed 's/.*inet6* \([^ ]*\).*/\1/'
}
switches() {
        for switch in ipv4/conf/up0/forwarding ipv6/conf/up0/force_forwarding ipv6/conf/all/forwarding; do
                cat "/proc/sys/net/$switch" 2>/dev/null
        done
}
private='^(10\.|172\.(1[6-9]|2[0-9]|3[01])\.|192\.168\.)'
switches_before=$(switches)

# --- a cable of its own

boot web -n
like "$(address_inside -4)" "$private[0-9.]*/28\$" 'a container has a private IPv4 address'
like "$(address_inside -6)" '^fd[0-9a-f:]*/64$' 'and an IPv6 one'
web4=$(address_inside -4)
web6=$(address_inside -6)
like "$(address_of -4 ve-web)" "$private[0-9.]*/28\$" 'the host has one in the same network'
like "$(in_net ip -4 route show default)" "^default via $(address_of -4 ve-web | sed 's|/.*||') dev host0 .*metric 4096" \
        'which is the way out, unless the container has one of its own'
like "$(in_net ip -6 route show default)" '^default via fe80::[0-9a-f:]* dev host0 .*metric 4096' 'for IPv6 too'
ok 'the host reaches it' busybox ping -qc1 -W2 "${web4%/*}"
ok 'by IPv6' busybox ping -qc1 -W2 "${web6%/*}"
like "$(cat /proc/sys/net/ipv4/conf/up0/forwarding)" 1 'what comes in by the uplink goes on'
like "$(cat /proc/sys/net/ipv4/conf/ve-web/forwarding)" 1 'as does what comes from the container'
is "$(cat /proc/sys/net/ipv6/conf/ve-web/accept_ra)" 0 'whose word about routes the host does not take'
ip -n outside route add "${web4%/*}" via 192.0.2.1
ip -n outside -6 route add "${web6%/*}" via 2001:db8::1
ok 'it reaches a server beyond the host' in_net busybox ping -qc1 -W2 192.0.2.2
ok 'by IPv6' in_net busybox ping -qc1 -W2 2001:db8::2
stop
is "$(switches)" "$switches_before" 'the switches are as they were'

boot web -n --private-users=pick --private-users-ownership=map
is "$(address_inside -4) $(address_inside -6)" "$web4 $web6" 'the addresses last, also with private users'
stop

ip route add "$(echo "$web4" | sed 's/\.[0-9]*\/28$/.0\/24/')" via 192.0.2.2
boot web -n
isnt "$(address_inside -4)" "$web4" 'what the host routes elsewhere is left alone'
like "$(address_inside -4)" "$private[0-9.]*/28\$" 'another network takes its place'
stop
ip route delete "$(echo "$web4" | sed 's/\.[0-9]*\/28$/.0\/24/')"
ip route add 10.0.0.0/8 via 192.0.2.2
boot web -n
like "$(address_inside -4)" '^172\.' 'the next block where the first is taken'
stop
ip route delete 10.0.0.0/8

run timeout 20 "$REDD" run -q --pipe -D "$WORK/web" -n ip -4 route
like "$out" '^default via ' 'a command has its network at once'

# --- two of them

boot web -n
web_supervisor=$supervisor
web_leader=$leader
boot db -n
ok 'machines on cables reach each other by way of the host' in_net busybox ping -qc1 -W2 "${web4%/*}"
stop
is "$(cat /proc/sys/net/ipv4/conf/up0/forwarding)" 1 'the switch stays as long as somebody needs it'
supervisor=$web_supervisor leader=$web_leader
stop
is "$(switches)" "$switches_before" 'and no longer'

# --- a zone

boot web --network-zone=lan
zone_web=$(address_inside -4)
web_supervisor=$supervisor
web_leader=$leader
like "$zone_web" "$private[0-9.]*/24\$" 'in a zone the network is larger'
boot db --network-zone=lan
zone_db=$(address_inside -4)
isnt "$zone_db" "$zone_web" 'everybody has an address of his own'
is "${zone_db%.*}" "${zone_web%.*}" 'in one network'
is "$(address_of -4 vz-lan)" "${zone_web%.*}.1/24" 'which the host is in, too'
ok 'members reach each other' in_net busybox ping -qc1 -W2 "${zone_web%/*}"
ok 'by IPv6' in_net busybox ping -qc1 -W2 "$(leader=$web_leader; address_inside -6 | sed 's|/.*||')"
ok 'and the host reaches them' busybox ping -qc1 -W2 "${zone_db%/*}"
stop
supervisor=$web_supervisor leader=$web_leader
stop
not_ok 'the zone ends with the last' ip link show vz-lan
boot db --network-zone=lan
is "$(address_inside -4)" "$zone_db" 'an address in a zone is remembered'
stop

ip link add vz-theirs type bridge
ip addr add 192.168.81.1/24 dev vz-theirs
ip link set vz-theirs up
boot web --network-zone=theirs
like "$(address_inside -4)" '^192\.168\.81\.[0-9]*/24$' 'a bridge of a zone that has a network keeps it'
ok 'which is used' busybox ping -qc1 -W2 "$(address_inside -4 | sed 's|/.*||')"
ok 'and gets an IPv6 one' busybox ping -qc1 -W2 "$(address_inside -6 | sed 's|/.*||')"
stop
ip link delete vz-theirs 2>/dev/null

# --- asked for

boot web -n --network-address=192.168.77.10/24 --network-address=fd77::10/64 --network-address=192.168.78.1/32
like "$(address_inside -4)" '^192.168.77.10/24$' 'a static address'
like "$(address_inside -6)" '^fd77::10/64$' 'of each family'
like "$(address_inside -4)" '^192.168.78.1/32$' 'and one more'
is "$(address_of -4 ve-web)" 192.168.77.1/24 'the host is beside it'
ok 'and reaches it' busybox ping -qc1 -W2 192.168.77.10
ok 'by IPv6' busybox ping -qc1 -W2 fd77::10
ok 'and the further one' busybox ping -qc1 -W2 192.168.78.1
stop

ip addr add 192.168.77.1/24 dev up0
boot web -n --network-address=192.168.77.10/24 --network-gateway=192.168.77.1
is "$(address_inside -4)" 192.168.77.10/32 'of a network that is elsewhere it gets one address'
ok 'that is reached' busybox ping -qc1 -W2 192.168.77.10
like "$(ip route show 192.168.77.0/24)" 'dev up0' 'and the network stays where it is'
stop
ip addr delete 192.168.77.1/24 dev up0

boot web --network-zone=lan --network-address=192.168.79.2/24 --network-gateway=192.168.79.254
is "$(address_inside -4) $(address_of -4 vz-lan)" '192.168.79.2/24 192.168.79.254/24' \
        'the first of a zone brings its network along'
web_supervisor=$supervisor
refuses 'an address is given once' '192.168.79.2 is in use' \
        "$REDD" run -q -D "$WORK/db" --network-zone=lan --network-address=192.168.79.2/24 true
boot db --network-zone=lan --network-address=172.31.250.2/24
is "$(address_inside -4)" 172.31.250.2/32 'one from elsewhere is reached by way of the host'
ok 'from the host' busybox ping -qc1 -W2 172.31.250.2
ok 'and reaches the others' in_net busybox ping -qc1 -W2 192.168.79.2
stop
is "$(ip route show 172.31.250.2)" '' 'its route goes with it, though the zone is still there'
supervisor=$web_supervisor
stop

ip link add br0 type bridge
ip addr add 192.168.80.1/24 dev br0
ip link set br0 up
boot web --network-bridge=br0
is "$(address_inside -4)" '' 'on a bridge of others nothing is set'
stop
boot web --network-bridge=br0 --network-address=192.168.80.2/24 --network-gateway=192.168.80.1
is "$(address_inside -4)" 192.168.80.2/24 'but what was asked for'
like "$(in_net ip route show default)" 'via 192.168.80.1' 'with its gateway'
ok 'works' busybox ping -qc1 -W2 192.168.80.2
stop
run "$REDD" run -q -D "$WORK/web" --network-bridge=br0 --network-gateway=192.168.80.1 true
like "$err" '--network-gateway=192.168.80.1 has no effect' 'a gateway without an address is remarked on'
ip link delete br0

run "$REDD" run -q -D "$WORK/web" --network-macvlan=up0 --network-dns=192.0.2.53 cat /etc/resolv.conf
is "$(printf '%s\n' "$out" | tr -d '\r' | grep nameserver)" 'nameserver 192.0.2.53' 'a name server is told without an address, too'
boot web --network-macvlan=up0 --network-address=192.0.2.30/24
like "$(in_net ip -o -4 addr show dev mv-up0)" '192.0.2.30/24' 'an interface on one of the host'\''s can have an address'
ok 'and reaches what is there' in_net busybox ping -qc1 -W2 192.0.2.2
stop

done_testing
