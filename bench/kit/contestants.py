# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who takes part: ours, the floors, the peers; and how each is told to do the same thing.

A kind names what a start does ("plain", "net" ...). command() gives the words for one start of one kind, or None where
a contestant cannot do that kind. NUMBER tells concurrent containers apart; it may be "{}", filled in later.
"""
import json
import os
import pathlib
import shlex
import shutil
import subprocess

FIRST_ID = 1000000
MAP = [f"--private-users={FIRST_ID}:65536", "--private-users-ownership=map"]
NET = ["--private-network"]


class Contestant:
    def __init__(self, name, program):
        self.name = name
        self.program = program  # a list of words
        self.absent = None if shutil.which(program[0]) else f"'{program[0]}' is not installed"

    def command(self, place, kind, payload, number):
        raise NotImplementedError

    def boot(self, place, tree, cgroup, notify):
        """A boot of TREE's init with a console; None: cannot. READY=1 goes to NOTIFY, where the contestant can."""
        return None

    can_notify = False
    environment = {}


class Floor(Contestant):
    """Our own floor program, with no filter, one, or the reference's five."""

    KINDS = {
        "plain": [], "net": ["--net"], "veth": ["--veth=ve-f{number}"], "ephemeral": ["--overlay"],
        "volatile": ["--volatile"], "map": [f"--first-id={FIRST_ID}"], "map-net": [f"--first-id={FIRST_ID}", "--net"],
        "image": ["--image={image}"],
    }

    def __init__(self, place, filters):
        super().__init__("floor" if filters == 1 else f"floor-{filters}", [str(place.bin / "floor")])
        self.filters = filters

    def command(self, place, kind, payload, number):
        if kind not in self.KINDS:
            return None
        options = [o.replace("{number}", str(number)).replace("{image}", str(place.image())) if "{" in o else o
                   for o in self.KINDS[kind]]
        return [*self.program, f"--tree={place.tree}", f"--filters={self.filters}", *options, "--", *payload]

    def boot(self, place, tree, cgroup, notify):
        return [*self.program, f"--tree={tree}", f"--filters={self.filters}", "--boot", f"--cgroup={cgroup}", "--",
                "/sbin/init"]


class Nspawn(Contestant):
    """Whatever takes systemd-nspawn's command line: ours, the machine's, the newest."""

    KINDS = {
        "plain": [], "net": NET, "veth": ["--network-veth"], "ephemeral": ["--ephemeral"],
        "volatile": ["--volatile=yes"], "map": MAP, "map-net": MAP + NET, "image": [],
    }
    CONSOLES = {"pipe": "--console=pipe", "terminal": "--console=interactive", "read-only": "--console=read-only"}
    can_notify = True
    environment = {"SYSTEMD_NSPAWN_LOCK": "0"}  # many containers share one tree here

    def _words(self, tree, number, console, image=None):
        what = ["-i", str(image)] if image else ["-D", str(tree)]
        return [*self.program, "-q", "--register=no", "--keep-unit", *what, f"--machine=n{number}",
                self.CONSOLES[console]]

    def command(self, place, kind, payload, number, console="pipe"):
        if kind not in self.KINDS:
            return None
        image = place.image() if kind == "image" else None
        return [*self._words(place.tree, number, console, image), *self.KINDS[kind], "--", *payload]

    def boot(self, place, tree, cgroup, notify):
        return [*self._words(tree, "boot", "read-only"), "--notify-ready=yes", "-b"]


class Bwrap(Contestant):
    def command(self, place, kind, payload, number):
        if kind not in ("plain", "net"):
            return None
        share = ["--share-net"] if kind == "plain" else []
        return [*self.program, "--unshare-all", *share, "--bind", str(place.tree), "/", "--proc", "/proc",
                "--dev", "/dev", "--tmpfs", "/run", "--tmpfs", "/tmp", "--", *payload]


