# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host full of machines that are not really there, and what a list of them takes."""
import ctypes
import fcntl
import os
import signal
import shutil

from kit import contestants as who
from kit import place, runs

COUNT = 1000
FOLDER, NAMES = "/run/redd/machines", "/run/redd/names"
KINDS = ("host network", "private network", "cable to the host")
CLONE_NEWNET, PR_SET_PDEATHSIG = 0x40000000, 1


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


class Crowd:
    """COUNT machines as the registry knows them: locks, states, trees, and processes in networks of their own."""

    def __init__(self, bench, kinds):
        self.locks, self.processes = [], []
        self.trees = bench.place.work / "machines"
        self.libc = ctypes.CDLL(None, use_errno=True)
        for folder in (self.trees, FOLDER, NAMES):
            os.makedirs(folder, exist_ok=True)
        for number in range(COUNT):
            self.add(f"m{number:04}", number, kinds[number % len(kinds)])

    def process(self):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            self.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            done = self.libc.unshare(CLONE_NEWNET) == 0
            os.write(writer, b"x" if done else b"")
            os.closerange(0, 1 << 16)
            while done:
                signal.pause()
            os._exit(1)
        os.close(writer)
        self.processes.append(pid)
        done = os.read(reader, 1)
        os.close(reader)
        if not done:
            raise place.Unable("no network namespaces can be made")
        return pid

    def add(self, name, number, kind):
        tree = self.trees / name
        (tree / "etc").mkdir(parents=True)
        (tree / "usr/lib").mkdir(parents=True)
        shutil.copy("/etc/os-release", tree / "usr/lib/os-release")
        (tree / "etc/os-release").symlink_to("../usr/lib/os-release")
        leader = os.getpid() if kind == "host network" else self.process()
        pidfd = os.pidfd_open(leader)
        identity = os.fstat(pidfd).st_ino
        os.close(pidfd)
        os.mkdir(f"{FOLDER}/{name}", 0o700)
        self.locks.append(open(f"{FOLDER}/{name}/lock", "w", encoding="utf-8"))
        fcntl.lockf(self.locks[-1], fcntl.LOCK_EX, 1, 0)
        has_cable = kind == "cable to the host"
        write(f"{FOLDER}/{name}/state", "\n".join([
            "REDD_STATE=1", f"NAME={name}", "UID=0", "SERVICE=systemd-nspawn", f"ROOT={tree}", f"ID={number:032x}",
            f"LEADER={leader}", f"LEADER_PIDFDID={identity}", f"SUPERVISOR={os.getpid()}", "CLASS=container",
            "REALTIME=1700000000000000", "MONOTONIC=1700000000", *(['NETIF=" 7"'] if has_cable else []),
            f"CGROUP=/sys/fs/cgroup/machine.slice/{name}.scope/payload", "REDD_CONFINEMENT=cap:fdecafff",
            f"REDD_NETWORK={'host' if kind == 'host network' else 'own'}", ""]))
        if has_cable:
            write(f"{NAMES}/{name}", f"leader {leader} {identity}\n10.77.{number // 250}.{number % 250 + 2}\n"
                                     f"fd00::{number:x}\n")

    def remove(self):
        for pid in self.processes:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        for lock in self.locks:
            lock.close()
        for folder in (self.trees, FOLDER, NAMES):
            shutil.rmtree(folder, ignore_errors=True)


def rows(bench):
    ours = next(c for c in bench.contestants if c.name == "redd")
    if ours.absent:
        raise place.Unable(ours.absent)
    found = []
    for name, kinds in [*((kind, [kind]) for kind in KINDS), ("all kinds", KINDS)]:
        crowd = Crowd(bench, kinds)
        try:
            row = runs.Row(name, lambda: runs.start(bench.place, ours, [who.ours()[0], "list"]))
            runs.interleave([row], bench.rounds_or(20, 5), bench.progress)
        finally:
            crowd.remove()
        found.append(row)
    return found
