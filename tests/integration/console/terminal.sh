#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A person at a terminal: window size, keys that end a container, and the terminal as it was afterwards.
. "${0%/*}/../../lib/lib.sh"
needs python3
begin
tree_busybox "$WORK/tree"

# at-terminal.py KEYS COMMAND...: runs it at a terminal of 33 x 101; types KEYS once "ready" is seen; prints what was seen,
# the status, and whether the terminal's settings are what they were
cat >at-terminal.py <<'END'
import fcntl, os, pty, select, struct, subprocess, sys, termios, time
keys = sys.argv[1].encode().decode("unicode_escape").encode("latin-1")
master, peer = pty.openpty()
fcntl.ioctl(peer, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))
before = termios.tcgetattr(peer)
child = subprocess.Popen(sys.argv[2:], stdin=peer, stdout=peer, stderr=peer, start_new_session=True,
                         preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), env={**os.environ, "TERM": "vt220"})
seen, end, typed = b"", time.monotonic() + 20, not keys
while child.poll() is None and time.monotonic() < end:
    if select.select([master], [], [], 0.1)[0]:
        seen += os.read(master, 65536)
    if not typed and b"ready" in seen:
        os.write(master, keys)
        typed = True
late = child.poll() is None
if late:
    child.kill()
while select.select([master], [], [], 0)[0]:
    seen += os.read(master, 65536)
print(seen.decode(errors="replace").replace("\r", ""))
print("status", "late" if late else child.wait(), "restored" if termios.tcgetattr(peer) == before else "changed")
END
at_terminal() {
        at_keys=$1
        shift
        run python3 at-terminal.py "$at_keys" "$REDD" run -q -D "$WORK/tree" -M tiny "$@"
}

at_terminal '' sh -c 'stty size; tty; echo $TERM; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all; exit 6'
like "$out" '^33 101$' 'the window has the size of the terminal'
like "$out" '^/dev/(console|pts/0)$' 'the terminal is one of the container'
like "$out" '^vt220$' 'of the type of the caller'\''s'
like "$out" '^all$' 'for all three streams'
like "$out" '^status 6 restored$' 'the status arrives, and the terminal is as it was'
at_terminal '\x1d\x1d\x1d' sh -c 'echo ready; sleep 1000'
like "$out" '^status 1 restored$' '^] three times ends it'
at_terminal 'hello\n' sh -c 'echo ready; read line; echo "got $line"'
like "$out" '^got hello$' 'what is typed arrives'
at_terminal '\x03' sh -c 'trap "echo interrupted; exit 9" INT; echo ready; while :; do sleep 1; done'
like "$out" '^status 9 restored$' '^C is for the payload'
at_terminal '\x01' --console-escape=^A sh -c 'echo ready; read -n 1 x; exit 4'
like "$out" 'restored$' 'another key may be the one'
at_terminal 'typed\n' --console=read-only sh -c 'echo ready; read -t 1 line; echo "got ${line:-nothing}"'
like "$out" '^got nothing$' 'a read-only console shows, and does not listen'
like "$out" '^status 0 restored$' 'and ends as it should'
at_terminal '' --console=passive sh -c 'i=0; while [ $i -lt 3000 ]; do echo line $((i+=1)); done; exit 3'
like "$out" '^status 3 restored$' 'a passive one is nobody'\''s, and makes nobody wait'
unlike "$out" '^line 1$' 'what it says is seen by nobody'
like "$out" '^line 3000$' 'but for its last words'
at_terminal '' --pipe sh -c 'tty; stty size; exit 2'
like "$out" '^status 2 restored$' 'with --pipe the terminal is the payload'\''s own'
like "$out" '^33 101$' 'with its size'
at_terminal '' --as-pid2 sh -c 'ps -o pid,tty,args | grep -c "[s]h -c"; exit 5'
like "$out" '^status 5 restored$' 'below the stub init as well'

is "$(printf 'a\nb\n' | timeout 10 "$REDD" run -q -D "$WORK/tree" -M tiny --console=interactive sh -c 'cat >/dev/null; echo end' | tr -d '\r' | tail -n 1)" end \
        'the end of a pipe is the end of the input'
head -c 300000 /dev/urandom >"$WORK/data"
is "$("$REDD" run -q -D "$WORK/tree" -M tiny --pipe cat <"$WORK/data" | cksum)" "$(cksum <"$WORK/data")" 'a pipe changes no byte'

done_testing
