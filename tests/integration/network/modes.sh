#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each way a container can have a network of its own: what is on either side while it runs, and that nothing stays.
. "${0%/*}/../../lib/lib.sh"
begin
needs ip nsenter
tree_busybox "$WORK/web"
tree_busybox "$WORK/db"

# links: the names of the host's, sorted, without loopback
links() {
        ip -o link | sed 's/^[0-9]*: //; s/[@:].*//' | grep -vx lo | sort | tr '\n' ' '
}

# links_inside: the same in the container whose PID 1 is $leader, with the host's ip(8)
links_inside() {
        nsenter --target "$leader" --net ip -o link | sed 's/^[0-9]*: //; s/[@:].*//' | grep -vx lo | sort | tr '\n' ' '
}

mac() {
        ip -o link show "$1" | sed 's/.*link\/ether \([0-9a-f:]*\).*/\1/'
}

mac_inside() {
        nsenter --target "$leader" --net ip -o link show "$1" | sed 's/.*link\/ether \([0-9a-f:]*\).*/\1/'
}

is_up() {
        ip -o link show "$1" | grep -q '<.*[<,]UP[,>]'
}

# --- a virtual cable

boot web -n
is "$(links)" 've-web ' 'the host end of the cable is named after the machine'
is "$(links_inside)" 'host0 ' 'the other end is host0'
ok 'and up' is_up ve-web
host_mac=$(mac ve-web)
container_mac=$(mac_inside host0)
like "$host_mac $container_mac" '^.[26ae]:.* .[26ae]:' 'both addresses are locally administered'
isnt "$host_mac" "$container_mac" 'and differ'
like "$(cat /run/redd/machines/web/state)" "^NETIF=\"? ?$(cat /sys/class/net/ve-web/ifindex)\"?\$" 'the host end is known as the machine'\''s'
stop
is "$(links)" '' 'the cable goes with the machine'

boot web -n --private-users=pick --private-users-ownership=map
is "$(mac ve-web) $(mac_inside host0)" "$host_mac $container_mac" 'the addresses last, also with private users'
ok 'which own the namespace of it' nsenter --target "$leader" --user --net ip link set host0 up
stop

export SYSTEMD_NSPAWN_NETWORK_MAC=02:00:00:AA:bb:01
boot web -n
unset SYSTEMD_NSPAWN_NETWORK_MAC
is "$(mac_inside host0)" 02:00:00:aa:bb:01 'the address inside can be given'
is "$(mac ve-web)" "$host_mac" 'and that outside stays'
stop

run "$REDD" run -q --pipe -D "$WORK/web" -M averyveryverylongname -n ip -o link
like "$out" host0 'a long name is no obstacle'
like "$err" "^Network interface name 've-averyveryverylongname' has been changed to 've-averyver....' to fit" 'it is cut'

start long "$REDD" run -q -D "$WORK/web" -M averyveryverylongname -b --notify-ready=yes -n
like "$(ip link show ve-averyveryverylongname)" 'altname ve-averyveryverylongname' 'the whole name leads to it as well'
stop

ip link add ve-web type veth peer name ve-webp
taken=$(mac ve-web)
refuses 'a name that is taken is said to be' "cannot make the interface 've-web'.*File exists" \
        "$REDD" run -q -D "$WORK/web" -M web -n true
is "$(mac ve-web)" "$taken" 'and who has it keeps it'
ip link delete ve-web

# --- further cables

boot web --network-veth-extra=out1:in1 --network-veth-extra=both2
is "$(links)" 'both2 out1 ' 'further cables are named as asked for, outside'
is "$(links_inside)" 'both2 in1 ' 'and inside'
stop

# --- a bridge

ip link add br0 type bridge
boot web --network-bridge=br0
is "$(links)" 'br0 vb-web ' 'with a bridge the host end is named otherwise'
is "$(ls /sys/class/net/br0/brif)" vb-web 'and is a port of it'
ok 'which is up' is_up vb-web
is "$(mac_inside host0)" "$container_mac" 'the address inside does not depend on it'
like "$(cat /run/redd/machines/web/state)" "^NETIF=\"? ?$(cat /sys/class/net/br0/ifindex)\"?\$" 'the bridge is known as the machine'\''s'
stop
is "$(links)" 'br0 ' 'a bridge of the host'\''s stays'
ip link delete br0
refuses 'a bridge that is missing is named' 'Failed to add interface vb-web to bridge br0: No such device' \
        "$REDD" run -q -D "$WORK/web" -M web --network-bridge=br0 true

# --- a zone

boot web --network-zone=lan
first=$supervisor
is "$(links)" 'vb-web vz-lan ' 'the first machine of a zone makes its bridge'
boot db --network-zone=lan
is "$(links)" 'vb-db vb-web vz-lan ' 'the second one joins'
stop TERM "$first"
is "$(links)" 'vb-db vz-lan ' 'the bridge outlives the one that made it'
stop
is "$(links)" '' 'and goes with the last one'

