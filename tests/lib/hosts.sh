# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A host in a network: another computer beside it, services and clients in the networks of both. Source it behind lib.sh.

LAN_HOST4=192.0.2.1 LAN_CLIENT4=192.0.2.2
LAN_HOST6=2001:db8::1 LAN_CLIENT6=2001:db8::2

# host_with_lan: an interface "lan0" with the address of the host, a default route, and $LAN, a process in whose network
# the other computer is. That one knows no way to the host's machines.
host_with_lan() {
        unshare --net sleep infinity &
        LAN=$!
        until [ "$(readlink /proc/$LAN/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
        ip link set lo up
        ip link add lan0 type veth peer name lan1 netns "$LAN"
        ip address add "$LAN_HOST4/24" dev lan0
        ip address add "$LAN_HOST6/64" dev lan0 nodad
        ip link set lan0 up
        ip route add default via "$LAN_CLIENT4"
        ip -6 route add default via "$LAN_CLIENT6"
        within "$LAN" ip link set lo up
        within "$LAN" ip link set lan1 up
        within "$LAN" ip address add "$LAN_CLIENT4/24" dev lan1
        within "$LAN" ip address add "$LAN_CLIENT6/64" dev lan1 nodad
        HOST_BEFORE=$(host_state)
        SERVERS=''
        defer host_without_lan
}

# host_without_lan: ends the services and the other computer; before done_testing
host_without_lan() {
        [ -n "$LAN" ] || return 0
        # shellcheck disable=SC2086
        kill $SERVERS $LAN 2>/dev/null
        # shellcheck disable=SC2086
        wait $SERVERS $LAN 2>/dev/null
        ip link delete lan0 2>/dev/null
        HOST_BEFORE=$(echo "$HOST_BEFORE" | grep -v -e lan0 -e '^process sleep$')
        LAN='' SERVERS=''
}

# within PID COMMAND...: in the network of PID, or where we are for ''
within() {
        if [ -n "$1" ]; then
                within_pid=$1
                shift
                nsenter --target "$within_pid" --net "$@"
        else
                shift
                "$@"
        fi
}

# address PID INTERFACE FAMILY: the first global one
address() {
        case $3 in
        inet6) address_family=-6 ;;
        *) address_family=-4 ;;
        esac
        within "$1" ip -o $address_family address show dev "$2" scope global 2>/dev/null | sed 's/.*inet6* //; s/\/.*//; q'
}

# serve PID PORT [ADDRESS]: tells each client, by tcp and udp, who it seems to be; ADDRESS is an IPv4 one
serve() {
        serve_count=4
        [ -z "${3:-}" ] || serve_count=2
        for serve_kind in TCP4-LISTEN UDP4-RECVFROM TCP6-LISTEN UDP6-RECVFROM; do
                case $serve_kind in
                *4*) serve_options=${3:+,bind=$3} ;;
                *) [ -z "${3:-}" ] || continue
                        serve_options=,ipv6only=1 ;;
                esac
                # shellcheck disable=SC2016
                nsenter --target "${1:-$$}" --net socat "$serve_kind:$2,fork,reuseaddr$serve_options" \
                        SYSTEM:'echo $SOCAT_PEERADDR; cat >/dev/null' 2>/dev/null &
                SERVERS="$SERVERS $!"
        done
        until [ "$(within "$1" ss -Htuln "sport = :$2" | grep -c .)" -ge "$serve_count" ]; do :; done
}

# ask PID PROTOCOL ADDRESS PORT: what a service says; nothing when nobody answers
ask() {
        ask_kind=$(echo "$2" | tr '[:lower:]' '[:upper:]')
        ask_answer=$(echo hello | within "$1" timeout 3 socat -t 1 -T 1 - "$ask_kind:$3:$4" 2>/dev/null | head -n 1)
        case $ask_answer in
        \[*) python3 -c 'import ipaddress, sys; print(ipaddress.ip_address(sys.argv[1].strip("[]")))' "$ask_answer" ;;
        *) echo "$ask_answer" ;;
        esac
}
