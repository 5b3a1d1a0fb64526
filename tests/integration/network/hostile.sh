#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A container that floods its router, lies to it and talks nonsense: it costs nothing to speak of, harms nobody, and is
# answered again when it is done.
# timeout: 120
# sanitized too
. "${0%/*}/../../lib/lib.sh"
begin
needs ip nsenter python3
tree_busybox "$WORK/web"
tree_busybox "$WORK/db"
ip link set lo up

cat >"$WORK/flood" <<'SCRIPT'
import os, random, socket, struct, sys, time
kind, seconds = sys.argv[1], float(sys.argv[2])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
s.bind(("host0", 0))
mac = s.getsockname()[4]
def dhcp(client, options):
    message = struct.pack(">BBBBIHH", 1, 1, 6, 0, random.getrandbits(32), 0, 0x8000) + bytes(16) + client + bytes(202) + \
        bytes([99, 130, 83, 99]) + options
    udp = struct.pack(">HHHH", 68, 67, 8 + len(message), 0) + message
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + bytes(4) + b"\xff" * 4
    return b"\xff" * 6 + mac + b"\x08\x00" + ip + udp
def solicitation(source):
    icmp = bytes([133]) + bytes(7)
    return bytes.fromhex("333300000002") + mac + b"\x86\xdd" + struct.pack(">IHBB", 0x60000000, len(icmp), 58, 255) + \
        source + bytes.fromhex("ff02" + "00" * 13 + "02") + icmp
def nonsense():
    frame = bytearray(dhcp(mac, bytes([53, 1, 1, 255])) if random.random() < .5 else solicitation(bytes(16)))
    for _ in range(random.randrange(1, 30)):
        frame[random.randrange(14, len(frame))] = random.getrandbits(8)
    return bytes(frame[:random.randrange(20, len(frame))]) + os.urandom(random.randrange(0, 100))
make = {
    "dhcp": lambda: dhcp(mac, bytes([53, 1, 1, 255])),
    "others": lambda: dhcp(os.urandom(6), bytes([53, 1, 3, 50, 4]) + os.urandom(4) + b"\xff"),
    "solicit": lambda: solicitation(os.urandom(16)),
    "nonsense": nonsense,
}[kind]
frames = [make() for _ in range(500)]
end, sent = time.monotonic() + seconds, 0
while time.monotonic() < end:
    try:
        s.send(random.choice(frames)[:1514])
        sent += 1
    except OSError:
        pass
print(sent)
SCRIPT

# ticks PID: the time it has used, in hundredths of a second
ticks() {
        awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"
}
udhcpc() {
        timeout 20 nsenter --target "$1" --all -- busybox udhcpc -s /bin/true -f -q -n -t 8 -T 1 -i host0
}

boot web -n
web_supervisor=$supervisor
web_leader=$leader
boot db -n
for kind in dhcp others solicit nonsense; do
        before=$(ticks "$web_supervisor")
        nsenter --target "$web_leader" --net python3 "$WORK/flood" "$kind" 2 >"$WORK/sent" &
        flood=$!
        # meanwhile, at the neighbour's
        run nsenter --target "$leader" --all -- busybox udhcpc -s /bin/true -f -q -n -t 3 -T 1 -i host0
        is "$status" 0 "$kind: others are answered meanwhile"
        wait "$flood"
        used=$(($(ticks "$web_supervisor") - before))
        note "$kind: $(cat "$WORK/sent") frames took $used ms/10"
        ok "$kind: there are many" test "$(cat "$WORK/sent")" -gt 1000
        ok "$kind: they cost its supervisor little" test "$used" -lt 20
        ok "$kind: and is answered afterwards" udhcpc "$web_leader"
done
ok 'the supervisor is still there' kill -0 "$web_supervisor"

# --- in a zone nobody answers for another, and nobody's own answers reach others

stop
supervisor=$web_supervisor leader=$web_leader
stop
boot web --network-zone=lan
web_supervisor=$supervisor
web_leader=$leader
boot db --network-zone=lan
db4=$(nsenter --target "$leader" --net ip -o -4 addr show dev host0 | sed 's/.*inet \([0-9.]*\).*/\1/')
mac_of_db=$(nsenter --target "$leader" --net ip -o link show host0 | sed 's/.*ether \([0-9a-f:]*\).*/\1/')
nsenter --target "$web_leader" --net ip link set host0 address "$mac_of_db"
run nsenter --target "$web_leader" --all -- busybox udhcpc -s /bin/true -f -q -n -t 2 -T 1 -i host0
isnt "$status" 0 'who takes the hardware address of another is given nothing'
unlike "$err" "$db4" 'least of all the address of the other'
stop
supervisor=$web_supervisor
stop

done_testing
