# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# network.sh: a host on a network, and guests of many kinds that are to reach what is beyond. Sourced behind lib.sh.
#
#     beyond_make         a network of the host's (interface "uplink") that leads to servers: see beyond.py
#     network_state       addresses, routes, rules and switches of the host, one line a thing
#     guest_KIND          makes the tree $WORK/KIND; says why not in $guest_lacks
#     guest_reaches KIND  starts it and tests that it reaches the servers, by IPv4, by IPv6, and by name

REACH_LIMIT=30
# The time that a guest has from its start on; a machine that runs many tests at once may need more for the same.
REACH_IN_TIME_MS=${REACH_IN_TIME_MS:-2000}

# The outside: 203.0.113.0/24 and 2001:db8:113::/64 between host and router; servers behind the router.
beyond_make() {
        needs ip nsenter python3
        [ -x "$BUILD/test-lib/reach" ] && [ "$BUILD/test-lib/reach" -nt "$LIB/reach.c" ] || {
                cc -std=gnu17 -D_GNU_SOURCE -O1 -static -o "$BUILD/test-lib/reach.$$" "$LIB/reach.c" &&
                        mv "$BUILD/test-lib/reach.$$" "$BUILD/test-lib/reach"
        }
        REACH=$BUILD/test-lib/reach
        mkfifo "$WORK/.beyond"
        unshare --net "$LIB/beyond.py" "$WORK/.beyond" >"$WORK/beyond.log" 2>&1 </dev/null &
        BEYOND=$!
        defer "end_process $BEYOND"
        read -r _ <"$WORK/.beyond"
        ip link add uplink type veth peer name eth0 netns "$BEYOND"
        beyond ip link set lo up
        beyond ip addr add 198.51.100.7/32 dev lo
        beyond ip -6 addr add 2001:db8:51::7/128 dev lo
        beyond ip addr add 203.0.113.2/24 dev eth0
        beyond ip -6 addr add 2001:db8:113::2/64 dev eth0 nodad
        beyond ip link set eth0 up
        ip addr add 203.0.113.1/24 dev uplink
        ip -6 addr add 2001:db8:113::1/64 dev uplink nodad
        ip link set uplink up
        ip route add default via 203.0.113.2
        ip -6 route add default via 2001:db8:113::2
        # as in place: /etc may be an overlay, and the file a link
        rm -f /etc/resolv.conf
        echo 'nameserver 203.0.113.2' >/etc/resolv.conf
        # both ends know that they are up, and their addresses count
        await_line_of 'state UP' ip -o link show uplink
        HOST_BEFORE=$(host_state)
}

# beyond COMMAND...: out there
beyond() {
        nsenter --target "$BEYOND" --net -- "$@"
}

# await_line_of PATTERN COMMAND...: until what COMMAND prints matches, at most 10 s
await_line_of() {
        await_pattern=$1
        shift
        for await_try in $(seq 500); do
                ! "$@" | grep -Eq "$await_pattern" || return 0
                "$HELPER" pause 20000
        done
        return 1
}

# systemd-networkd as the host's daemon, without systemd as the first process: with a read-only /sys it does without udev.
networkd_start() {
        needs dbus-daemon
        [ -x /lib/systemd/systemd-networkd ] || skip_all 'systemd-networkd is not installed'
        grep -q '^systemd-network:' /etc/passwd || skip_all 'there is no user systemd-network'
        mount -o remount,bind,ro /sys
        mkdir -p /run/dbus /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
        chown -R systemd-network: /run/systemd/netif
        dbus-daemon --system --nofork --nopidfile >"$WORK/bus.log" 2>&1 </dev/null &
        defer "end_process $!"
        await_line_of . sh -c 'ls /run/dbus/system_bus_socket 2>/dev/null'
        SYSTEMD_LOG_TARGET=console /lib/systemd/systemd-networkd >"$WORK/networkd.log" 2>&1 </dev/null &
        NETWORKD=$!
        defer "end_process $NETWORKD"
        await_line_of . sh -c 'ls /run/systemd/netif/state 2>/dev/null'
}

