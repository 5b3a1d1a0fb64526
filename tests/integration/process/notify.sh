#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the service manager is told of a container, and what of the container's own words is passed on.
# sanitized too
. "${0%/*}/../../lib/lib.sh"
needs python3
begin
tree_busybox "$WORK/tree"

# listen.py COMMAND...: runs it with a $NOTIFY_SOCKET and prints what is said there, a message a line
cat >listen.py <<'END'
import array, os, socket, subprocess, sys
path = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\0" + path[1:] if path[0] == "@" else path)
child = subprocess.Popen(sys.argv[2:], env={**os.environ, "NOTIFY_SOCKET": path}, stdin=subprocess.DEVNULL)
status = child.wait()
s.setblocking(False)
while True:
    try:
        text, fds, _, _ = socket.recv_fds(s, 8192, 64)
    except BlockingIOError:
        break
    print(text.decode().replace("\n", "|"), f"fds={len(fds)}" if fds else "", flush=True)
    for fd in fds:
        os.close(fd)
print("status", status)
if path[0] == "/":
    os.unlink(path)
END
listen() {
        listen_path=$1
        shift
        run python3 listen.py "$listen_path" "$REDD" run -q --pipe -D "$WORK/tree" -M tiny "$@"
        out=$(printf '%s\n' "$out" | sed 's/ *$//; s/PID=[0-9]*/PID=n/; s/|$//')
}

wanted='STATUS=Container started.|X_NSPAWN_LEADER_PID=n
READY=1
STOPPING=1|STATUS=Terminating...
EXIT_STATUS=5
status 5'
listen /run/notify sh -c 'exit 5'
is "$out" "$wanted" 'started, ready, stopping, ended'
listen @redd-test sh -c 'exit 5'
is "$out" "$wanted" 'the same to an abstract socket'
listen /run/notify --notify-ready=yes sh -c 'exit 5'
unlike "$out" 'READY=1' 'with --notify-ready= it is ready when it says so'
listen /run/notify --notify-ready=yes sh -c 'helper notify "READY=1
STATUS=warm
MAINPID=7
X_OTHER=1"'
is "$out" 'STATUS=Container started.|X_NSPAWN_LEADER_PID=n
STATUS=Container running: warm
READY=1
STOPPING=1|STATUS=Terminating...
EXIT_STATUS=0
status 0' 'READY=1 and STATUS= are passed on, and nothing that is ours to say'
listen /run/notify --notify-ready=yes helper notify READY=1
like "$out" '^STATUS=Container running\.$' 'one that is ready without a status has one'
listen /run/notify sh -c 'helper notify READY=1; helper notify STOPPING=1; helper notify WATCHDOG=1'
is "$(printf '%s\n' "$out" | grep -c READY)" 1 'READY=1 is said once'
is "$(printf '%s\n' "$out" | grep -c STOPPING)" 1 'as is STOPPING=1'
unlike "$out" WATCHDOG 'a watchdog is not fed from inside'
listen /run/notify --as-pid2 sh -c 'helper notify STATUS=below'
like "$out" '^STATUS=Container running: below$' 'a process below PID 1 may speak, too'
listen /run/notify --private-users=pick --private-users-ownership=map sh -c 'helper notify STATUS=mapped'
like "$out" '^STATUS=Container running: mapped$' 'and one with other ids'
run env NOTIFY_SOCKET=/nowhere/socket "$REDD" run -q --pipe -D "$WORK/tree" -M tiny true
is "$status" 0 'a manager that is gone is no reason to fail'
listen /run/notify sh -c 'echo $NOTIFY_SOCKET; ls -ld /run/host/notify | cut -c1; exit 0'
like "$out" '^/run/host/notify$' 'the socket has its place in the container'

done_testing
