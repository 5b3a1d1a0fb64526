#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A verb that lasts says so at a terminal, after a second, and takes the line away; elsewhere it says nothing.
. "${0%/*}/../../lib/lib.sh"
begin
needs python3
tree_busybox "$WORK/web"
# its init is deaf to all requests
printf '%s\n' 'trap "" TERM INT RTMIN+3 RTMIN+4' >"$WORK/web/etc/rc"

# at_terminal COMMAND... : prints what it writes to a terminal, control characters in Python's way
at_terminal() {
        timeout 60 python3 - "$@" <<'END'
import os, pty, sys
os.environ["TERM"] = "xterm"
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
said = b""
while True:
    try:
        more = os.read(terminal, 4096)
    except OSError:
        break
    if not more:
        break
    said += more
print(repr(said)[2:-1], os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
}

boot web --kill-signal=SIGRTMIN+3
out=$(at_terminal "$REDD" wait --for=stopped --timeout=3 web)
like "$out" '\\rredd wait web: 1 s\\x1b\[K\\r' 'after a second there is a line'
like "$out" 'redd wait web: 2 s\\x1b\[K\\r' 'and it counts'
like "$out" 's\\x1b\[K\\r\\r\\x1b\[K.*R[0-9]{4}.* 1$' 'it is gone before anything else is said'
unlike "$(at_terminal "$REDD" wait -q --for=stopped --timeout=2 web)" 'wait web: 1 s' 'who wants quiet has it'
run "$REDD" wait --for=stopped --timeout=2 web
unlike "$out$err" ' 1 s' 'who is no terminal is not told'
unlike "$(at_terminal "$REDD" list)" ' 1 s' 'nor is one told of what does not last'
out=$(at_terminal "$BUILD/compat/machinectl" poweroff web)
is "${out##* }" 0 'it powers off'
stop=$supervisor
await_end "$stop"

# what ends before its verb does leaves no process behind: done_testing looks
boot web
python3 - "$REDD" <<'END'
import os, pty, signal, sys, time
os.environ["TERM"] = "xterm"
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], [sys.argv[1], "wait", "--for=stopped", "web"])
said = b""
while b"1 s" not in said:
    said += os.read(terminal, 4096)
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
try:
    while os.read(terminal, 4096):
        pass
except OSError:
    pass
END
stop
done_testing
