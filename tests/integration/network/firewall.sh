#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Hosts with a firewall that lets nothing through, of each kind: a machine reaches the world, its forwards work, what the
# firewall keeps out stays out, and the rules are as before when it has gone.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "$LIB/hosts.sh"
begin
needs ip nsenter nft socat ss iptables-nft iptables-legacy
tree_busybox "$WORK/web"
host_with_lan
serve "$LAN" 7
serve '' 2222

rules() {
        nft -s list ruleset 2>/dev/null
        iptables-legacy-save 2>/dev/null | sed '/^#/d; s/\[[0-9:]*\]//'
}

# works NAME OPTION...: what holds on every host
works() {
        works_on=$1
        shift
        before=$(rules)
        boot web "$@" --port=8080:80 --port=udp:8080:80
        serve "$leader" 80
        serve "$leader" 81
        is "$(ask "$leader" tcp "$LAN_CLIENT4" 7)" "$LAN_HOST4" "$works_on: the machine reaches the network as the host"
        is "$(ask "$leader" udp "[$LAN_CLIENT6]" 7)" "$LAN_HOST6" "$works_on: by IPv6 and UDP, too"
        is "$(ask "$LAN" tcp "$LAN_HOST4" 8080)" "$LAN_CLIENT4" "$works_on: a forward works from the network"
        is "$(ask "$LAN" udp "[$LAN_HOST6]" 8080)" "$LAN_CLIENT6" "$works_on: by IPv6 and UDP, too"
        is "$(ask '' tcp 127.0.0.1 8080)" "$(address '' "$link" inet)" "$works_on: and from the loopback"
        guest4=$(address "$leader" host0 inet)
        within "$LAN" ip route add "$guest4" via "$LAN_HOST4"
        is "$(ask "$LAN" tcp "$guest4" 81)" "$directly" "$works_on: what else the network reaches is what the host lets it"
        is "$(ask "$leader" tcp "$LAN_HOST4" 2222)" "$to_host" "$works_on: what the machine reaches on the host, too"
        ok "$works_on: the gateway can be pinged" inside ping -c 1 -W 2 -q "$(address '' "$link" inet)"
        ok "$works_on: by IPv6, too" inside ping -c 1 -W 2 -q "$(address '' "$link" inet6)"
        within "$LAN" ip route del "$guest4" via "$LAN_HOST4"
        stop
        is "$(rules)" "$before" "$works_on: the rules are as before"
}

# --- nothing

boot web -n
isnt "$(ask "$leader" tcp "$LAN_HOST4" 2222)" '' 'on a bare host a machine reaches its services'
stop
is "$(rules)" '' 'and nothing is left'

# --- nftables, all chains closed

to_host='' directly='' link=ve-web
nft -f - <<'N'
table inet filter {
        chain input {
                type filter hook input priority filter; policy drop;
                iifname "lo" accept
                iifname "lan0" ip protocol icmp accept
                iifname "lan0" tcp dport 2222 accept
                iifname "lan0" meta l4proto ipv6-icmp accept
                ct state established,related accept
        }
        chain forward {
                type filter hook forward priority filter; policy drop;
        }
}
N
works 'nftables' -n
link=vz-lan
works 'nftables, a zone' --network-zone=lan
link=ve-web

# a bridge of others is not opened for all who are on it
ip link add br0 type bridge
ip addr add 192.168.80.1/24 dev br0
ip link set br0 up
before=$(rules)
tree_busybox "$WORK/beside"
boot beside --network-bridge=br0 --network-address=192.168.80.3/24 --network-gateway=192.168.80.1
beside=$leader
beside_supervisor=$supervisor
boot web --network-bridge=br0 --network-address=192.168.80.2/24 --network-gateway=192.168.80.1 --port=8080:80
serve "$leader" 80
serve "$beside" 80
within "$LAN" ip route add 192.168.80.0/24 via "$LAN_HOST4"
is "$(ask "$LAN" tcp "$LAN_HOST4" 8080)" "$LAN_CLIENT4" 'nftables, a bridge of others: a forward works from the network'
is "$(ask "$LAN" tcp 192.168.80.2 80)" '' 'nftables, a bridge of others: the machine itself stays closed'
is "$(ask "$LAN" tcp 192.168.80.3 80)" '' 'nftables, a bridge of others: who else is on it, too'
like "$(nft list chain inet filter forward)" 'oifname "br0" ip daddr 192.168.80.2 accept comment "redd:web"' \
        'nftables, a bridge of others: the rule is about the machine alone'
within "$LAN" ip route del 192.168.80.0/24 via "$LAN_HOST4"
stop
stop TERM "$beside_supervisor"
is "$(rules)" "$before" 'nftables, a bridge of others: the rules are as before'
ip link delete br0
nft flush ruleset

# --- one that is closed by its last rule

nft -f - <<'N'
table inet wall {
        chain forward {
                type filter hook forward priority 10; policy accept;
                ct state established,related accept
                counter reject with icmpx admin-prohibited
        }
        chain input {
                type filter hook input priority 10; policy accept;
                ct state established,related accept
                iifname { "lo", "lan0" } accept
                log prefix "no: " level debug
                counter drop
        }
}
N
works 'closed by the last rule' -n
nft flush ruleset

# --- iptables in the words of nftables

for tables in iptables-nft ip6tables-nft; do
        $tables -P FORWARD DROP
        $tables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        $tables -A INPUT -i lo -j ACCEPT
        $tables -A INPUT -i lan0 -j ACCEPT
        $tables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        $tables -P INPUT DROP
done
works 'iptables-nft' -n
boot web -n
like "$(iptables-nft -S FORWARD)" '-A FORWARD -i ve-web .*-j ACCEPT' 'iptables-nft: what is put at the head of a chain can be read'
stop
nft flush ruleset

# --- iptables of before: said, with what helps

iptables-legacy -P FORWARD DROP
iptables-legacy -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
before=$(rules)
boot web -n
like "$(cat "$WORK/web.log")" 'the chain FORWARD of iptables-legacy drops what it does not know.*\[R2852\]' \
        'iptables-legacy: it is said which chain is in the way'
like "$(cat "$WORK/web.log")" "hint: 'iptables-legacy -I FORWARD -i ve-web -j ACCEPT'" 'iptables-legacy: and what helps'
is "$(ask "$leader" tcp "$LAN_CLIENT4" 7)" '' 'iptables-legacy: for it does not get through'
stop
is "$(rules)" "$before" 'iptables-legacy: and nothing is changed'
iptables-legacy -I FORWARD -i ve-+ -j ACCEPT
boot web -n
unlike "$(cat "$WORK/web.log")" R2852 'iptables-legacy: with the rule, nothing is said'
is "$(ask "$leader" tcp "$LAN_CLIENT4" 7)" "$LAN_HOST4" 'iptables-legacy: and it gets through'
stop
iptables-legacy -F
iptables-legacy -P FORWARD ACCEPT
rm -f /run/xtables.lock

# --- a supervisor that is killed

nft -f - <<'N'
table inet filter {
        chain forward {
                type filter hook forward priority filter; policy drop;
        }
}
N
before=$(rules)
boot web -n --port=8080:80
kill -KILL "$supervisor"
await_end "$supervisor" 2>/dev/null
"$HELPER" wait "$leader" 10
isnt "$(rules)" "$before" 'a supervisor that is killed leaves its rules'
run "$REDD" run --cleanup -M web
is "$(rules)" "$before" 'until somebody looks'
nft flush ruleset
host_without_lan
done_testing
