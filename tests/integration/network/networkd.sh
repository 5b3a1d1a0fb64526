#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# systemd-networkd inside, where it configures itself as by any router, and on the host, where it is given way.
# timeout: 120
. "${0%/*}/../../lib/lib.sh"
. "$LIB/network.sh"
. "$LIB/hosts.sh"
begin
needs ip nsenter nft socat python3
for networkd in /usr/lib/systemd/systemd-networkd /lib/systemd/systemd-networkd; do
        [ -x "$networkd" ] && break
done
[ -x "$networkd" ] || skip_all 'systemd-networkd is not installed'
getent passwd systemd-network >/dev/null || skip_all 'there is no user systemd-network'
tree_busybox "$WORK/web"
ip link set lo up

cat >"$WORK/networkd" <<'SCRIPT'
#!/bin/sh
# $1: the program, $2: a folder for /run/systemd/netif of its own, or nothing
if [ -n "$2" ]; then
        mount -t tmpfs run /run
fi
mkdir -p /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
chown -R systemd-network: /run/systemd/netif
# read-only, it is taken for a place without udev, which nobody waits for
mount -t sysfs -o ro sysfs /sys 2>/dev/null || mount -o bind,remount,ro /sys
exec "$1"
SCRIPT
chmod +x "$WORK/networkd"
mkdir -p /etc/systemd/network
# only what is here counts
for file in /usr/lib/systemd/network/*.network /lib/systemd/network/*.network; do
        [ -e "$file" ] && ln -sf /dev/null "/etc/systemd/network/${file##*/}"
done

# --- inside

cat >"$WORK/has_network" <<'SCRIPT'
#!/bin/sh
ip -4 route show default | grep -q 'proto dhcp' && ip -6 route show default | grep -q 'proto ra'
SCRIPT
chmod +x "$WORK/has_network"
boot web -n --network-dns=192.0.2.53
web4=$(nsenter --target "$leader" --net ip -o -4 addr show dev host0 | sed 's/.*inet \([^ ]*\).*/\1/')
web6=$(nsenter --target "$leader" --net ip -o -6 addr show dev host0 scope global | sed 's/.*inet6 \([^ ]*\).*/\1/')
printf '[Match]\nName=host0\n[Network]\nDHCP=yes\nLinkLocalAddressing=yes\n' >/etc/systemd/network/10-host0.network
nsenter --target "$leader" --net unshare -m "$WORK/networkd" "$networkd" own >"$WORK/inside.log" 2>&1 &
inside_pid=$!
ok 'inside, it gets an address, and finds its router' \
        timeout 15 nsenter --target "$leader" --net sh -c "until $WORK/has_network; do busybox usleep 50000; done"
is "$(nsenter --target "$leader" --net ip -o -4 addr show dev host0 | sed 's/.*inet \([^ ]*\).*/\1/')" "$web4" \
        'the address is the one that was set, once'
is "$(nsenter --target "$leader" --net ip -o -6 addr show dev host0 scope global | sed 's/.*inet6 \([^ ]*\).*/\1/')" \
        "$web6" 'as is that of IPv6'
ok 'it is reached' busybox ping -qc1 -W2 "${web4%/*}"
kill "$inside_pid"
await_end "$inside_pid" 2>/dev/null
rm /etc/systemd/network/10-host0.network
stop

# --- on the host

rm -f /etc/systemd/network/80-container-ve.network
printf '[Match]\nKind=veth\nName=ve-*\n[Network]\nAddress=192.168.99.1/28\nDHCPServer=yes\n' \
        >/etc/systemd/network/80-container-ve.network
boot web -n
isnt "$(ip -o -4 addr show dev ve-web)" '' 'where it does not run, its files mean nothing'
stop
defer 'rm -rf /run/systemd/netif'
unshare -m "$WORK/networkd" "$networkd" '' >"$WORK/outside.log" 2>&1 &
outside_pid=$!
defer "kill $outside_pid 2>/dev/null"
# it is there once it has said so in its folder
timeout 10 sh -c 'until [ -s /run/systemd/netif/state ]; do busybox usleep 20000; done'
boot web -n --port=8080:80
unlike "$(ip -o -4 addr show dev ve-web)" ' 10\.' 'where it runs, the host'\''s end is left to it'
in_net() {
        nsenter --target "$leader" --net -- "$@"
}
address4() {
        in_net ip -o -4 addr show dev host0 | sed 's/.*inet \([^ /]*\).*/\1/'
}
ok 'a container without a client has an address of its network' await_line_of ' 192\.168\.99\.' \
        in_net ip -o -4 addr show dev host0
