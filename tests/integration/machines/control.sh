#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A supervisor answers over its control socket: who it is, whether its payload is ready, what its console says; and what
# comes over that socket does not disturb it.
. "${0%/*}/../../lib/lib.sh"
begin
needs python3
tree_busybox "$WORK/web"
printf '%s\n' '#!/bin/sh' 'echo "rc: here"' >"$WORK/web/etc/rc"
chmod 755 "$WORK/web/etc/rc"
control=/run/redd/machines/web/control

# ask TEXT: one packet to the supervisor, its answer; with "raw" the packet is TEXT alone
cat >"$WORK/ask.py" <<'END'
import array, socket, sys, time
path, packet = sys.argv[1], sys.argv[2].encode().decode("unicode_escape").encode("latin-1")
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(20)
s.connect(path)
s.send(packet)
answer, fds, _, _ = socket.recv_fds(s, 65536, 4)
print(answer.decode("utf-8", "replace").replace("\0", " "))
if fds:
    stream = socket.socket(fileno=fds[0])
    stream.settimeout(20)
    for line in sys.argv[3:]:
        stream.sendall(line.encode() + b"\n")
    heard = b""
    while b"END" not in heard:
        got = stream.recv(4096)
        if not got:
            break
        heard += got
    print(heard.decode())
END
ask() {
        python3 "$WORK/ask.py" "$control" "$@"
}

boot web
ok 'the socket is there' test -S "$control"
is "$(stat -c %a "$control")" 600 'for its owner alone'
like "$(ask 'redd-control 1 ping\n')" "^PID=" 'the supervisor answers'
answer=$(ask 'redd-control 1 status\n')
like "$answer" '^redd-control 1 ok' 'it tells how it is'
like "$answer" "^LEADER=" 'whose the leader is'
like "$answer" '^READY=yes' 'that the payload is ready'
like "$answer" '^CONSOLE=read-only' 'and what kind of console it has'
like "$(ask 'redd-control 1 await-ready\n')" '1 ok' 'who waits for what is so already does not wait'
like "$(ask 'redd-control 1 dance\n')" 'does not know what .dance. is' 'an unknown word is named'
like "$(ask 'nonsense')" 'is no message' 'nonsense is refused'
like "$(ask 'redd-control 7 ping\n')" 'newer redd' 'so is what a newer one says'
like "$(python3 -c 'print("redd-control 1 ping")' | xargs -d '\n' -I{} python3 "$WORK/ask.py" "$control" "{}")" 'no message' \
        'half a message, too'

nsenter --target "$leader" --all -- sh -c 'read -r line </dev/console && echo "heard: $line END" >/dev/console' &
reader=$!
like "$(ask 'redd-control 1 attach\nSIZE=101x33\n' 'hello there')" 'heard: hello there END' \
        'an onlooker types and hears the console'
wait "$reader"
is "$(inside stty size -F /dev/console)" '33 101' 'which has the size of his terminal'
like "$(cat web.log)" 'heard: hello there END' 'and the log has it all the same'

# a crowd that connects and says nothing
python3 - "$control" <<'END'
import socket, sys
crowd = []
for _ in range(200):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(5)
    try:
        s.connect(sys.argv[1])
    except OSError:
        break
    crowd.append(s)
END
like "$(ask 'redd-control 1 ping\n')" '^PID=' 'a crowd that says nothing goes by'

like "$(ask 'redd-control 1 stop\nHOW=maybe\n')" "is 'ask', 'now', 'note' or 'again'" 'a stop has to say how'
like "$(ask 'redd-control 1 stop\nHOW=ask\n')" '1 ok' 'a stop that asks is taken'
await_end "$supervisor"
is "$status" 0 'and the machine goes down in its own time'
like "$(cat web.log)" 'init: powering off' 'as its init wants'
not_ok 'the socket is gone' test -e "$control"

boot web --private-network
ok 'another boot has one again' test -S "$control"
like "$(ask 'redd-control 1 stop\nHOW=now\n')" '1 ok' 'a stop at once'
await_end "$supervisor"
is "$status" 1 'kills'

# --- a service manager that wants to hear from us ---
python3 - "$REDD" "$WORK/web" <<'END'
import os, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("/run/notify-test")
s.settimeout(20)
child = subprocess.Popen([sys.argv[1], "run", "-q", "-D", sys.argv[2], "-M", "web", "-b"],
                         env={**os.environ, "NOTIFY_SOCKET": "/run/notify-test", "WATCHDOG_USEC": "200000"},
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
barks = 0
while barks < 5:
    barks += s.recv(4096) == b"WATCHDOG=1"
child.terminate()
child.wait(20)
os.unlink("/run/notify-test")
END
is $? 0 'its watchdog is fed'

done_testing
