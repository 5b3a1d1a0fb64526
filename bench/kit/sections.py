# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is measured, section by section. A section gives its rows; how they are shown is report.py's business."""
import os
import shutil
import subprocess

from kit import archives
from kit import contestants as who
from kit import guests
from kit import images
from kit import machines
from kit import network
from kit import runs
from kit.place import BENCH, Unable

TRUE = ["/usr/bin/true"]
BARE = ["/usr/bin/payload", "exit", "0"]
PROOF = ["/usr/bin/payload", "exit", str(runs.PROOF_STATUS)]
MEGABYTES = 32
PIPE_MEGABYTES = 512  # where no terminal is on the way
IDLE_S = 5


class Section:
    def __init__(self, name, title, columns, rows):
        self.name, self.title, self.columns, self.rows = name, title, columns, rows


class Bench:
    """What all sections share: the place, who takes part, how long, and numbers no container has had yet."""

    def __init__(self, place, rounds, is_quick, progress):
        self.place, self.rounds, self.is_quick, self.progress = place, rounds, is_quick, progress
        self.contestants = who.everybody(place)
        self.number = 0

    def next_number(self):
        self.number += 1
        return self.number

    def rounds_or(self, usual, quick):
        return self.rounds if self.rounds else quick if self.is_quick else usual

    def present(self):
        return [c for c in self.contestants if not c.absent]


def start_rows(bench, kind, payload):
    rows = []
    for one in bench.present():
        if one.command(bench.place, kind, payload, 0) is None:
            continue

        def once(words, expected, one=one):
            command = one.command(bench.place, kind, words, bench.next_number())
            return runs.start(bench.place, one, command, expected=expected)

        def timed(once=once):
            once(payload, 0)
            return once(payload, 0)

        rows.append(runs.Row(one.name, timed, lambda once=once: once(PROOF, runs.PROOF_STATUS)))
    return rows


def starts(name, title, kind, payload=None, usual=40):
    def measure(bench):
        rows = start_rows(bench, kind, payload or TRUE)
        runs.interleave(rows, bench.rounds_or(usual, 10), bench.progress, spares_slow=True)
        return Section(name, title, "starts", rows)

    return measure


def concurrent(bench):
    """Whole batches, each container in a cgroup and under a name of its own."""
    rows = []
    for one in bench.present():
        command = one.command(bench.place, "net", TRUE, "{}")
        if command is None:
            continue

        def batch(one=one, command=command):
            return runs.start(bench.place, one, command, [f"--count={who.MANY}", "--workers=2"])

        rows.append(runs.Row(one.name, batch))
    runs.interleave(rows, bench.rounds_or(5, 2), bench.progress)
    return Section("concurrent", f"{who.MANY} starts by two workers, private network, whole batch", "starts", rows)


def syscalls(bench):
    """What strace counts; it is not interleaved, for counts do not depend on the machine's mood."""
    if not shutil.which("strace"):
        raise Unable("'strace' is not installed")
    rows = []
    for kind in ("plain", "net", "ephemeral"):
        for one in bench.present():
            command = one.command(bench.place, kind, TRUE, f"s{kind}")
            if command is None:
                continue

            def count(one=one, command=command):
                cgroup = bench.place.make_cgroup()
                try:
                    done = subprocess.run(["sh", "-c", 'echo 0 >"$0/cgroup.procs"; exec "$@"', str(cgroup),
                                           str(BENCH / "syscalls"), *command], text=True, capture_output=True,
                                          timeout=runs.RUN_LIMIT_S, env={**os.environ, **one.environment}, check=False)
                finally:
                    bench.place.remove_cgroup(cgroup)
                if done.returncode != 0:
                    raise Unable(f"exit status {done.returncode}")
                calls, clones = done.stdout.split()
                return {"calls": int(calls), "clones": int(clones)}

            rows.append(runs.Row(f"{one.name}, {kind}", count))
    runs.interleave(rows, 0, bench.progress)
    return Section("syscalls", "System calls and clones of a start of true, payload included", "syscalls", rows)


def hold(bench):
    """Idle containers held at the same time: the memory of all that is not the payload, and how often it wakes."""
    rows = []
    count = 20 if bench.is_quick else 100
    for one in bench.present():
        command = one.command(bench.place, "net", ["/usr/bin/payload", "hold"], 0)
        if command is None:
            continue

        def held(one=one):
            numbers = [bench.next_number() for _ in range(count)]
            with guests.Held(bench.place, one, numbers) as all_of_them:
                return all_of_them.measure(IDLE_S)

        rows.append(runs.Row(one.name, held))
    runs.interleave(rows, 0, bench.progress)
    return Section("hold", f"{count} idle containers held: what is not payload, for each container", "hold", rows)


def enterers(bench, has_terminal, number, leader):
    """Who can run a program in a container of ours that runs already: the words in front of it."""
    terminal = ["-t"] if has_terminal else []
    words = {"redd": [*who.ours()[:-1], "exec", *terminal, f"n{number}", "--"],
             "floor": [str(bench.place.bin / "enter"), *(["--terminal"] if has_terminal else []), str(leader)]}
    if not has_terminal and shutil.which("nsenter"):
        words["nsenter"] = [shutil.which("nsenter"), "--target", str(leader), "--all", "--"]
    return words


