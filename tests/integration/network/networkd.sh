#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# systemd-networkd inside, where it configures itself as by any router, and on the host, where it is given way.
# timeout: 120
. "${0%/*}/../../lib/lib.sh"
begin
needs ip nsenter
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
boot web -n
is "$(nsenter --target "$leader" --net ip -o -4 addr show dev host0)" '' 'where it runs, the container asks it'
unlike "$(ip -o -4 addr show dev ve-web)" ' 10\.' 'and the host'\''s end is left to it'
nsenter --target "$leader" --net ip link set host0 up
ok 'which gives it an address as soon as there is somebody' \
        timeout 10 sh -c 'until ip -o -4 addr show dev ve-web | grep -q 192.168.99.1; do busybox usleep 50000; done'
stop
refuses 'who may connect cannot be chosen for an address that it alone knows' 'R2854' \
        "$REDD" run -q -D "$WORK/web" -n --network-isolate=yes true
ok 'but for one that is said' \
        "$REDD" run -q -D "$WORK/web" -n --network-isolate=yes --network-address=192.168.99.2/28 true
printf '[Match]\nName=ve-*\n[Link]\nUnmanaged=yes\n' >/etc/systemd/network/05-not-these.network
boot web -n
isnt "$(nsenter --target "$leader" --net ip -o -4 addr show dev host0)" '' 'unless it is told to leave them alone'
stop
kill "$outside_pid"
await_end "$outside_pid" 2>/dev/null
rm -rf /run/systemd/netif

done_testing
