#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""at_terminal.py CUE KEYS COMMAND...: a person at a terminal of 33 lines and 101 columns.

Types KEYS (with \\n, \\x1d and so on) once CUE is seen, for 20 seconds at most. "|" parts several: the second KEYS are
typed once the second CUE is seen behind the first, and so on. Prints what was seen, then the exit
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
    cues = sys.argv[1].encode().split(b"|")
    keys = [key.encode().decode("unicode_escape").encode("latin-1") for key in sys.argv[2].split("|")]
    command = sys.argv[3:]
    master, peer = make_terminal()
    before = termios.tcgetattr(peer)
    child = start(peer, command)
    seen, end, behind, step = b"", time.monotonic() + LIMIT, 0, 0
    while child.poll() is None and time.monotonic() < end:
        if select.select([master], [], [], 0.1)[0]:
            seen += os.read(master, 65536)
        if step < len(keys) and keys[step] and cues[step] in seen[behind:]:
            behind = seen.index(cues[step], behind) + len(cues[step])
            os.write(master, keys[step])
            step += 1
    late = child.poll() is None
    if late:
        child.kill()
    while select.select([master], [], [], 0)[0]:
        seen += os.read(master, 65536)
    print(seen.decode(errors="replace").replace("\r", ""))
    print("status", "late" if late else child.wait(), "restored" if termios.tcgetattr(peer) == before else "changed")


main()
