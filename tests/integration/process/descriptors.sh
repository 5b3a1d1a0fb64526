#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a payload inherits of its caller: sockets that were meant for it, and nothing else.
# sanitized too
. "${0%/*}/../../lib/lib.sh"
needs python3
begin
tree_busybox "$WORK/tree"

# call PYTHON OPTION...: runs the container after PYTHON has prepared this process
cat >call.py <<'END'
import os, signal, socket, sys
prepare, argv = sys.argv[1], sys.argv[2:]
exec(prepare)
os.execv(argv[0], argv)
END
call() {
        call_prepare=$1
        shift
        run python3 call.py "$call_prepare" "$REDD" run -q --pipe -D "$WORK/tree" -M tiny "$@"
}

show='for fd in /proc/self/fd/*; do readlink $fd | sed "s|^|${fd##*/} |"; done'
call '' sh -c "$show"
unlike "$out" '^([3-9]|[1-9][0-9]) (socket|/|anon|/var)' 'a command has its three streams and nothing else'
call 'f = os.open("/etc/passwd", os.O_RDONLY); [os.dup2(f, n) for n in (3, 4, 9, 77, 500)]' sh -c "$show"
unlike "$out" passwd 'files of the caller stay outside'

listen='s = [socket.socket(socket.AF_UNIX) for _ in range(2)]
for i, one in enumerate(s):
    os.dup2(one.fileno(), 40 + i)
for i in range(2):
    os.dup2(40 + i, 3 + i)
os.dup2(os.open("/etc/passwd", os.O_RDONLY), 5)
os.environ.update(LISTEN_FDS="2", LISTEN_FDNAMES="web:api", LISTEN_PID=%s)'
# shellcheck disable=SC2059
call "$(printf "$listen" 'str(os.getpid())')" sh -c "echo \$LISTEN_FDS \$LISTEN_PID \$LISTEN_FDNAMES; $show"
like "$out" '^2 1 web:api$' 'sockets that were passed to us are handed on, for PID 1'
like "$out" '^3 socket:' 'the first'
like "$out" '^4 socket:' 'and the second'
unlike "$out" passwd 'but not what lies behind them'
# shellcheck disable=SC2059
call "$(printf "$listen" '"1"')" sh -c "echo \$LISTEN_FDS.; $show"
like "$out" '^\.$' 'sockets for somebody else are not'
unlike "$out" '^3 socket:' 'and closed'

call 'for n in (1, 2, 3, 10, 12, 13, 15, 17, 20, 21, 22): signal.signal(n, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))' cat /proc/self/status
is "$(printf '%s\n' "$out" | sed -n 's/^Sig\(Ign\|Blk\):[[:space:]]*//p' | sort -u)" 0000000000000000 \
        'signals that the caller ignores or blocks work inside'
call 'for n in (1, 2, 3, 15, 17): signal.signal(n, signal.SIG_IGN)' --as-pid2 sh -c 'grep SigIgn /proc/self/status; (exit 3) & wait $!; exit $?'
is "$status" 3 'below the stub init as well'
like "$out" '0000000000000000$' 'none is ignored'

# --as-pid2: orphans are reaped
call '' --as-pid2 sh -c '
        for i in 1 2 3 4 5; do sh -c "sh -c \"helper pause 1000\" & exit 0"; done
        n=0
        while [ "$(ps -o stat,ppid,comm | grep -c " 1 ")" -gt 2 ] && [ $n -lt 200 ]; do n=$((n + 1)); helper pause 10000; done
        ps -o stat | grep -c "^Z"'
is "$out" 0 'the stub init reaps whom nobody else does'

done_testing
