#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Guests that configure themselves: each client gets what was set from outside anyway, and its own settings win.
# timeout: 120
. "${0%/*}/../../lib/lib.sh"
begin
needs ip nsenter
tree_busybox "$WORK/web"
ip link set lo up

in_net() {
        nsenter --target "$leader" --net "$@"
}
address_inside() {
        in_net ip -o "$1" addr show dev host0 scope global | sed 's/.*inet6* \([^ ]*\).*/\1/'
}
# best_route: the default route that packets take: the one with the least metric
best_route() {
        in_net ip -4 route show default | awk '{ m = 0; for (i = 1; i < NF; i++) if ($i == "metric") m = $(i + 1)
                                                 print m, $3 }' | sort -n | head -1
}
router=
expect_network() { # NAME METRIC
        is "$(address_inside -4)" "$web4" "$1: the address is the one it had, once"
        is "$(best_route)" "$2 $router" "$1: its own default route is taken"
        ok "$1: it is reached" busybox ping -qc1 -W2 "${web4%/*}"
}

# --- busybox's client, in the container, with a script that knows the events by heart

mkdir -p "$WORK/web/usr/share/udhcpc"
cat >"$WORK/web/usr/share/udhcpc/default.script" <<'SCRIPT'
#!/bin/sh
env | sort >/tmp/udhcpc.$1
case $1 in
deconfig) ip -4 addr flush dev $interface; ip link set $interface up ;;
bound|renew) ip -4 addr add $ip/$mask dev $interface; ip route add default via $router dev $interface ;;
esac
SCRIPT
chmod +x "$WORK/web/usr/share/udhcpc/default.script"

boot web -n --network-dns=192.0.2.53 --network-dns=2001:db8::53
web4=$(address_inside -4)
router=$(best_route | cut -d' ' -f2)
run nsenter --target "$leader" --all -- busybox udhcpc -s /usr/share/udhcpc/default.script -f -q -n -t 5 -T 1 -i host0 -O search -O mtu -O staticroutes
is "$status" 0 'udhcpc: it has an answer'
expect_network udhcpc 0
lease=$(inside cat /tmp/udhcpc.bound)
like "$lease" '^hostname=web$' 'udhcpc: its name'
like "$lease" '^dns=192.0.2.53$' 'udhcpc: a name server'
like "$lease" '^lease=43200$' 'udhcpc: how long it may keep it'
like "$lease" "^serverid=$router\$" 'udhcpc: from whom'
like "$lease" "^staticroutes=0.0.0.0/0 $router" 'udhcpc: routes'
run nsenter --target "$leader" --all -- busybox udhcpc -s /usr/share/udhcpc/default.script -f -q -n -t 2 -T 1 -i host0 -r 192.168.250.250
is "$status" 0 'udhcpc: a wrong address is no obstacle'
expect_network udhcpc 0
stop

# --- others, of the host's, in the container's network

boot web -n
in_net ip link set lo up
if command -v dhclient >/dev/null; then
        run nsenter --target "$leader" --net dhclient -4 -1 -v -sf /sbin/dhclient-script -lf "$WORK/leases" -pf "$WORK/dhclient.pid" host0
        is "$status" 0 'dhclient: it has an answer'
        expect_network dhclient 0
        like "$(cat "$WORK/leases")" 'option host-name "web"' 'dhclient: its name'
        run nsenter --target "$leader" --net dhclient -4 -1 -r -sf /sbin/dhclient-script -lf "$WORK/leases" -pf "$WORK/dhclient.pid" host0
        is "$(address_inside -4)" '' 'dhclient: what it gives back is gone'
else
        skip 'dhclient' 'it is not installed'
fi
stop

boot web -n
if command -v ifup >/dev/null && command -v dhclient >/dev/null; then
        printf 'auto lo\niface lo inet loopback\nauto host0\niface host0 inet dhcp\n' >"$WORK/interfaces"
        mkdir -p "$WORK/ifstate"
        run nsenter --target "$leader" --net ifup --interfaces="$WORK/interfaces" --state-dir="$WORK/ifstate" -a --no-scripts
        is "$status" 0 'ifupdown: it comes up'
        expect_network ifupdown 0
        run nsenter --target "$leader" --net ifdown --interfaces="$WORK/interfaces" --state-dir="$WORK/ifstate" -a --no-scripts --force
else
        skip 'ifupdown' 'it is not installed'
fi
stop

# --- router advertisements: the kernel's own client, with nothing set from outside

boot web -n --network-dns=2001:db8::53
web6=$(address_inside -6)
in_net ip link set host0 down
in_net ip -6 addr flush dev host0
in_net sh -c 'echo 0 >/proc/sys/net/ipv6/conf/host0/accept_dad; echo 0 >/proc/sys/net/ipv6/conf/host0/router_solicitation_delay'
in_net ip link set host0 up
# await_inside COMMAND...: until it prints something, ten seconds at most
await_inside() {
        timeout 10 nsenter --target "$leader" --net sh -c 'while :; do out=$("$@") && [ -n "$out" ] && break
                busybox usleep 20000; done; echo "$out"' sh "$@"
}
like "$(await_inside ip -6 route show default proto ra)" '^default via fe80:' 'an advertised router is the default route'
is "$(address_inside -6)" "$web6" 'and the address that comes of it is the same'
stop

# --- in a zone each is answered by its own supervisor

tree_busybox "$WORK/db"
mkdir -p "$WORK/db/usr/share/udhcpc"
cp "$WORK/web/usr/share/udhcpc/default.script" "$WORK/db/usr/share/udhcpc/"
boot web --network-zone=lan
web_supervisor=$supervisor
boot db --network-zone=lan
web4=$(address_inside -4)
router=$(best_route | cut -d' ' -f2)
run nsenter --target "$leader" --all -- busybox udhcpc -s /usr/share/udhcpc/default.script -f -q -n -t 5 -T 1 -i host0
expect_network 'zone' 0
stop
supervisor=$web_supervisor
stop

done_testing
