#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Port forwards, from everywhere a client can be: the host's loopback, its own address, its network, another machine, the
# machine itself; tcp and udp, IPv4 and IPv6. And what else there is to a forward: ports that are busy, changes while the
# machine runs, a host whose rules somebody clears.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "$LIB/hosts.sh"
begin
needs ip nsenter nft socat ss
tree_busybox "$WORK/web"
tree_busybox "$WORK/db"
tree_busybox "$WORK/three"
host_with_lan

boot db -n
other=$leader
other_supervisor=$supervisor
boot web -n --port=8080:80 --port=udp:8080:80 -p 7000-7009:9000
web=$leader
web_supervisor=$supervisor
serve "$web" 80
serve "$web" 9003

guest4=$(address "$web" host0 inet)
guest6=$(address "$web" host0 inet6)
other4=$(address "$other" host0 inet)
other6=$(address "$other" host0 inet6)
gateway4=$(address "" ve-web inet)
gateway6=$(address "" ve-web inet6)

# WHERE is a process in whose network the client is; "" for the host. WHO is what the machine takes it for.
#     client WHERE PROTOCOL ADDRESS WHO DESCRIPTION
client() {
        is "$(ask "$1" "$2" "$3" 8080)" "$4" "$5, $2"
}

for protocol in tcp udp; do
        client '' $protocol 127.0.0.1 "$gateway4" 'from the loopback'
        client '' $protocol '[::1]' "$gateway6" 'from the loopback, IPv6'
        client '' $protocol "$LAN_HOST4" "$LAN_HOST4" 'from the host to its own address'
        client '' $protocol "[$LAN_HOST6]" "$LAN_HOST6" 'from the host to its own address, IPv6'
        client "$LAN" $protocol "$LAN_HOST4" "$LAN_CLIENT4" 'from the network'
        client "$LAN" $protocol "[$LAN_HOST6]" "$LAN_CLIENT6" 'from the network, IPv6'
        client "$other" $protocol "$LAN_HOST4" "$other4" 'from another machine'
        client "$other" $protocol "[$LAN_HOST6]" "$other6" 'from another machine, IPv6'
        client "$other" $protocol "$guest4" '' 'the port of the host is not one of the machine'
        client "$web" $protocol "$LAN_HOST4" "$gateway4" 'from the machine itself'
        client "$web" $protocol "[$LAN_HOST6]" "$gateway6" 'from the machine itself, IPv6'
done
is "$(ask "$LAN" tcp "$LAN_HOST4" 7003)" "$LAN_CLIENT4" 'a range of ports is forwarded one by one'

# --- one host port has one owner

like "$(ss -Hltn 'sport = :8080')" '\*:8080' 'the port is seen to be in use'
refuses 'a port of another machine is refused with its name' "port 8080 \(tcp\) of the host is forwarded to machine 'web'" \
        "$REDD" run -q -D "$WORK/three" -n -p 8080 true
socat TCP-LISTEN:8181,fork,reuseaddr SYSTEM:true &
socat_pid=$!
defer "kill $socat_pid 2>/dev/null"
until ss -Hltn 'sport = :8181' | grep -q .; do :; done
refuses 'a busy port is refused with who has it' "port 8181 \(tcp\) of the host is in use by process $socat_pid \(socat\)" \
        "$REDD" run -q -D "$WORK/three" -n -p 8181 true
kill $socat_pid

# --- changes

is "$("$REDD" ports web | awk 'NF > 5 && NR > 1 { print $2, $3, $4, $5 }' | sort | tr '\n' ';')" \
        'tcp * 7000-7009 9000-9009;tcp * 8080 80;udp * 8080 80;' 'the forwards are listed'
mkfifo "$WORK/pipe"
: >"$WORK/held"
socat - "TCP:$LAN_HOST4:8080" >"$WORK/held" 2>&1 <"$WORK/pipe" &
held=$!
exec 8>"$WORK/pipe"
await_line "$WORK/held" "$LAN_HOST4"
serve "$web" 81
ok 'a forward is added' "$REDD" port web add 8081:81
is "$(ask "$LAN" tcp "$LAN_HOST4" 8081)" "$LAN_CLIENT4" 'and works at once'
is "$(ask "" tcp '[::1]' 8081)" "$gateway6" 'from the loopback too'
refuses 'not twice' 'the machine has the forward tcp:8081:81 already' "$REDD" port web add 8081
ok 'a forward is removed' "$REDD" port web remove 8081
is "$(ask "$LAN" tcp "$LAN_HOST4" 8081)" '' 'and is gone at once'
is "$(ss -Hltn 'sport = :8081')" '' 'its port is free'
refuses 'and only once' 'the machine has no forward tcp:8081:8081' "$REDD" port web remove 8081
ok 'at one address' "$REDD" port web add "$LAN_HOST4:8082:80"
ok 'and at another' "$REDD" port web add "$gateway4:8082:80"
refuses 'which of two of the same number is meant is not guessed' 'R2862' "$REDD" port web remove 8082:80
ok 'one of two of the same number is removed by its address' "$REDD" port web remove "$gateway4:8082:80"
is "$(ask "$LAN" tcp "$LAN_HOST4" 8082)" "$LAN_CLIENT4" 'and the other one stays'
ok 'it goes by its number' "$REDD" port web remove 8082:80
ok 'connections through others go on' kill -0 $held
kill $held

# --- a service of the host

