# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that stay: containers held idle, and Debian booted."""
import os
import pathlib
import select
import shlex
import shutil
import subprocess
import time

from kit import runs
from kit.place import Unable, is_below, run

PACKAGES = "systemd,systemd-sysv,dbus"
NO_TREE = "needs a Debian tree: name one in $BENCH_TREE, or install mmdebstrap or debootstrap"
READY_UNIT = """[Unit]
Description=Tell the benchmark that the guest is up
After=multi-user.target

[Service]
Type=oneshot
ExecStart=/usr/bin/payload ready /bench.fifo
"""
TARGET = """[Unit]
Description=What a benchmark boots to
Requires=multi-user.target bench-ready.service
After=multi-user.target bench-ready.service
"""
SETTLE_S = 1
UP_LIMIT_S = 30


def children(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *children(child)]
    return found


def is_payload(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe").endswith("/usr/bin/payload")
    except OSError:
        return False


def field_sum(path, names):
    """The sum of the lines "NAME: NUMBER ..." of a file in /proc."""
    total = 0
    for line in pathlib.Path(path).read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in names:
            total += int(rest.split()[0])
    return total


class Held:
    """Containers, up and idle. Leaving the block ends them by their payload, so that each cleans up after itself."""

    def __init__(self, place, contestant, numbers):
        self.place, self.contestant, self.numbers = place, contestant, numbers
        self.cgroup = place.make_cgroup()
        self.log = place.log.open("wb")  # emptied; theirs to write to
        self.processes = []

    def __enter__(self):
        try:
            for number in self.numbers:
                self._start(number)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self, number):
        own = self.cgroup / str(number)
        own.mkdir()
        command = self.contestant.command(self.place, "net", ["/usr/bin/payload", "hold"], number)
        process = subprocess.Popen(["sh", "-c", 'echo 0 >"$0/cgroup.procs"; exec "$@"', str(own), *command],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log,
                                   env={**os.environ, **self.contestant.environment})
        self.processes.append(process)
        is_heard, _, _ = select.select([process.stdout], [], [], UP_LIMIT_S)
        if not is_heard or process.stdout.readline().strip() != b"up":
            raise Unable(f"container {len(self.processes)} does not come up: {self.place.log_tail()}")

    def measure(self, idle_s):
        keepers = [p for process in self.processes for p in [process.pid, *children(process.pid)] if not is_payload(p)]
        count = len(self.processes)

        def wakes():
            switches = ("voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")
            return sum(field_sum(f"/proc/{p}/status", switches) for p in keepers)

        # Nothing to await: that nothing happens is what is measured, once the last one started has gone to sleep.
        time.sleep(SETTLE_S)
        before = wakes()
        time.sleep(idle_s)
        after = wakes()

        def memory(*names):
            return sum(field_sum(f"/proc/{p}/smaps_rollup", names) for p in keepers) / count

        return {"processes": len(keepers) / count, "rss": memory("Rss"), "pss": memory("Pss"),
                "private": memory("Private_Clean", "Private_Dirty"), "wakes": after - before}

    def payloads(self):
        return [p for process in self.processes for p in children(process.pid) if is_payload(p)]

    def __exit__(self, *_):
        for process in self.processes:
            for pid in children(process.pid):
                if is_payload(pid):
                    os.kill(pid, 9)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
        self.log.close()
        self.place.remove_cgroup(self.cgroup)


def debian_tree():
    """$BENCH_TREE, or a tree made once and kept."""
    given = os.environ.get("BENCH_TREE")
    if given:
        if not (pathlib.Path(given) / "sbin/init").is_symlink():
            raise Unable(f"$BENCH_TREE ({given}) has no init")
        return pathlib.Path(given).resolve()
    suite = os.environ.get("BENCH_SUITE", "bookworm")
    return pathlib.Path(os.environ.get("BENCH_CACHE", "/var/cache/redd-bench")) / f"debian-{suite}"


def make_debian_tree():
    """Needs the machine's network, so it is called before the kit leaves for its own namespace."""
    tree = debian_tree()
    if tree.exists():
        return
    tools = [words for words in (["mmdebstrap", "--quiet"], ["debootstrap"]) if shutil.which(words[0])]
    if not tools:
        raise Unable(NO_TREE)
    fresh = tree.with_name(tree.name + ".new")
    if fresh.exists():
        shutil.rmtree(fresh)
    tree.parent.mkdir(parents=True, exist_ok=True)
    print(f"making a Debian tree in {tree} ...", flush=True)
    suite = tree.name.partition("-")[2]
    try:
        run(*tools[0], "--variant=minbase", f"--include={PACKAGES}", suite, fresh,
            *shlex.split(os.environ.get("BENCH_MIRROR", "")), stdout=subprocess.DEVNULL)
    except subprocess.CalledProcessError as failure:
        raise Unable(f"needs a Debian tree, and {tools[0][0]} cannot make one") from failure
    fresh.rename(tree)


class DebianTree:
    """The tree below an overlay, so that it is never changed: one layer settled by a first boot, one for each boot."""

    def __init__(self, place):
        self.lower = debian_tree()
        if not self.lower.exists():
            raise Unable(NO_TREE)
        self.cell = place.work / "guest"
        self.layer = place.work / "settled"
        self.scratch = place.work / "scratch"
        for folder in (self.cell, self.layer, self.scratch):
            folder.mkdir()
        run("mount", "-t", "tmpfs", "-o", "mode=755", "scratch", self.scratch)
        units = self.layer / "etc/systemd/system"
        units.mkdir(parents=True)
        (units / "bench-ready.service").write_text(READY_UNIT)
        (units / "bench.target").write_text(TARGET)
        (units / "default.target").symlink_to("bench.target")
        (self.layer / "usr/bin").mkdir(parents=True)
        shutil.copy(place.tree / "usr/bin/payload", self.layer / "usr/bin/payload")

    def _mount(self, lower, upper):
        work = self.scratch / "work" if is_below(upper, self.scratch) else upper.with_name("work")
        for folder in (upper, work):
            folder.mkdir(exist_ok=True)
        run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={lower},upperdir={upper},workdir={work}", self.cell)
        os.mkfifo(self.cell / "bench.fifo", 0o666)

    def settle(self):
        """The layer itself on top: what a first boot writes stays."""
        self._mount(self.lower, self.layer)

    def fresh(self):
        self._mount(f"{self.layer}:{self.lower}", self.scratch / "upper")

    def unmount(self):
        (self.cell / "bench.fifo").unlink()
        run("umount", self.cell)
        for name in ("upper", "work"):
            shutil.rmtree(self.scratch / name, ignore_errors=True)

    def remove(self):
        run("umount", self.scratch)


def boot_once(bench, one, tree, mount):
    place = bench.place
    cgroup = place.make_cgroup()
    mount()
    notify = place.work / "notify" if one.can_notify else None
    words = [f"--fifo={tree.cell}/bench.fifo", f"--log={place.log}"] + ([f"--notify={notify}"] if notify else [])
    try:
        ready, notified, off, own, cpu, status = runs.tool(
            place, "boot", words, one.boot(place, tree.cell, cgroup, notify), cgroup, one.environment)
    finally:
        place.remove_cgroup(cgroup)
        tree.unmount()
    if status != 0:
        raise Unable(f"exit status {status:.0f}: {place.log_tail()}")
    return {"wall": ready, "notified": notified if notified >= 0 else None, "off": off, "own": own, "cpu": cpu}