def enters(name, title, has_terminal):
    def measure(bench):
        ours = next(c for c in bench.contestants if c.name == "redd")
        if ours.absent:
            raise Unable(ours.absent)
        number, rows = bench.next_number(), []
        with guests.Held(bench.place, ours, [number]) as held:
            leader = held.payloads()[0]
            for one, words in enterers(bench, has_terminal, number, leader).items():

                def once(payload, expected, words=words):
                    return runs.start(bench.place, ours, [*words, *payload], expected=expected)

                def timed(once=once):
                    once(TRUE, 0)
                    return once(TRUE, 0)

                rows.append(runs.Row(one, timed, lambda once=once: once(PROOF, runs.PROOF_STATUS)))
            runs.interleave(rows, bench.rounds_or(60, 15), bench.progress)
        return Section(name, title, "starts", rows)

    return measure


def full_host(bench):
    return Section("list", f"redd list with {machines.COUNT} machines", "starts", machines.rows(bench))


def full_folder(bench):
    return Section("images", f"Verbs on {images.COUNT} images", "starts", images.rows(bench))


def boot(bench):
    """Debian to its default target and off again, each time from the same settled state."""
    tree, floor = guests.DebianTree(bench.place), bench.contestants[0]
    guests.boot_once(bench, floor, tree, tree.settle)
    rows = []
    for one in bench.present():
        if one.boot(bench.place, tree.cell, bench.place.cgroup, None):
            rows.append(runs.Row(one.name, lambda one=one: guests.boot_once(bench, one, tree, tree.fresh)))
    runs.interleave(rows, bench.rounds_or(12, 3), bench.progress)
    tree.remove()
    return Section("boot", "Debian: boot to ready, power-off", "boot", rows)


def of_network(name, measure):
    return lambda bench: Section(name, *measure(bench))


def spew(megabytes):
    return ["/usr/bin/payload", "spew", str(megabytes)]


def console_rows(bench):
    place = bench.place

    def row(name, megabytes, make, is_pipe=False, one=None):
        def stream():
            cgroup = place.make_cgroup()
            words = [f"--megabytes={megabytes}"] + (["--pipe"] if is_pipe else [])
            try:
                speed, cpu, status = runs.tool(place, "console", words, make(), cgroup, one.environment if one else {})
            finally:
                place.remove_cgroup(cgroup)
            if status != 0:
                raise Unable(f"exit status {status:.0f}")
            return {"speed": speed, "cpu": cpu}

        rows.append(runs.Row(name, stream))

    rows = []
    direct = [str(place.bin / "payload"), *spew(MEGABYTES)[1:]]
    script = shutil.which("script")
    row("direct, terminal", MEGABYTES, lambda: direct)
    row("direct, pipe", PIPE_MEGABYTES, lambda: [direct[0], *spew(PIPE_MEGABYTES)[1:]], True)
    row("relay", MEGABYTES, lambda: [str(place.bin / "relay"), *direct])
    if script:
        row("script", MEGABYTES, lambda: [script, "-qec", " ".join(direct), "/dev/null"])
    for one in bench.present():
        if isinstance(one, who.Nspawn):
            for console_kind, megabytes, is_pipe in (("terminal", MEGABYTES, False), ("pipe", PIPE_MEGABYTES, True),
                                                     ("read-only", MEGABYTES, True)):
                row(f"{one.name}, {console_kind}", megabytes, lambda one=one, c=console_kind, m=megabytes: one.command(
                    place, "plain", spew(m), bench.next_number(), c), is_pipe, one)
        if isinstance(one, who.OciRuntime):
            row(f"{one.name}, terminal", MEGABYTES, lambda one=one: one.command(
                place, "net", spew(MEGABYTES), bench.next_number(), True), False, one)
    return rows


def console(bench):
    rows = console_rows(bench)
    runs.interleave(rows, bench.rounds_or(7, 3), bench.progress)
    title = f"{MEGABYTES} MiB of lines ({PIPE_MEGABYTES} on a pipe), every byte compared"
    return Section("console", title, "console", rows)


def of_archives(measure):
    return lambda bench: Section(*measure(bench))


ALL = {
    "start": starts("start", "Start to exit of /usr/bin/true", "plain"),
    "start-bare": starts("start-bare", "The same, with a payload that weighs nothing", "plain", BARE),
    "start-net": starts("start-net", "With a private network", "net"),
    "start-veth": starts("start-veth", "With a veth pair", "veth", usual=20),
    "ephemeral": starts("ephemeral", "Ephemeral, on the file system of the work folder", "ephemeral", usual=20),
    "volatile": starts("volatile", "Volatile", "volatile", usual=20),
    "map": starts("map", "User namespace, owners mapped", "map", usual=20),
    "map-net": starts("map-net", "User namespace, owners mapped, private network", "map-net", usual=20),
    "image": starts("image", "From a disk image, ext4 in a file", "image", usual=20),
    "syscalls": syscalls,
    "concurrent": concurrent,
    "hold": hold,
    "enter": enters("enter", "Into a running container: exec of /usr/bin/true", False),
    "enter-terminal": enters("enter-terminal", "The same, at a terminal", True),
    "list": full_host,
    "images": full_folder,
    "boot": boot,
    "console": console,
    "cable": of_network("cable", network.cable),
    "network": of_network("network", network.speed),
    "import": of_archives(archives.imports("import", "A Debian tree as an archive into a tmpfs", False,
                                       [".tar", ".tar.zst", ".tar.gz", ".tar.xz"], 5)),
    "import-disk": of_archives(archives.imports("import-disk", "The same into an ext4 file system on the disk, and written "
                                            "out", True, [".tar"], 7)),
    "export": of_archives(archives.exports),
}