# many at once: the bridge of one that goes is never taken from under one that comes
starts=''
for round in 1 2 3 4 5 6; do
        for name in a b; do
                "$REDD" run -q --pipe --keep-unit -D "$WORK/web" --read-only -M "zone-$name$round" --network-zone=lan \
                        true >>"$WORK/zones.log" 2>&1 </dev/null &
                starts="$starts $!"
        done
done
failed=0
for start in $starts; do
        wait "$start" || failed=$((failed + 1))
done
is "$failed" 0 'machines that come and go at once all get their port'
is "$(cat "$WORK/zones.log")" '' 'without a word'
is "$(links)" '' 'and the last one removes the bridge'

# --- on the cable of another interface

ip link add d0 type veth peer name d1
ip link set d0 up
if ip link add link d0 name probe type macvlan 2>/dev/null; then
        ip link delete probe
        boot web --network-macvlan=d0 --network-macvlan=d1:lan0
        is "$(links_inside)" 'lan0 mv-d0 ' 'macvlan interfaces are named after their parent, or as asked for'
        like "$(nsenter --target "$leader" --net ip -d link show mv-d0)" 'macvlan mode bridge' 'in bridge mode'
        macvlan_mac=$(mac_inside mv-d0)
        stop
        boot web --network-macvlan=d0
        is "$(mac_inside mv-d0)" "$macvlan_mac" 'with addresses that last'
        stop
else
        cannot 'macvlan' 'this kernel has no macvlan'
fi
if ip link add link d0 name probe type ipvlan 2>/dev/null; then
        ip link delete probe
        boot web --network-ipvlan=d0 --network-ipvlan=d1:lan0
        is "$(links_inside)" 'iv-d0 lan0 ' 'ipvlan interfaces are named after their parent, or as asked for'
        stop
else
        refuses 'a kernel without ipvlan is said to be one' "the kernel has no interfaces of the kind 'ipvlan'" \
                "$REDD" run -q -D "$WORK/web" -M web --network-ipvlan=d0 true
        like "$err" 'hint: .*--network-macvlan=' 'with what else there is'
fi
refuses 'a parent that is missing is named' 'Failed to resolve interface "nope0": No such device' \
        "$REDD" run -q -D "$WORK/web" -M web --network-macvlan=nope0 true

# --- an interface of the host's

ip link property add dev d1 altname second 2>/dev/null
before=$(ip -o link show d0)
boot web --network-interface=d0:eth7 --network-interface=second
is "$(links)" '' 'interfaces that are moved are gone from the host'
is "$(links_inside)" 'd1 eth7 ' 'and are inside, under a name of their own or the one asked for'
nsenter --target "$leader" --net ip link set eth7 name mine
stop
is "$(links)" 'd0 d1 ' 'they come back under the names they had, whatever they were called inside'
ok 'up, if that is what they were' is_up d0
not_ok 'and down, if not' is_up d1
is "${before%%:*} $(mac d0)" "$(cat /sys/class/net/d0/ifindex) $(cat /sys/class/net/d0/address)" 'with their numbers and addresses'

boot web --network-interface=d0 --private-users=pick --private-users-ownership=map
is "$(links)" 'd1 ' 'they move with private users, too'
ip link add d0 type veth peer name d0peer
stop
like "$(cat "$WORK/web.log")" "the interface 'd0' came back under another name" 'one whose name is taken meanwhile comes back still'
like "$(links)" '^d0 d0peer d1 dev[0-9]+ $' 'under a name that is free'
ip link delete d1
ip link delete d0

ip link add d0 type veth peer name d1
refuses 'an interface that is missing is named' 'Failed to resolve interface "nope0": No such device' \
        "$REDD" run -q -D "$WORK/web" -M web --network-interface=d0 --network-interface=nope0 true
is "$(links)" 'd0 d1 ' 'then none is moved'
refuses 'one that is asked for twice fails' "cannot move the interface 'd0'" \
        "$REDD" run -q -D "$WORK/web" -M web --network-interface=d0 --network-interface=d0:two true
is "$(links)" 'd0 d1 ' 'and is back at once'
ip link delete d0

# --- all of it, over a reboot

ip link add d0 type veth peer name d1
ip link set d0 up
printf '#!/bin/sh\n[ -e /again ] && exec poweroff -f\ntouch /again\nexec reboot -f\n' >"$WORK/db/etc/rc"
chmod 755 "$WORK/db/etc/rc"
run "$REDD" run -q -D "$WORK/db" -M db -b --network-zone=lan --network-veth-extra=out1 --network-interface=d0
is "$status" 0 'a machine that reboots gets its network again'
ok 'it did reboot' test -e "$WORK/db/again"
is "$(links)" 'd0 d1 ' 'and leaves it as it was'
ip link delete d0

done_testing
