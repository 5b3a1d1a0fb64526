# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Networks that are dead, taken or closed.

fault 'a bridge that is not there' R2807 'to bridge br9' 'ip link add br9 type bridge' \
        ':' "$R --network-bridge=br9 true" said
ip link delete br9 2>/dev/null
fault 'an interface that is not there' R2806 'Failed to resolve interface' 'ip link' \
        ':' "$R --network-macvlan=eth9 true" 'ip link add eth9 type veth peer name eth8'
ip link delete eth9 2>/dev/null
fault 'an interface to move that is not there' R2806 'Failed to resolve interface' 'ip link' \
        ':' "$R --network-interface=eth9 true" 'ip link add eth9 type veth peer name eth8'
ip link delete eth8 2>/dev/null
fault 'a kind of interface that the kernel lacks' R2801 'no interfaces of the kind' 'network-macvlan=' \
        'ip link add eth9 type veth peer name eth8' "$R --network-ipvlan=eth9 true" 'instead $R --network-macvlan=eth9 true'
ip link delete eth9 2>/dev/null
fault 'a zone whose bridge is none' R2803 'is not a bridge' 'rename or remove' \
        'ip link add vz-home type veth peer name eth8' "$R --network-zone=home true" 'ip link delete vz-home'
fault 'a cable whose name is taken' R2808 'cannot connect' 'ip link delete' \
        'ip link add ve-web type veth peer name eth8' "$R --network-veth true" said
fault 'a port that is in use' R2856 'in use by process' 'stop what uses it' \
        'hold python3 -c "import socket; s = socket.create_server((\"0.0.0.0\", 8080)); print(1, flush=True); input()"' \
        "$R --network-veth --port=8080:80 true" 'kill $(cat $WORK/d/pid)'
fault 'a port of another machine' R2856 "is forwarded to machine 'db'" 'redd port' \
        'cp -a $WORK/base /var/lib/machines/db; printf "[Network]\nPort=8080:80\n" >/etc/systemd/nspawn/db.nspawn; $REDD start db' \
        "$R --network-veth --port=8080:80 true" said
fault 'an address that is taken' R2821 'is in use in zone' 'network-address=' \
        'cp -a $WORK/base /var/lib/machines/db; printf "[Network]\nZone=home\nAddress=10.77.0.2/24\n" >/etc/systemd/nspawn/db.nspawn; $REDD start db' \
        "$R --network-zone=home --network-address=10.77.0.2/24 true" 'instead $R --network-zone=home --network-address=10.77.0.3/24 true'
fault 'a namespace that is not there' R2809 'netns/nope' 'ip netns add' \
        ':' "$R --network-namespace-path=/run/netns/nope true" 'mkdir -p /run/netns; touch /run/netns/nope; unshare -n mount --bind /proc/self/ns/net /run/netns/nope; unshare --net=/run/netns/nope true'
while umount /run/netns/nope 2>/dev/null; do :; done
rm -rf /run/netns
fault 'ports without a network' R1223 'Cannot use --port=' '--network-veth' \
        ':' "$R --port=8080:80 true" 'instead $R --network-veth --port=8080:80 true'
fault 'isolation without an address' R1225 'require an interface' '--network-veth' \
        ':' "$R --network-isolate=yes true" 'instead $R --network-veth --network-isolate=yes true'
