# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tables, and the goals beside what was measured."""

FLOORS = ("floor", "floor-5")


def number(value, scale=1.0, digits=2):
    return "-" if value is None else f"{value / scale:.{digits}f}"


def ratio(value, base):
    return "-" if not value or not base else f"{value / base:.2f}"


def find(section, name):
    for row in section.rows if section else ():
        if row.name == name and row.samples:
            return row
    return None


def starts_table(section):
    floors = [find(section, name) for name in FLOORS]
    yield ["", "ms min", "med", "cpu min", "faults", "x floor min", "med", "x floor-5 min", "med", "runs"]
    for row in section.rows:
        wall, middle = row.least("wall"), row.median("wall")
        cells = [row.name, number(wall, 1000), number(middle, 1000), number(row.least("cpu"), 1000),
                 number(row.least("faults"), 1, 0)]
        for floor in floors:
            cells += [ratio(wall, floor and floor.least("wall")), ratio(middle, floor and floor.median("wall"))]
        yield [*cells, str(len(row.samples))]


def boot_table(section):
    floor = find(section, "floor")
    yield ["", "ready ms min", "med", "x floor", "READY=1 min", "off min", "med", "x floor", "own cpu", "cpu min",
           "runs"]
    for row in section.rows:
        yield [row.name, number(row.least("wall"), 1000, 0), number(row.median("wall"), 1000, 0),
               ratio(row.least("wall"), floor and floor.least("wall")), number(row.least("notified"), 1000, 0),
               number(row.least("off"), 1000, 0), number(row.median("off"), 1000, 0),
               ratio(row.least("off"), floor and floor.least("off")), number(row.least("own"), 1000, 1),
               number(row.least("cpu"), 1000, 0), str(len(row.samples))]


def hold_table(section):
    yield ["", "processes", "RSS KiB", "PSS KiB", "private KiB", "wake-ups of all"]
    for row in section.rows:
        yield [row.name, *[number(row.median(f), 1, d) for f, d in
                           (("processes", 1), ("rss", 0), ("pss", 1), ("private", 1), ("wakes", 0))]]


def syscalls_table(section):
    yield ["", "system calls", "clones"]
    for row in section.rows:
        yield [row.name, number(row.least("calls"), 1, 0), number(row.least("clones"), 1, 0)]


def most(row, figure):
    return max(row.values(figure), default=None) if row else None


def console_table(section):
    relay = most(find(section, "relay"), "speed")
    pipe = most(find(section, "direct, pipe"), "speed")
    yield ["", "MB/s max", "med", "x relay", "x direct pipe", "cpu ms min"]
    for row in section.rows:
        best = most(row, "speed")
        yield [row.name, number(best, 1, 0), number(row.median("speed"), 1, 0), ratio(best, relay), ratio(best, pipe),
               number(row.least("cpu"), 1000, 0)]


def ready_table(section):
    bare = find(section, "redd, bare cable")
    yield ["", "ready ms min", "med", "over bare", "end ms min", "med", "cpu min", "runs"]
    for row in section.rows:
        ready = row.least("ready")
        over = None if ready is None or not bare else ready - bare.least("ready")
        yield [row.name, number(ready, 1000), number(row.median("ready"), 1000), number(over, 1000),
               number(row.least("wall"), 1000), number(row.median("wall"), 1000), number(row.least("cpu"), 1000),
               str(len(row.samples))]


def network_table(section):
    routed = most(find(section, "routed, no packet filter"), "speed")
    yield ["", "Gbit/s max", "med", "x routed"]
    for row in section.rows:
        best = most(row, "speed")
        yield [row.name, number(best), number(row.median("speed")), ratio(best, routed)]


def archives_table(section):
    yield ["", "ms min", "med", "cpu min", "runs"]
    for row in section.rows:
        yield [row.name, number(row.least("wall"), 1000, 0), number(row.median("wall"), 1000, 0),
               number(row.least("cpu"), 1000, 0), str(len(row.samples))]


TABLES = {"starts": starts_table, "boot": boot_table, "hold": hold_table, "syscalls": syscalls_table,
          "console": console_table, "ready": ready_table, "network": network_table, "archives": archives_table}


def show_rows(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        first = row[0].ljust(widths[0])
        print("  ".join([first, *[cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]]).rstrip())


def show_section(section):
    print(f"\n{section.name}: {section.title}")
    show_rows(list(TABLES[section.columns](section)))
    for row in section.rows:
        if row.failure:
            print(f"  {row.name} dropped out: {row.failure}")