network_state() {
        ip -o link | sed 's/^[0-9]*: //; s/\\.*link/ link/; s/state [A-Z]*//; s/NO-CARRIER,//; s/,LOWER_UP//; s/qlen.*//' |
                awk '{print "link", $1, $2, $NF}'
        ip -o addr | awk '{print "address", $2, $3, $4}'
        ip route show table all | grep -v ' table local' | sed 's/expires [0-9a-z]*//; s/^/route /'
        ip -6 route show table all | grep -v ' table local' | sed 's/expires [0-9a-z]*//; s/^/route /'
        ip rule | sed 's/^/rule /'
        # but for what systemd-networkd keeps, which follows its cables in its own time
        nft list ruleset 2>/dev/null |
                awk '/^table .* io.systemd.nat / { skip = 1 } !skip { print } /^}/ { skip = 0 }' | sed 's/counter packets [0-9]* bytes [0-9]*/counter/; s/^/nft /'
        iptables-legacy-save 2>/dev/null | grep -v '^[#:]' | sed 's/^/iptables /'
        for network_switch in /proc/sys/net/ipv4/conf/*/* /proc/sys/net/ipv6/conf/*/* /proc/sys/net/ipv4/ip_forward; do
                case $network_switch in
                */stable_secret) ;;
                *) echo "switch $network_switch $(cat "$network_switch" 2>/dev/null)" ;;
                esac
        done | sort
}

network_is_as() {
        network_now=$(network_state)
        [ "$network_now" = "$1" ] && { report 0 "$2"; return; }
        report 1 "$2"
        printf '%s\n' "$1" >"$WORK/.before"
        printf '%s\n' "$network_now" >"$WORK/.after"
        note "$(diff "$WORK/.before" "$WORK/.after" | grep '^[<>]' | head -n 20)"
}

# --- guests ---

REACH_WORDS="server.example 80 $REACH_LIMIT"
REACH_FAMILIES='ipv4 ipv6'

guest_lacks=''

# A program, and nothing else: no shell, no client, no init.
guest_static() {
        tree_static "$WORK/static"
        cp "$REACH" "$WORK/static/usr/bin/reach"
        guest_words="/usr/bin/reach $REACH_WORDS"
}

# An application as in an image: a shell, a user of its own, no network tools at work.
guest_application() {
        tree_busybox "$WORK/application"
        cp "$REACH" "$WORK/application/usr/bin/reach"
        guest_words="--user=alice sh -c 'reach $REACH_WORDS'"
}

guest_udhcpc() {
        tree_busybox "$WORK/udhcpc"
        cp "$REACH" "$WORK/udhcpc/usr/bin/reach"
        cat >"$WORK/udhcpc/etc/udhcpc.script" <<'END'
#!/bin/sh
[ "$1" != deconfig ] || ip link set "$interface" up
[ "$1" = bound ] || exit 0
ip -4 addr flush dev "$interface" scope global
ip addr add "$ip/$mask" dev "$interface"
ip route replace default via "${router%% *}" dev "$interface"
[ -z "$dns" ] || for server in $dns; do echo "nameserver $server"; done >/etc/resolv.conf
echo "leased $ip/$mask router $router dns $dns" >/leased
END
        chmod 755 "$WORK/udhcpc/etc/udhcpc.script"
        guest_words="sh -c 'udhcpc -q -n -f -i host0 -s /etc/udhcpc.script && exec reach $REACH_WORDS'"
        guest_proof=leased
}

# The machine's own system, seen through a layer of the test's: for programs that cannot be copied alone.
guest_layered() {
        mkdir -p "$WORK/$1" "$WORK/.layers/$1/upper/usr/bin" "$WORK/.layers/$1/work"
        cp "$REACH" "$WORK/.layers/$1/upper/usr/bin/reach"
        mkdir -p "$WORK/.layers/$1/upper/etc" "$WORK/.layers/$1/upper/var/lib/dhcp"
        : >"$WORK/.layers/$1/upper/etc/resolv.conf"
        mount -t overlay -o "lowerdir=/,upperdir=$WORK/.layers/$1/upper,workdir=$WORK/.layers/$1/work" guest "$WORK/$1"
        rm -f "$WORK/$1/etc/resolv.conf" "$WORK/$1/etc/machine-id"
        rm -rf "$WORK/$1/etc/network/interfaces.d" "$WORK/$1/etc/systemd/network"
        HOST_BEFORE=$(host_state)
}

guest_dhclient() {
        command -v dhclient >/dev/null || { guest_lacks="'dhclient' is not installed"; return; }
        guest_layered dhclient
        guest_words="sh -c 'dhclient -1 -sf /sbin/dhclient-script -lf /leased host0 && exec reach $REACH_WORDS'"
        guest_proof=leased
}

