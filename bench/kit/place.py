# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the measuring happens: a mount and network namespace of its own, cgroups of its own, a small tree to run.

enter() restarts the program inside new namespaces. There /run is empty, /sys shows a pure cgroup2 hierarchy (or, with
--hybrid, the machine's own layout), and the only network device is a loopback. What contestants leave
behind goes away with it. Place makes the rest - programs, tree, cgroups - and removes it.
"""
import os
import pathlib
import select
import shutil
import subprocess
import tempfile

BENCH = pathlib.Path(__file__).resolve().parent.parent
REPOSITORY = BENCH.parent
INSIDE = "REDD_BENCH_INSIDE"
EMPTY_LIMIT_MS = 10000

FLAGS = ["-std=gnu17", "-O2", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-static", f"-I{REPOSITORY / 'src'}"]
BARE_FLAGS = ["-O2", "-Wall", "-Wextra", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector"]
PROGRAMS = {
    "floor": ["floor.c", "floor_tree.c", "floor_seccomp.c", "floor_net.c"],
    "starts": ["starts.c", "measure.c"],
    "boot": ["boot.c", "measure.c"],
    "console": ["console.c", "measure.c"],
    "relay": ["relay.c", "measure.c"],
    "enter": ["enter.c", "measure.c"],
    "ready": ["ready.c", "measure.c"],
    "stream": ["stream.c", "measure.c"],
    "untar": ["untar.c"],
}


class Unable(Exception):
    """The kit, or one part of it, cannot run here; the text says why."""


def run(*argv, **options):
    return subprocess.run([str(a) for a in argv], check=True, **options)


def enter(argv):
    """Restarts this program in its namespaces, once."""
    if os.environ.pop(INSIDE, None):
        return
    if os.geteuid() != 0:
        raise Unable("measuring containers needs root")
    for tool in ("unshare", "cc"):
        if not shutil.which(tool):
            raise Unable(f"'{tool}' is not installed")
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--net", "--propagation", "private", "--", *argv])


def is_below(path, folder):
    return pathlib.Path(path).resolve().is_relative_to(folder)


class Place:
    def __init__(self, is_hybrid, keep_visible):
        base = pathlib.Path(os.environ.get("BENCH_WORK", "/var/tmp"))
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="redd-bench-", dir=base))
        self.work.chmod(0o755)  # a container's shifted root passes through
        self.bin, self.tree, self.log = self.work / "bin", self.work / "tree", self.work / "log"
        self.count = 0
        self.cgroup = None
        try:
            self._mount(is_hybrid, keep_visible)
            self._build()
            self._make_tree()
        except BaseException:
            self.remove()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    def _mount(self, is_hybrid, keep_visible):
        run("mount", "-t", "tmpfs", "-o", "mode=755", "run", "/run")
        if not any(is_below(p, "/tmp") for p in [self.work, REPOSITORY, *keep_visible]):
            run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmp", "/tmp")
        if is_hybrid:
            root = pathlib.Path("/sys/fs/cgroup/unified")
            if not (root / "cgroup.procs").exists():
                raise Unable("this machine has no hybrid cgroup layout")
            # Held mounted: the first and the last sysfs of a network namespace cost more than those between.
            pathlib.Path("/run/sys").mkdir()
            run("mount", "-t", "sysfs", "sysfs", "/run/sys")
        else:
            root = pathlib.Path("/sys/fs/cgroup")
            run("mount", "-t", "sysfs", "sysfs", "/sys")
            run("mount", "-t", "cgroup2", "cgroup2", root)
        if shutil.which("ip"):
            run("ip", "link", "set", "lo", "up")
        self.cgroup = root / f"redd-bench-{os.getpid()}"
        self.cgroup.mkdir()

    def _build(self):
        self.bin.mkdir()
        compiler = ["cc"]
        if shutil.which("musl-gcc"):  # has none of the kernel's headers of its own
            machine = subprocess.run(["cc", "-dumpmachine"], text=True, capture_output=True, check=True).stdout.strip()
            compiler = ["musl-gcc", "-idirafter", "/usr/include", "-idirafter", f"/usr/include/{machine}"]
        self.compiler = compiler[0]
        for name, sources in PROGRAMS.items():
            run(*compiler, *FLAGS, "-o", self.bin / name, *[BENCH / s for s in sources])
        run("cc", *BARE_FLAGS, "-o", self.bin / "payload", BENCH / "payload.c")

    def _make_tree(self):
        """A root that holds /usr/bin/true of this machine with what it loads, and the payload."""
        for name in ("bin", "sbin", "lib", "lib64"):
            (self.tree / "usr" / name).mkdir(parents=True)
            (self.tree / name).symlink_to(f"usr/{name}")
        for name in ("proc", "sys", "dev", "run", "tmp", "etc", "root", "var"):
            (self.tree / name).mkdir()
        for name in ("etc/os-release", "usr/lib/os-release"):
            (self.tree / name).write_text('ID=bench\nNAME="bench"\nVERSION_ID=1\n')
        (self.tree / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
        (self.tree / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
        (self.tree / "etc/group").write_text("root:x:0:\n")
        shutil.copy(self.bin / "payload", self.tree / "usr/bin/payload")
        shutil.copy("/bin/true", self.tree / "usr/bin/true")
        loaded = subprocess.run(["ldd", "/bin/true"], text=True, capture_output=True, check=False)
        for word in loaded.stdout.split():
            if word.startswith("/"):
                target = self.tree / word.lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(word, target)
        ldconfig = shutil.which("ldconfig", path="/usr/sbin:/sbin:/usr/bin:/bin")
        if ldconfig:
            run(ldconfig, "-r", self.tree)

    def image(self):
        """The tree as an ext4 file system in a file."""
        path = self.work / "tree.raw"
        if not path.exists():
            if not shutil.which("mkfs.ext4"):
                raise Unable("'mkfs.ext4' is not installed")
            run("truncate", "-s", "64M", path)
            run("mkfs.ext4", "-q", "-F", "-d", self.tree, path)
        return path

    def make_cgroup(self):
        """A cgroup of its own for one run, as a service manager would give."""
        self.count += 1
        path = self.cgroup / f"run-{self.count}"
        path.mkdir()
        return path

    def remove_cgroup(self, path):
        """Ends what is left in it and waits until the kernel calls it empty."""
        (path / "cgroup.kill").write_text("1")
        with open(path / "cgroup.events", encoding="ascii") as events:
            changes = select.poll()
            changes.register(events, select.POLLPRI)
            while "populated 1" in events.read():
                if not changes.poll(EMPTY_LIMIT_MS):
                    raise Unable(f"processes in {path} do not end")
                events.seek(0)
        for folder, _, _ in os.walk(path, topdown=False):
            os.rmdir(folder)

    def log_tail(self):
        lines = self.log.read_text(errors="replace").split("\n") if self.log.exists() else []
        return " / ".join(line.strip() for line in lines if line.strip())[-300:]

    def remove(self):
        if self.cgroup and self.cgroup.exists():
            self.remove_cgroup(self.cgroup)
        mounted = [line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
        for target in reversed([m for m in mounted if m.startswith(f"{self.work}/")]):
            run("umount", "-l", target)
        shutil.rmtree(self.work)
