# SPDX-License-Identifier: LGPL-2.1-or-later
"""Images in and out: a Debian tree as archives, unpacked and packed by ours and by others, onto a tmpfs and onto disk."""
import os
import pathlib
import shlex
import shutil

from kit import contestants as who
from kit import guests
from kit import runs
from kit.place import Unable, run

FORMATS = {".tar": [], ".tar.zst": ["zstd", "-q", "-3", "-T2"], ".tar.gz": ["gzip", "-6"], ".tar.xz": ["xz", "-1", "-T2"]}
DECODERS = {".tar": ["cat"], ".tar.zst": ["zstd", "-qdc"], ".tar.gz": ["gzip", "-dc"], ".tar.xz": ["xz", "-dc", "-T2"]}
OWN = "/usr/lib/systemd/systemd-import"
DISK_MIB = 2048
TAR = ["--numeric-owner", "--xattrs", "--xattrs-include=*", "--acls"]


def transfer():
    """Our program for images: beside the runner, as in a build folder, or where it is installed."""
    beside = pathlib.Path(who.ours()[0]).with_name("redd-transfer")
    if not beside.exists():
        raise Unable(f"there is no {beside}")
    return [str(beside), "-q", "--class=machine"]


class Images:
    """The archives, and a folder to unpack to that is fresh each time."""

    def __init__(self, bench, on_disk):
        tree = guests.debian_tree()
        if not tree.exists():
            raise Unable(guests.NO_TREE)
        self.bench, self.on_disk = bench, on_disk
        self.store, self.target = bench.place.work / "archives", bench.place.work / "images"
        self.disk = bench.place.work / "disk"
        for folder in (self.store, self.target):
            if folder.exists():
                self.remove_target()
            folder.mkdir(exist_ok=True)
        if not os.path.ismount(self.store):
            run("mount", "-t", "tmpfs", "-o", "size=2G", "archives", self.store)
            run("tar", *TAR, "-C", tree, "-cf", self.store / "debian.tar", ".")
            (self.store / "images/debian").mkdir(parents=True)
            run("tar", *TAR, "-C", self.store / "images/debian", "-xpf", self.store / "debian.tar")
        self.known = os.environ.get("REFERENCE_IMPORT", "")

    def archive(self, suffix):
        path = self.store / f"debian{suffix}"
        if not path.exists():
            with open(path, "wb") as file:
                run(*FORMATS[suffix], "-c", self.store / "debian.tar", stdout=file)
        return path

    def remove_target(self):
        if os.path.ismount(self.target):
            run("umount", self.target)
        elif self.target.exists():
            shutil.rmtree(self.target)

    def fresh(self):
        self.remove_target()
        self.target.mkdir(exist_ok=True)
        if self.on_disk:
            self.make_file_system()
            run("mount", "-t", "ext4", "-o", "loop", self.disk, self.target)
        else:
            run("mount", "-t", "tmpfs", "-o", "size=2G,mode=755", "images", self.target)
        (self.target / "t").mkdir()

    def make_file_system(self):
        """An empty one for each run, on blocks that the disk gave away before. In one that a tree was just removed from,
        ext4 without a journal looks at each deleted inode before it makes a new one, which takes ten times as long as
        unpacking, and whose turn it is decides who pays."""
        if not shutil.which("mkfs.ext4"):
            raise Unable("'mkfs.ext4' is not installed")
        if not self.disk.exists():
            run("dd", "if=/dev/zero", f"of={self.disk}", "bs=1M", f"count={DISK_MIB}", "status=none")
        run("mkfs.ext4", "-q", "-F", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0", self.disk)

    def timed(self, command):
        """A script with $0 the target folder: what is before it is not timed."""
        self.fresh()
        return runs.start(self.bench.place, self.bench.contestants[0], command)

    def unpackers(self, suffix):
        """Who unpacks it to the target, and how; in the same durable way on disk."""
        path, target = str(self.archive(suffix)), str(self.target)
        sync = f"; sync -f {target}" if self.on_disk else ""
        plain = str(self.bench.place.bin / "untar")

        def shell(text):
            return ["/bin/sh", "-c", f"set -e; cd {target}/t; {text}{sync}"]

        def systemd(words):
            return [shutil.which("env"), "SYSTEMD_IMPORT_BTRFS_SUBVOL=no", *words, f"--image-root={target}", "tar", path, "t1"]

        yield "redd", [*transfer(), f"--image-root={target}", "import-tar", path, "t1"]
        if suffix == ".tar":
            yield "plain unpacker", shell(f"{plain} {path}")
        if not self.on_disk and shutil.which(DECODERS[suffix][0]):
            yield "decoder alone", ["/bin/sh", "-c", f"{shlex.join(DECODERS[suffix])} {path} >/dev/null"]
        yield "GNU tar", shell(f"tar {shlex.join(TAR)} -xpf {path}")
        if self.on_disk:
            return  # what matters there is the disk
        if shutil.which("bsdtar"):
            yield "bsdtar", shell(f"bsdtar -xpf {path}")
        if os.access(OWN, os.X_OK):
            yield "systemd-import", systemd([OWN])
        if self.known:
            yield "reference", systemd(shlex.split(self.known))


def imports(name, title, on_disk, suffixes, usual):
    def measure(bench):
        images, rows = Images(bench, on_disk), []
        for suffix in suffixes:
            for one, command in images.unpackers(suffix):
                rows.append(runs.Row(f"{one}, {suffix}", lambda command=command: images.timed(command)))
        runs.interleave(rows, bench.rounds_or(usual, 2), bench.progress)
        images.remove_target()
        images.disk.unlink(missing_ok=True)
        return name, title, "archives", rows

    return measure


def exports(bench):
    images, rows = Images(bench, False), []
    tree, out = images.store / "images/debian", images.target / "out"

    def row(name, command):
        rows.append(runs.Row(name, lambda: images.timed(command)))

    for suffix in (".tar", ".tar.gz", ".tar.zst"):
        pack = f"tar {shlex.join(TAR)} -C {tree} -cf - ."
        row(f"redd, {suffix}", [*transfer(), f"--image-root={images.store}/images", "export-tar", "debian",
                                f"{out}{suffix}"])
        if suffix == ".tar":
            row(f"GNU tar, {suffix}", ["/bin/sh", "-c", f"{pack} >{out}"])
        elif suffix == ".tar.gz" and shutil.which("pigz"):
            row(f"GNU tar and pigz, {suffix}", ["/bin/sh", "-c", f"{pack} | pigz -p 2 >{out}"])
        elif suffix == ".tar.zst" and shutil.which("zstd"):
            row(f"GNU tar and zstd, {suffix}", ["/bin/sh", "-c", f"{pack} | zstd -q -3 -T2 >{out}"])
    runs.interleave(rows, bench.rounds_or(5, 2), bench.progress)
    images.remove_target()
    return "export", "A Debian tree out of a tmpfs, and into one", "archives", rows
