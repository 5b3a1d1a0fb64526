#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""streams.py REDD MACHINE N: N random streams through `REDD exec MACHINE`; 1 when one comes back otherwise.

Sizes are spread evenly over their logarithm, up to a MiB, with those around the size of a pipe more often. Every second
stream goes to the standard error as well, whose bytes must be the same, and ends with a status that must arrive.
"""
import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

EDGES = (0, 1, 4095, 4096, 4097, 65535, 65536, 65537, 131072)


def size(numbers):
    if numbers.random() < 0.1:
        return numbers.choice(EDGES)
    return int(2 ** (numbers.random() * 20))


def one(job):
    redd, machine, seed = job
    numbers = random.Random(seed)
    data = numbers.randbytes(size(numbers))
    if seed % 2:
        command, wanted, errors = ["cat"], 0, b""
    else:
        wanted = numbers.randrange(256)
        command, errors = ["sh", "-c", f"tee /dev/stderr; exit {wanted}"], data
    try:
        done = subprocess.run([redd, "exec", machine, "--", *command], input=data, capture_output=True, timeout=60)
    except subprocess.TimeoutExpired:
        return len(data), f"stream {seed}: hangs ({len(data)} bytes, {command})"
    if (done.returncode, done.stdout, done.stderr) == (wanted, data, errors):
        return len(data), ""
    return len(data), (f"stream {seed}: {len(data)} bytes in, {len(done.stdout)} and {len(done.stderr)} out, "
                       f"status {done.returncode}, wanted {wanted}: {done.stderr[-200:] if not errors else b''}")


def main():
    redd, machine, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    begin, total, wrong = time.monotonic(), 0, []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for length, complaint in pool.map(one, ((redd, machine, seed) for seed in range(count))):
            total += length
            if complaint:
                wrong.append(complaint)
    print("\n".join(wrong[:20]))
    print(f"{count} streams, {total >> 20} MiB, {len(wrong)} wrong, {time.monotonic() - begin:.0f} s")
    return 1 if wrong else 0


sys.exit(main())
