# SPDX-License-Identifier: LGPL-2.1-or-later
"""Single measurements, and their interleaving: each round runs every contestant once, in an order of its own.

What a container leaves for the kernel to take apart, the next start can pay for. A pause does not help: on virtual
machines a processor left idle takes longer to wake than a start takes. So each timed start comes after one that is not
timed, of the same contestant: nobody pays for another.

A contestant must first prove that the payload's exit status comes through it; one that fails then, or later, drops out
with its reason.
"""
import os
import random
import statistics
import subprocess

from kit.place import Unable

PROOF_STATUS = 42
SLOW_US = 300000  # such contestants take part in every fifth round only
SLOW_EVERY = 5
RUN_LIMIT_S = 120


class Row:
    """A contestant in a section, and what was measured of it."""

    def __init__(self, name, measure, prove=None):
        self.name, self.measure, self.prove = name, measure, prove
        self.samples = []  # dictionaries of figures
        self.failure = None

    def values(self, figure):
        return [s[figure] for s in self.samples if s.get(figure) is not None]

    def least(self, figure):
        return min(self.values(figure), default=None)

    def median(self, figure):
        values = self.values(figure)
        return statistics.median(values) if values else None

    def is_slow(self):
        return bool(self.samples) and self.samples[0].get("wall", 0) > SLOW_US


def tool(place, name, words, command, cgroup, environment):
    """One run of a timing program; its numbers."""
    place.log.write_text("")
    try:
        done = subprocess.run([str(place.bin / name), *words, f"--cgroup={cgroup}", "--", *command], text=True,
                              capture_output=True, timeout=RUN_LIMIT_S, cwd="/", check=False,
                              env={**os.environ, **environment})
    except subprocess.TimeoutExpired as late:
        raise Unable(f"does not end within {RUN_LIMIT_S} s") from late
    if done.returncode != 0:
        raise Unable(f"{done.stderr.strip()} {place.log_tail()}".strip())
    return [float(word) for word in done.stdout.split()]


def start(place, contestant, command, words=(), expected=0):
    """One start, or with WORDS a batch of them."""
    cgroup = place.make_cgroup()
    try:
        wall, cpu, faults, status = tool(place, "starts", [f"--log={place.log}", *words], command, cgroup,
                                         contestant.environment)
    finally:
        place.remove_cgroup(cgroup)
    if status != expected:
        raise Unable(f"exit status {status:.0f} instead of {expected}: {place.log_tail()}")
    return {"wall": wall, "cpu": cpu, "faults": faults}


def interleave(rows, rounds, progress, spares_slow=False):
    """Fills the rows. One round more, the first, warms caches and does not count; unless ROUNDS is 0."""
    order = random.Random(len(rows))
    for row in rows:
        if row.prove:
            attempt(row, row.prove)
    for number in range(rounds + 1):
        progress(number, rounds)
        for row in order.sample(rows, len(rows)):
            is_spared = spares_slow and row.is_slow() and number % SLOW_EVERY != 0
            sample = None if row.failure or is_spared else attempt(row, row.measure)
            if sample and (number > 0 or rounds == 0):
                row.samples.append(sample)


def attempt(row, action):
    try:
        return action()
    except (Unable, OSError, subprocess.SubprocessError) as failure:
        row.failure = str(failure)
        return None
