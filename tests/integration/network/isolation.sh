#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who may reach whom: machines that are isolated, that allow some, on cables and in zones, by IPv4 and IPv6; and that none
# speaks in the name of another, of the host, or as the one who gives out addresses.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "$LIB/hosts.sh"
begin
needs ip nsenter nft socat ss python3
host_with_lan

# machine NAME OPTION...: boots it, with a service; notes its process and its addresses
machine() {
        machine_name=$1
        shift
        tree_busybox "$WORK/$machine_name"
        boot "$machine_name" "$@"
        serve "$leader" 80
        eval "pid_$machine_name=$leader supervisor_$machine_name=$supervisor"
        eval "ip4_$machine_name=$(address "$leader" host0 inet) ip6_$machine_name=$(address "$leader" host0 inet6)"
}

# reaches A B: "46" where A reaches B by both
reaches() {
        eval "reaches_pid=\$pid_$1 reaches_4=\$ip4_$2 reaches_6=\$ip6_$2"
        reaches_got=''
        [ -z "$(ask "$reaches_pid" tcp "$reaches_4" 80)" ] || reaches_got=4
        [ -z "$(ask "$reaches_pid" tcp "[$reaches_6]" 80)" ] || reaches_got=${reaches_got}6
        echo "$reaches_got"
}

# a: anybody; b: alone but for c; c: allows b and nobody else; d: a cable, alone; e: a cable, allows those of the zone
machine a --network-zone=lan
machine b --network-zone=lan --network-isolate=yes --network-allow=c
machine c --network-zone=lan --network-allow=b
machine d -n --network-isolate=yes --network-allow=e
machine e -n --network-allow=b --network-allow="$LAN_CLIENT4"
machine f -n

#        a b c d e f
while read -r from row; do
        for to in a b c d e f; do
                wanted=''
                [ "${row%% *}" = 1 ] && wanted=46
                row=${row#* }
                [ "$from" = "$to" ] && continue
                is "$(reaches $from $to)" "$wanted" "$from $([ -z "$wanted" ] && echo 'does not reach' || echo reaches) $to"
        done
done <<'T'
a        1 0 0 0 0 1
b        0 1 1 0 0 0
c        1 1 1 0 0 1
d        0 0 0 1 0 0
e        1 0 0 1 1 1
f        1 0 0 0 0 1
T

for name in a b c d; do
        eval "pid=\$pid_$name ip4=\$ip4_$name"
        serve "$LAN" 9
        isnt "$(ask "$pid" tcp "$LAN_CLIENT4" 9)" '' "$name reaches the world" && break
done
isnt "$(ask '' tcp "$ip4_b" 80)" '' 'the host reaches all of them'
within "$LAN" ip route add 10.0.0.0/8 via "$LAN_HOST4"
isnt "$(ask "$LAN" tcp "$ip4_e" 80)" '' 'who is allowed by address comes in from the network'
is "$(ask "$LAN" tcp "$ip4_d" 80)" '' 'who is not does not'
isnt "$(ask "$LAN" tcp "$ip4_f" 80)" '' 'but to machines that say nothing'

# --- nobody is somebody else

# spoof PID SCRIPT...: sends raw frames out of host0; see below
cat >"$WORK/spoof.py" <<'P'
import socket, struct, sys
kind, own_mac, gateway_mac, source, target = sys.argv[1:6]
raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
raw.bind(("host0", 0))
mac = lambda text: bytes.fromhex(text.replace(":", ""))
def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
def udp4(sport, dport):
    body = struct.pack("!HHHH", sport, dport, 8 + 5, 0) + b"spoof"
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, 0, 64, 17, 0,
                       socket.inet_aton(source), socket.inet_aton(target))
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return b"\x08\x00" + head + body
def icmp6(kind, body, hops=255):
    payload = struct.pack("!BBH", kind, 0, 0) + body
    pseudo = (socket.inet_pton(10, source) + socket.inet_pton(10, target) +
              struct.pack("!II", len(payload), 58) + payload)
    pseudo += b"\0" * (len(pseudo) % 2)
    payload = payload[:2] + struct.pack("!H", checksum(pseudo)) + payload[4:]
    return b"\x86\xdd" + struct.pack("!IHBB", 0x60000000, len(payload), 58, hops) + \
        socket.inet_pton(10, source) + socket.inet_pton(10, target) + payload
frames = {
    "udp4": lambda: udp4(1234, 9999),
    "dhcp4": lambda: udp4(67, 68),
    "arp": lambda: b"\x08\x06" + struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 2, mac(own_mac),
                                             socket.inet_aton(source), mac(gateway_mac), socket.inet_aton(target)),
    "ra": lambda: icmp6(134, struct.pack("!BBHII", 64, 0, 1800, 0, 0)),
    "na": lambda: icmp6(136, struct.pack("!I", 0x20000000) + socket.inet_pton(10, sys.argv[6]) + b"\x02\x01" + mac(own_mac)),
    "echo6": lambda: icmp6(128, b"\0\1\0\1"),
}
raw.send(mac(gateway_mac) + mac(own_mac) + frames[kind]())
P
# listen PID PATTERN COMMAND...: whether a frame that holds PATTERN (of bytes, in hex) reaches host0 of PID while
# COMMAND runs, and before the one that comes behind it
cat >"$WORK/listen.py" <<'P'
import select, socket, sys
raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
raw.bind((sys.argv[1], 0))
open(sys.argv[2], "w").close()
wanted = bytes.fromhex(sys.argv[3])
while select.select([raw], [], [], 1.0)[0]:
    frame, where = raw.recvfrom(2000)
    if wanted in frame and where[2] != socket.PACKET_OUTGOING:
        print("heard")
        break