guest_ifupdown() {
        command -v ifup >/dev/null && command -v dhclient >/dev/null ||
                { guest_lacks="'ifup' and 'dhclient' are not installed"; return; }
        guest_layered ifupdown
        printf '%s\n' 'auto host0' 'iface host0 inet dhcp' 'iface host0 inet6 auto' >"$WORK/ifupdown/etc/network/interfaces"
        guest_words="sh -c 'mkdir -p /run/network; ifup host0 && cp /var/lib/dhcp/*host0* /leased; exec reach $REACH_WORDS'"
        guest_proof=leased
}

guest_systemd() {
        [ -x /lib/systemd/systemd-networkd ] && [ -x /lib/systemd/systemd ] ||
                { guest_lacks="there is no systemd with systemd-networkd here"; return; }
        guest_layered systemd
        guest_units=$WORK/systemd/etc/systemd/system
        rm -rf "$guest_units"
        mkdir -p "$guest_units/reach.target.wants"
        cat >"$guest_units/reach.target" <<'END'
[Unit]
Requires=sysinit.target
After=sysinit.target
END
        cat >"$guest_units/reach.service" <<END
[Unit]
After=systemd-networkd.service
[Service]
ExecStart=/usr/bin/reach $REACH_WORDS
StandardOutput=append:/reached
END
        guest_log=$WORK/systemd/reached
        : >"$guest_log"
        ln -s ../reach.service "$guest_units/reach.target.wants/"
        ln -s /lib/systemd/system/systemd-networkd.service "$guest_units/reach.target.wants/"
        ln -s reach.target "$guest_units/default.target"
        for guest_unit in systemd-udevd systemd-resolved systemd-timesyncd apt-daily.timer; do
                ln -s /dev/null "$guest_units/${guest_unit%.timer}.service"
        done
        guest_words='-b'
}

# guest_reaches KIND [OPTION...]
guest_reaches() {
        guest_kind=$1
        shift
        guest_lacks='' guest_words='' guest_proof='' guest_log=''
        "guest_$guest_kind"
        [ -z "$guest_lacks" ] || { skip "$guest_kind reaches what is beyond" "$guest_lacks"; return; }
        guest_before=$(network_state)
        guest_start=$(date +%s%3N)
        eval "set -- \"\$@\" $guest_words"
        : >"$WORK/$guest_kind.log"
        [ -n "$guest_log" ] || guest_log=$WORK/$guest_kind.log
        "$REDD" run -q --pipe -D "$WORK/$guest_kind" -M "$guest_kind" "$@" >"$WORK/$guest_kind.log" 2>&1 </dev/null &
        supervisor=$!
        defer "end_process $supervisor"
        for guest_family in $REACH_FAMILIES; do
                if await_line "$guest_log" "reached $guest_family" "$REACH_LIMIT"; then
                        guest_at=$(sed -n "s/.*reached $guest_family .* at //p" "$guest_log" | head -n 1)
                        [ $((guest_at - guest_start)) -lt "$REACH_IN_TIME_MS" ]
                        report $? "$guest_kind reaches what is beyond by $guest_family in time"
                        note "$((guest_at - guest_start)) ms after its start"
                else
                        report 1 "$guest_kind reaches what is beyond by $guest_family"
                        note "$(tail -n 20 "$WORK/$guest_kind.log")"
                fi
        done
        [ -z "$guest_proof" ] || ok "$guest_kind has a lease" test -s "$WORK/$guest_kind/$guest_proof"
        if [ "$guest_words" = -b ]; then
                leader=$(sed -n 's/^LEADER=//p' "/run/redd/machines/$guest_kind/state")
                ok "the addresses of $guest_kind are its own in the end" \
                        await_line_of 'host0.*dynamic' nsenter --target "$leader" --net ip -o -4 addr show dev host0
                # shellcheck disable=SC2086
                ok 'and lead beyond still' inside /usr/bin/reach $REACH_WORDS
                kill -TERM "$supervisor"
        fi
        await_end "$supervisor"
        network_is_as "$guest_before" "and the host's network is as it was before $guest_kind"
}

# The guests of the matrix, with these options.
guests_reach() {
        for guest_each in static application udhcpc dhclient ifupdown systemd; do
                guest_reaches "$guest_each" "$@"
        done
}