ok 'and a route by the host' await_line_of 'via 192.168.99.1 .*metric 4096' in_net ip -4 route show default
like "$(in_net ip -o -6 addr show dev host0 scope global)" ' fd' 'and an IPv6 address, which networkd has none to give of'
like "$(ip -6 route show dev ve-web)" '^fd.*::/64 proto kernel' 'whose network leads there'
first4=$(address4)
SERVERS=''
serve "$leader" 80
ok 'forwards lead there' await_line_of '192\.168\.99\.1' ask '' tcp 192.168.99.1 8080

cat >"$WORK/client" <<'SCRIPT'
#!/bin/sh
[ "$1" = bound ] || exit 0
ip -4 addr flush dev "$interface"
ip addr add "$ip/$mask" dev "$interface"
ip route add default via "$router" dev "$interface"
SCRIPT
chmod +x "$WORK/client"
in_net busybox udhcpc -f -q -n -t 5 -T 1 -i host0 -x 61:07726564642d74657374 -s "$WORK/client" >"$WORK/client.log" 2>&1
isnt "$(address4)" "$first4" 'a client inside that calls itself something else has another address'
ok 'and forwards follow it' await_line_of '192\.168\.99\.1' ask '' tcp 192.168.99.1 8080
like "$(nft list map inet redd any4)" "$(address4)" 'as the packet filter says'
unlike "$(nft list map inet redd any4)" "$first4 " 'of that one alone'
# shellcheck disable=SC2086
kill $SERVERS
stop

# a guest that asks before networkd listens is answered all the same
boot web -n
in_net ip addr flush dev host0
ok 'a client need not ask twice' timeout 2 nsenter --target "$leader" --net -- \
        busybox udhcpc -f -q -n -t 1 -T 2 -i host0 -s "$WORK/client"

# what the host says counts, not what the container would like it to say
ok 'a container says that it is given an address of others' in_net "$LIB/forged_lease.py" 10.9.8.7
# handled behind it, and so is this, which is answered
ok 'it is heard' "$REDD" port web add 8099:99
unlike "$(nft list set inet redd own4)" '10\.9\.8\.7' 'and not believed'
ticks() {
        awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"
}
before=$(ticks "$supervisor")
ok 'a flood of questions is sent' timeout 60 nsenter --target "$leader" --net "$LIB/flood.py" dhcp 192.168.99.1 30000
used=$(($(ticks "$supervisor") - before))
note "its supervisor took $used ms/10"
ok 'and costs its supervisor little' test "$used" -lt 20
stop
refuses 'who may connect cannot be chosen for an address that it alone knows' 'R2854' \
        "$REDD" run -q -D "$WORK/web" -n --network-isolate=yes true
ok 'but for one that is said' \
        "$REDD" run -q -D "$WORK/web" -n --network-isolate=yes --network-address=192.168.99.2/28 true
mkdir /etc/systemd/network/80-container-ve.network.d
printf '[Network]\nAddress=fd00:99::1/64\n' >/etc/systemd/network/80-container-ve.network.d/v6.conf
refuses 'not for IPv6 either, where it gives that' 'R2854' \
        "$REDD" run -q -D "$WORK/web" -n --network-isolate=yes --network-address=192.168.99.2/28 true
ok 'unless that is said, too' "$REDD" run -q -D "$WORK/web" -n --network-isolate=yes \
        --network-address=192.168.99.2/28 --network-address=fd00:99::2/64 true
rm -r /etc/systemd/network/80-container-ve.network.d
printf '[Match]\nName=ve-*\n[Link]\nUnmanaged=yes\n' >/etc/systemd/network/05-not-these.network
boot web -n
isnt "$(nsenter --target "$leader" --net ip -o -4 addr show dev host0)" '' 'unless it is told to leave them alone'
stop
kill "$outside_pid"
await_end "$outside_pid" 2>/dev/null
rm -rf /run/systemd/netif

done_testing