class OciRuntime(Contestant):
    """crun and runc: with the configuration they print themselves, but for root, payload, terminal and cgroup, and
    without a device policy: nobody else here has one, and loading it needs CAP_SYS_RESOURCE with some versions."""

    def _bundle(self, place, payload, number, has_terminal):
        folder = place.work / "bundles" / f"{self.name}-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        pattern = place.work / "bundles" / self.name / "config.json"
        if not pattern.exists():
            pattern.parent.mkdir()
            subprocess.run([*self.program, "spec"], cwd=pattern.parent, check=True)
        config = json.loads(pattern.read_text())
        config["process"].update(args=payload, terminal=has_terminal)
        config["root"] = {"path": str(place.tree), "readonly": False}
        config["linux"].pop("resources", None)
        config["linux"]["cgroupsPath"] = f"/{place.cgroup.name}/{self.name}-{number}"
        (folder / "config.json").write_text(json.dumps(config))
        return folder

    def command(self, place, kind, payload, number, has_terminal=False):
        if kind != "net":
            return None
        numbers = range(MANY) if number == "{}" else [number]
        for n in numbers:
            self._bundle(place, payload, n, has_terminal)
        return [*self.program, "run", "--bundle", f"{place.work}/bundles/{self.name}-{number}", f"b{number}"]


class Lxc(Contestant):
    """lxc-execute for a payload, lxc-start for a boot."""

    def _config(self, place, tree):
        for folder in ("lxc", "lxc-root"):
            (place.work / folder).mkdir(exist_ok=True)
        path = place.work / f"lxc-{pathlib.Path(tree).name}.conf"
        path.write_text(f"lxc.rootfs.path = dir:{tree}\nlxc.rootfs.mount = {place.work}/lxc-root\n"
                        "lxc.net.0.type = empty\nlxc.uts.name = bench\nlxc.pty.max = 1024\nlxc.tty.max = 0\n"
                        "lxc.mount.auto = proc:mixed sys:ro cgroup:rw\nlxc.apparmor.profile = unconfined\n")
        return path

    def command(self, place, kind, payload, number):
        if kind != "net":
            return None
        return [*self.program, "-n", f"n{number}", "-P", str(place.work / "lxc"), "-f",
                str(self._config(place, place.tree)), "--", *payload]

    def boot(self, place, tree, cgroup, notify):
        program = shutil.which("lxc-start")
        return program and [program, "-F", "-n", "boot", "-P", str(place.work / "lxc"), "-f",
                            str(self._config(place, tree))]


class Chroot(Contestant):
    """No container at all: what is left when a start is nothing but an exec in the tree. Of an image: what one types."""

    def command(self, place, kind, payload, number):
        if kind == "image":
            return [shutil.which("unshare"), "--mount", "sh", "-c", 'mount -o loop "$1" "$2" && shift && chroot "$@"', "sh",
                    str(place.image()), str(place.tree), *payload]
        return [*self.program, str(place.tree), *payload] if kind == "plain" else None


MANY = 50  # containers of the "concurrent" section


def nspawn_version(program):
    out = subprocess.run([*program, "--version"], text=True, capture_output=True, check=False).stdout.split()
    return out[1] if len(out) > 1 else "unknown"


def ours():
    """The words that start our runner: $REDD, or the build folder's."""
    built = pathlib.Path(__file__).resolve().parent.parent.parent / "build" / "redd"
    return shlex.split(os.environ.get("REDD", str(built))) + ["run"]


def reference():
    """The newest systemd-nspawn, beside the machine's own: $REFERENCE."""
    return shlex.split(os.environ.get("REFERENCE", ""))


def everybody(place):
    found = [Floor(place, 1), Floor(place, 5), Floor(place, 0), Nspawn("redd", ours())]
    found += [Chroot("chroot", ["chroot"]), Bwrap("bwrap", ["bwrap"]), OciRuntime("crun", ["crun"]),
              OciRuntime("runc", ["runc"]), Lxc("lxc", ["lxc-execute"])]
    host = Nspawn("nspawn", ["systemd-nspawn"])
    found.append(host)
    if not host.absent:
        host.name += "-" + nspawn_version(host.program)
    newest = Nspawn("reference", reference() or ["$REFERENCE"])
    found.append(newest)
    if not newest.absent:
        newest.name = "nspawn-" + nspawn_version(newest.program)
    elif not reference():
        newest.absent = "$REFERENCE does not name a systemd-nspawn"
    for one in found:
        if not one.absent:
            one.program[0] = shutil.which(one.program[0])
    return found
