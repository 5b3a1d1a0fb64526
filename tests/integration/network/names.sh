#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Machines by name: from the host, from machines of their zone and from themselves; and the host's own resolver for the
# rest, wherever that listens.
. "${0%/*}/../../lib/lib.sh"
. "$LIB/network.sh"
begin
needs getent
beyond_make
for name in web db other; do
        tree_busybox "$WORK/$name"
done

# ask WAY NAME [TYPE [SERVER]]: from the machine whose PID 1 is $asker, of its first server
ask() {
        ask_server=${4:-$(sed -n 's/^nameserver //p' "/proc/$asker/root/etc/resolv.conf" | head -n 1)}
        nsenter --target "$asker" --net "$LIB/ask.py" "$1" "$ask_server" "$2" "${3:-a}" 2>&1 | tr '\n' ' '
}

# address FAMILY PID: of the machine's uplink
address() {
        nsenter --target "$2" --net ip -o "-$1" addr show dev host0 scope global | sed 's/.*inet6* //; s/\/.*//' | head -n 1
}

# by_name DATABASE NAME: what programs of the host find
by_name() {
        LD_LIBRARY_PATH=$BUILD/src/nss getent "$1" "$2" | awk '{print $1}' | sort -u | tr '\n' ' '
}

printf '203.0.113.99 mine\n' >"$WORK/db/etc/hosts"
boot web --network-zone=lan
web=$leader web_supervisor=$supervisor
boot db --network-zone=lan
db=$leader db_supervisor=$supervisor
boot other --network-veth
other=$leader other_supervisor=$supervisor

# --- its own name

is "$(nsenter --target "$web" --all hostname)" web 'the host name is the name of the machine'
like "$(cat "$WORK/web/etc/hosts")" '^127.0.0.1 localhost$' 'a system without /etc/hosts gets one, for localhost'
unlike "$(cat "$WORK/web/etc/hosts")" web 'its own name is the resolver'\''s'
is "$(cat "$WORK/db/etc/hosts")" '203.0.113.99 mine' 'one that has its own keeps that'

# --- in the zone

asker=$db
is "$(ask udp web)" "NOERROR $(address 4 "$web") " 'a machine finds another one of its zone by name'
is "$(ask udp web aaaa)" "NOERROR $(address 6 "$web") " 'also its IPv6 address'
is "$(ask udp WEB.)" "NOERROR $(address 4 "$web") " 'however it is written'
is "$(ask udp db)" "NOERROR $(address 4 "$db") " 'and itself'
is "$(ask tcp web)" "NOERROR $(address 4 "$web") " 'by TCP as well'
server6=$(sed -n 's/^nameserver \(.*:.*\)/\1/p' "/proc/$db/root/etc/resolv.conf")
is "$(ask udp web a "$server6")" "NOERROR $(address 4 "$web") " 'and by IPv6'
is "$(ask tcp web a "$server6")" "NOERROR $(address 4 "$web") " 'by TCP there, too'
is "$(ask udp web txt)" 'NOERROR ' 'of what a machine has not there is nothing, and no doubt about its name'
reverse=$(address 4 "$web" | awk -F. '{print $4 "." $3 "." $2 "." $1 ".in-addr.arpa"}')
is "$(ask udp "$reverse" ptr)" 'NOERROR web ' 'an address leads back to the name'
is "$(ask udp "254.${reverse#*.}" ptr)" 'NXDOMAIN ' 'one that nobody has to none'
is "$(ask udp other)" 'NXDOMAIN ' 'machines elsewhere are not known'
asker=$other
is "$(ask udp web)" 'NXDOMAIN ' 'nor those of a zone outside of it'
is "$(ask udp other)" "NOERROR $(address 4 "$other") " 'on a cable of its own a machine finds itself'
ok 'with the programs of the guest' nsenter --target "$db" --all nslookup web
ok 'by which they talk' nsenter --target "$db" --all ping -c 1 -W 5 web

# --- from the host

printf 'hosts: files redd dns\n' >/etc/nsswitch.conf
if [ -e "$BUILD/src/nss/libnss_redd.so.2" ]; then
        is "$(by_name ahostsv4 web)" "$(address 4 "$web") " 'programs of the host find a machine by name'
        is "$(by_name ahosts web)" "$(printf '%s\n' "$(address 4 "$web")" "$(address 6 "$web")" | sort | tr '\n' ' ')" \
                'with all its addresses'
        is "$(by_name hosts Other)" "$(address 6 "$other") " 'whatever network it is in'
        like "$(LD_LIBRARY_PATH=$BUILD/src/nss getent hosts "$(address 4 "$db")")" ' db$' 'and its name by address'
        is "$(LD_LIBRARY_PATH=$BUILD/src/nss setpriv --reuid 1000 --regid 1000 --clear-groups getent ahostsv4 db |
                awk '{print $1}' | sort -u)" "$(address 4 "$db")" 'users, too'
        is "$(by_name ahosts nobody-of-this-name)" '' 'nobody else is found'
