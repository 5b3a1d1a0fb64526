#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""at_terminal.py CUE KEYS COMMAND...: a person at a terminal of 33 lines and 101 columns.

Types KEYS (with \\n, \\x1d and so on) once CUE is seen, for 20 seconds at most. Prints what was seen, then the exit
status and whether the terminal's settings are what they were."""
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time

LIMIT = 20


def make_terminal():
    master, peer = pty.openpty()
    fcntl.ioctl(peer, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))
    return master, peer


def start(peer, command):
    return subprocess.Popen(command, stdin=peer, stdout=peer, stderr=peer, start_new_session=True,
                            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                            env={**os.environ, "TERM": "vt220"})


def main():
    cue, keys, command = sys.argv[1].encode(), sys.argv[2].encode().decode("unicode_escape").encode("latin-1"), sys.argv[3:]
    master, peer = make_terminal()
    before = termios.tcgetattr(peer)
    child = start(peer, command)
    seen, end, typed = b"", time.monotonic() + LIMIT, not keys
    while child.poll() is None and time.monotonic() < end:
        if select.select([master], [], [], 0.1)[0]:
            seen += os.read(master, 65536)
        if not typed and cue in seen:
            os.write(master, keys)
            typed = True
    late = child.poll() is None
    if late:
        child.kill()
    while select.select([master], [], [], 0)[0]:
        seen += os.read(master, 65536)
    print(seen.decode(errors="replace").replace("\r", ""))
    print("status", "late" if late else child.wait(), "restored" if termios.tcgetattr(peer) == before else "changed")


main()