serve '' 5432 127.0.0.1
is "$(ask "$web" tcp "$gateway4" 5432)" '' 'the loopback of the host is not reachable from a machine'
ok 'a service of the host is let in' "$REDD" port web add 5432:6543:in
is "$(ask "$web" tcp "$gateway4" 6543)" "$guest4" 'and reached at the gateway'
is "$(ask "$other" tcp "$(address '' ve-db inet)" 6543)" '' 'by that machine alone'
within "$web" ip route delete local 127.0.0.1 dev lo table local
within "$web" ip route delete local 127.0.0.0/8 dev lo table local
within "$web" ip route add 127.0.0.0/8 via "$gateway4"
within "$web" sh -c 'echo 1 >/proc/sys/net/ipv4/conf/host0/route_localnet'
is "$(ask "$web" tcp 127.0.0.1 5432)" '' 'nor by a way to 127.0.0.1 that a machine makes for itself'

# --- who clears the rules of the host

nft flush ruleset
is "$(ask "$LAN" tcp "$LAN_HOST4" 8080)" "$gateway4" 'without rules the supervisor itself passes connections on'
is "$(ask "$LAN" udp "[$LAN_HOST6]" 8080)" "$gateway6" 'and datagrams'

# --- a bridge of others

ip link add br0 type bridge
ip addr add 192.168.80.1/24 dev br0
ip addr add fd00:80::1/64 dev br0 nodad
ip link set br0 up
tree_busybox "$WORK/apart"
tree_busybox "$WORK/beside"
boot apart --network-bridge=br0 --network-address=192.168.80.2/24
refuses 'no forward comes to it that its start did not prepare for' 'R2861' "$REDD" port apart add 8090:80
stop
boot beside --network-bridge=br0 --network-address=192.168.80.3/24 --network-gateway=192.168.80.1 \
        --network-address=fd00:80::3/64 --network-gateway=fd00:80::1
beside=$leader
beside_supervisor=$supervisor
boot apart --network-bridge=br0 --network-address=192.168.80.2/24 --network-gateway=192.168.80.1 \
        --network-address=fd00:80::2/64 --network-gateway=fd00:80::1 --port=8090:80 --port=udp:8090:80
refuses 'nor one to the host, which is not its gateway' 'R2855' "$REDD" port apart add 5433:5433:in
serve "$leader" 80
isnt "$(ask '' tcp 127.0.0.1 8090)" '' 'the one it has works from the loopback'
isnt "$(ask '' tcp "$LAN_HOST4" 8090)" '' 'from the host'
for protocol in tcp udp; do
        is "$(ask "$LAN" $protocol "$LAN_HOST4" 8090)" "$LAN_CLIENT4" "and from its network, $protocol"
        is "$(ask "$LAN" $protocol "[$LAN_HOST6]" 8090)" "$LAN_CLIENT6" "by IPv6, $protocol"
        isnt "$(ask "$beside" $protocol "$LAN_HOST4" 8090)" '' "from a machine beside it, $protocol"
        isnt "$(ask "$beside" $protocol "[$LAN_HOST6]" 8090)" '' "by IPv6, $protocol"
        is "$(ask "$leader" $protocol "$LAN_HOST4" 8090)" 192.168.80.1 "and from itself, $protocol"
        is "$(ask "$leader" $protocol "[$LAN_HOST6]" 8090)" fd00:80::1 "by IPv6, $protocol"
done
for switch in /proc/sys/net/bridge/bridge-nf-call-ip*tables; do
        [ ! -e "$switch" ] || echo 0 >"$switch"
done
# now they would answer each other past the host
is "$(ask "$beside" tcp "$LAN_HOST4" 8090)" 192.168.80.1 'from one beside it, where bridges are not filtered'
is "$(ask "$beside" udp "[$LAN_HOST6]" 8090)" fd00:80::1 'by IPv6 and UDP'
is "$(ask "$leader" udp "$LAN_HOST4" 8090)" 192.168.80.1 'from itself'
for switch in /proc/sys/net/bridge/bridge-nf-call-ip*tables; do
        [ ! -e "$switch" ] || echo 1 >"$switch"
done
like "$(nft list set inet redd own4)" '"br0" . 192.168.80.2' 'rules know the bridge that leads there'
ok 'and others do' "$REDD" port apart add 8091:80
stop
stop TERM "$beside_supervisor"
ip link delete br0

# --- a zone

tree_busybox "$WORK/z1"
tree_busybox "$WORK/z2"
boot z2 --network-zone=lan
beside=$leader
beside_supervisor=$supervisor
boot z1 --network-zone=lan --port=8095:80 --port=udp:8095:80
serve "$leader" 80
zone4=$(address '' vz-lan inet)
zone6=$(address '' vz-lan inet6)
for protocol in tcp udp; do
        isnt "$(ask "$beside" $protocol "$LAN_HOST4" 8095)" '' "a forward into a zone works from a machine in it, $protocol"
        isnt "$(ask "$beside" $protocol "[$LAN_HOST6]" 8095)" '' "by IPv6, $protocol"
        is "$(ask "$leader" $protocol "$LAN_HOST4" 8095)" "$zone4" "and from itself, $protocol"
        is "$(ask "$leader" $protocol "[$LAN_HOST6]" 8095)" "$zone6" "by IPv6, $protocol"
done
# where bridges do not hand frames to the packet filter it is the host that sends them back
for switch in /proc/sys/net/bridge/bridge-nf-call-ip*tables; do
        [ ! -e "$switch" ] || echo 0 >"$switch"
done
is "$(ask "$beside" tcp "$LAN_HOST4" 8095)" "$zone4" 'nor does it matter whether bridges are filtered'
is "$(ask "$beside" udp "[$LAN_HOST6]" 8095)" "$zone6" 'by IPv6 and UDP'
is "$(ask "$leader" tcp "[$LAN_HOST6]" 8095)" "$zone6" 'from itself'
stop
stop TERM "$beside_supervisor"

stop TERM "$web_supervisor"
stop TERM "$other_supervisor"
is "$(nft list ruleset)" '' 'nothing of the rules is left'
host_without_lan
done_testing