else
        cannot 'programs of the host find a machine by name' 'this C library has no modules for names'
fi
asker=$$
router=$(ip -o -4 addr show dev vz-lan | sed 's/.*inet //; s/\/.*//')
is "$(ask udp web a "$router")" "NOERROR $(address 4 "$web") " 'the host can ask the resolver of a zone'
is "$(ask tcp web a "$router")" "NOERROR $(address 4 "$web") " 'by TCP as well'

# --- whose addresses

inside_web() {
        nsenter --target "$web" --net -- "$@"
}
inside_web ip link add docker0 type bridge
inside_web ip addr add 172.17.0.1/16 dev docker0
inside_web ip link set docker0 up
inside_web ip addr add "${router%.*}.99/32" dev host0
asker=$db
await_line_of "${router%.*}.99" cat /run/redd/names/web
is "$(ask udp web)" "NOERROR $(address 4 "$web") ${router%.*}.99 " 'an address that is added outside is found soon'
unlike "$(cat /run/redd/names/web)" 172.17.0.1 'one of a bridge inside never is'

# --- the rest of the world

is "$(ask udp server.example)" 'NOERROR 198.51.100.7 ' 'other names are asked of the host'\''s server'
is "$(ask udp server.example aaaa)" 'NOERROR 2001:db8:51::7 ' 'of every kind'
is "$(ask udp nobody.example)" 'NXDOMAIN ' 'that does not exist is passed on'
is "$(ask udp long.example txt)" 'TRUNCATED ' 'so is that an answer is too long'
is "$(ask tcp long.example txt)" 'NOERROR 5020 ' 'then all of it comes by TCP'

mkfifo "$WORK/stub"
"$LIB/beyond.py" "$WORK/stub" 127.0.0.53 >"$WORK/stub.log" 2>&1 </dev/null &
stub=$!
defer "end_process $stub"
read -r _ <"$WORK/stub"
echo 'nameserver 127.0.0.53' >/etc/resolv.conf
is "$(ask udp server.example)" 'NOERROR 198.51.100.7 ' 'a server on the loopback of the host serves machines, too'
is "$(ask tcp long.example txt)" 'NOERROR 5020 ' 'by TCP as well'
like "$(cat "$WORK/stub.log")" 'asked server.example' 'it is really asked'
end_process "$stub"
mkdir -p /run/systemd/resolve
echo 'nameserver 203.0.113.2' >/run/systemd/resolve/resolv.conf
echo 'nameserver 127.0.0.53 ' >/etc/resolv.conf
is "$(ask udp server.example)" 'NOERROR 198.51.100.7 ' 'where it does not run what it would ask is asked'
rm -r /run/systemd/resolve
is "$(ask udp server.example)" 'NOERROR 198.51.100.7 ' 'for as long as nothing changes'
echo 'nameserver 127.0.0.54' >/etc/resolv.conf
is "$(ask udp server.example)" 'SERVFAIL ' 'without any server it is said at once'
is "$(ask udp web)" "NOERROR $(address 4 "$web") ${router%.*}.99 " 'but machines are known still'
printf 'nameserver 203.0.113.77\nnameserver 203.0.113.2\n' >/etc/resolv.conf
is "$(ask udp server.example)" 'NOERROR 198.51.100.7 ' 'a second server is asked when the first does not answer'

# --- gone

stop TERM "$web_supervisor"
is "$(ask udp web)" 'NXDOMAIN ' 'a machine that has ended is not known any more'
is "$(by_name ahosts web)" '' 'nor on the host'
kill -KILL "$db_supervisor"
await_end "$db_supervisor" 2>/dev/null
"$HELPER" wait "$db" 10
is "$(by_name ahosts db)" '' 'nor one whose supervisor was killed'
run "$REDD" run --cleanup -M db
stop TERM "$other_supervisor"
echo 'nameserver 203.0.113.2' >/etc/resolv.conf

# --- whose file it is

cp /etc/resolv.conf "$WORK/web/etc/resolv.conf"
boot web --network-veth
like "$(cat "$WORK/web/etc/resolv.conf")" '^# From redd' 'a copy of the one of the host is not one of its own'
stop
echo 'nameserver 127.0.0.55' >/etc/resolv.conf
ip link add plain0 type bridge
run "$REDD" run -q --pipe -D "$WORK/web" -M web --network-bridge=plain0 cat /etc/resolv.conf
unlike "$out" nameserver 'a resolver of last time is not left where nobody answers'
echo 'nameserver 198.51.100.9' >"$WORK/web/etc/resolv.conf"
run "$REDD" run -q --pipe -D "$WORK/web" -M web --network-bridge=plain0 cat /etc/resolv.conf
is "$out" 'nameserver 198.51.100.9' 'what somebody else wrote is'
ip link del plain0
echo 'nameserver 203.0.113.2' >/etc/resolv.conf
done_testing