P
mac_of() {
        within "$1" cat /dev/null; within "$1" ip -o link show "$2" | sed 's/.*link\/ether \([0-9a-f:]*\).*/\1/'
}
hex4() {
        python3 -c 'import socket, sys; print(socket.inet_aton(sys.argv[1]).hex())' "$1"
}
hex6() {
        python3 -c 'import socket, sys; print(socket.inet_pton(10, sys.argv[1]).hex())' "$1"
}

# heard LISTENER INTERFACE HEX KIND MAC TARGET-MAC SOURCE TARGET [MORE]: what a sends
heard() {
        rm -f "$WORK/listening"
        nsenter --target "${1:-$$}" --net python3 "$WORK/listen.py" "$2" "$WORK/listening" "$3" >"$WORK/heard" &
        heard_pid=$!
        until [ -e "$WORK/listening" ]; do :; done
        shift 3
        within "$pid_a" python3 "$WORK/spoof.py" "$@"
        wait $heard_pid
        cat "$WORK/heard"
}
mac_a=$(mac_of "$pid_a" host0) mac_c=$(mac_of "$pid_c" host0) mac_zone=$(mac_of '' vz-lan)
machine g --network-zone=lan
mac_g=$(mac_of "$pid_g" host0)
zone4=$(address '' vz-lan inet) zone6=$(address '' vz-lan inet6)

is "$(heard "$pid_g" host0 73706f6f66 udp4 "$mac_a" "$mac_g" "$ip4_a" "$ip4_g")" heard 'what a machine sends as itself is heard'
is "$(heard "$pid_g" host0 73706f6f66 udp4 "$mac_a" "$mac_g" "$ip4_c" "$ip4_g")" '' 'not under the address of another'
is "$(heard "$pid_g" host0 73706f6f66 udp4 "$mac_a" "$mac_g" "$zone4" "$ip4_g")" '' 'nor of the host'
is "$(heard "$pid_g" host0 73706f6f66 udp4 "$mac_c" "$mac_g" "$ip4_a" "$ip4_g")" '' 'nor with the MAC address of another'
is "$(heard "$pid_g" host0 73706f6f66 dhcp4 "$mac_a" "$mac_g" "$ip4_a" "$ip4_g")" '' 'nor leases'
is "$(heard "$pid_g" host0 "$(hex4 "$ip4_a")" arp "$mac_a" "$mac_g" "$ip4_a" "$ip4_g")" heard 'its address is its to claim'
is "$(heard "$pid_g" host0 "$(hex4 "$ip4_c")" arp "$mac_a" "$mac_g" "$ip4_c" "$ip4_g")" '' 'that of another is not'
is "$(heard "$pid_g" host0 "$(hex4 "$zone4")" arp "$mac_a" "$mac_g" "$zone4" "$ip4_g")" '' 'nor that of the host'
is "$(heard "$pid_g" host0 "$(hex6 "$ip6_a")80" echo6 "$mac_a" "$mac_g" "$ip6_a" "$ip6_g")" '' 'in IPv6' # both addresses stand between
is "$(heard "$pid_g" host0 "$(hex6 "$ip6_a")$(hex6 "$ip6_g")" echo6 "$mac_a" "$mac_g" "$ip6_a" "$ip6_g")" heard 'its IPv6 address is its own'
is "$(heard "$pid_g" host0 "$(hex6 "$ip6_c")$(hex6 "$ip6_g")" echo6 "$mac_a" "$mac_g" "$ip6_c" "$ip6_g")" '' 'that of another is not'
is "$(heard "$pid_g" host0 "$(hex6 "$ip6_a")$(hex6 "$ip6_g")86" ra "$mac_a" "$mac_g" "$ip6_a" "$ip6_g")" '' 'routes are not its to give'
is "$(heard "$pid_g" host0 "$(hex6 "$ip6_c")0201" na "$mac_a" "$mac_g" "$ip6_a" "$ip6_g" "$ip6_c")" '' 'nobody says of an address that it is his'
is "$(heard "$pid_g" host0 "$(hex6 "$zone6")0201" na "$mac_a" "$mac_g" "$ip6_a" "$ip6_g" "$zone6")" '' 'nor of the address of the host'
is "$(heard "$pid_g" host0 "$(hex6 "$ip6_a")0201" na "$mac_a" "$mac_g" "$ip6_a" "$ip6_g" "$ip6_a")" heard 'unless it is'
is "$(heard "$LAN" lan1 73706f6f66 udp4 "$mac_a" "$mac_zone" "$ip4_a" "$LAN_CLIENT4")" heard 'it is heard in the network of the host'
is "$(heard "$LAN" lan1 73706f6f66 udp4 "$mac_a" "$mac_zone" 198.51.100.9 "$LAN_CLIENT4")" '' 'not under an address of elsewhere'
is "$(heard "$LAN" lan1 73706f6f66 udp4 "$mac_a" "$mac_zone" "$ip4_f" "$LAN_CLIENT4")" '' 'nor of a machine elsewhere'

for name in a b c d e f g; do
        eval "stop TERM \$supervisor_$name"
done
is "$(nft list ruleset)" '' 'nothing of the rules is left'
host_without_lan
done_testing
