# SPDX-License-Identifier: LGPL-2.1-or-later
"""What we want to reach, as arithmetic on a finished run. Ratios are of minimums, or for speeds of maximums."""
from kit.report import find, most


class Goal:
    def __init__(self, text, limit, is_upper, is_stretch, measure):
        self.text, self.limit, self.is_upper, self.is_stretch = text, limit, is_upper, is_stretch
        self.measure = measure

    def met(self, value):
        return value <= self.limit if self.is_upper else value >= self.limit


def of(section, name, figure, pick):
    def value(results):
        row = find(results.get(section), name)
        if not row:
            return None
        return most(row, figure) if pick == "most" else row.least(figure)

    return value


def quotient(upper, lower):
    def value(results):
        above, below = upper(results), lower(results)
        return above / below if above is not None and below else None

    return value


def least(section, name, figure="wall"):
    return of(section, name, figure, "least")


def speed(name, section="console"):
    return of(section, name, "speed", "most")


def difference(upper, lower):
    def value(results):
        above, below = upper(results), lower(results)
        return above - below if above is not None and below is not None else None

    return value


def scaled(value, factor):
    def result(results):
        found = value(results)
        return None if found is None else found * factor

    return result


def at_most(text, limit, measure, is_stretch=False):
    return Goal(text, limit, True, is_stretch, measure)


def at_least(text, limit, measure):
    return Goal(text, limit, False, False, measure)


def to_floor(section, floor, figure="wall"):
    return quotient(least(section, "redd", figure), least(section, floor, figure))


def to_other(section, other, suffix):
    return quotient(least(section, f"redd, {suffix}"), least(section, f"{other}, {suffix}"))


GOALS = [
    at_most("start, times the five-filter floor", 1.25, to_floor("start", "floor-5")),
    at_most("start, cpu, times the five-filter floor", 1.25, to_floor("start", "floor-5", "cpu")),
    at_most("start, times the one-filter floor", 1.15, to_floor("start", "floor"), is_stretch=True),
    at_least("start with a private network, times faster than crun", 2.5,
             quotient(least("start-net", "crun"), least("start-net", "redd"))),
    at_least("start with a private network, times faster than bwrap", 1.0,
             quotient(least("start-net", "bwrap"), least("start-net", "redd"))),
    at_most("ephemeral, times the five-filter floor", 1.25, to_floor("ephemeral", "floor-5")),
    at_most("ephemeral, times the one-filter floor", 1.15, to_floor("ephemeral", "floor"), is_stretch=True),
    at_most("start from a disk image, times mount and chroot by hand", 1.5,
            quotient(least("image", "redd"), least("image", "chroot"))),
    at_most("start from a disk image, times the floor", 1.5, to_floor("image", "floor"), is_stretch=True),
    at_most("system calls of a start", 200, least("syscalls", "redd, plain", "calls")),
    at_most("page faults of a start", 75, least("start", "redd", "faults"), is_stretch=True),
    at_most("clones of a start", 1, least("syscalls", "redd, plain", "clones")),
    at_most("50 starts by two workers, times the floor", 1.3, to_floor("concurrent", "floor")),
    at_most("50 starts by two workers, cpu, times the floor", 1.3, to_floor("concurrent", "floor", "cpu")),
    at_most("supervisor PSS, KiB", 64, least("hold", "redd", "pss")),
    at_most("supervisor private memory, KiB", 48, least("hold", "redd", "private")),
    at_most("wake-ups of all idle supervisors", 0, least("hold", "redd", "wakes")),
    at_most("exec in a running container, times the floor", 1.3, to_floor("enter", "floor")),
    at_most("exec at a terminal, times the floor", 1.5, to_floor("enter-terminal", "floor")),
    at_most("list with 1000 machines of all kinds, ms", 20, scaled(least("list", "all kinds"), 0.001)),
    at_most("list-images with 1000 images, ms", 50, scaled(least("images", "list-images"), 0.001)),
    at_most("du with 1000 images, ms", 50, scaled(least("images", "du"), 0.001)),
    at_most("boot to ready, times the floor", 1.05, to_floor("boot", "floor")),
    at_most("power-off, times the floor", 1.1, to_floor("boot", "floor", "off")),
    at_most("supervisor cpu of a boot, ms", 10, scaled(least("boot", "redd", "own"), 0.001)),
    at_least("console, times the bare relay's speed", 1.0, quotient(speed("redd, terminal"), speed("relay"))),
    at_least("console on a pipe, times the speed without any container", 0.95,
             quotient(speed("redd, pipe"), speed("direct, pipe"))),
    at_most("addresses, NAT and a forward, ms over a bare cable", 1.0,
            scaled(difference(least("cable", "redd, network and forward", "ready"),
                              least("cable", "redd, bare cable", "ready")), 0.001)),
    at_least("a forward, times the speed of a routed way without any packet filter", 0.95,
             quotient(speed("redd, forward", "network"), speed("routed, no packet filter", "network"))),
    at_least("a forward from ::1, times the speed of socat", 4.0,
             quotient(speed("redd, forward from ::1", "network"), speed("socat from ::1", "network"))),
    at_most("import of .tar, times a plain unpacker", 1.25, to_other("import", "plain unpacker", ".tar")),
    at_most("import of .tar.zst, times the decoder alone", 1.3, to_other("import", "decoder alone", ".tar.zst")),
    at_most("import of .tar.gz, times systemd-import", 0.8, to_other("import", "systemd-import", ".tar.gz")),
    at_most("import of .tar.gz, times the reference", 0.8, to_other("import", "reference", ".tar.gz")),
    at_most("import of .tar.xz, times the reference", 1.0, to_other("import", "reference", ".tar.xz")),
    at_most("import of .tar onto disk, times GNU tar", 1.0, to_other("import-disk", "GNU tar", ".tar")),
    at_most("export as .tar.gz, times GNU tar and pigz", 1.05, to_other("export", "GNU tar and pigz", ".tar.gz")),
    at_most("export as .tar.zst, times GNU tar and zstd", 1.0, to_other("export", "GNU tar and zstd", ".tar.zst")),
]


def judge(results):
    """Rows for a table, and how many goals were missed; a stretch goal cannot be."""
    rows, missed = [["", "goal", "measured", ""]], 0
    for goal in GOALS:
        value = goal.measure(results)
        if value is None:
            continue
        verdict = "met" if goal.met(value) else "stretch, not yet" if goal.is_stretch else "MISSED"
        missed += verdict == "MISSED"
        sign = "at most" if goal.is_upper else "at least"
        rows.append([goal.text, f"{sign} {goal.limit:g}", f"{value:.2f}", verdict])
    return rows, missed
