#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trees with every odd thing that a tar archive can hold.

    odd_tree.py make SEED DIR        fills the new directory DIR; the same SEED gives the same tree
    odd_tree.py compare A B          what differs, one line each, and exit status 1; silence when nothing does
"""
import os
import random
import stat
import struct
import sys

# Names that programs stumble over: blanks, dashes, line ends, bytes that are no UTF-8, long ones, ones like marks.
NAMES = [b"plain", b"with blank", b"-rf", b"new\nline", b"tab\t", b"\xff\xfe\x80", "h\u00e9llo".encode(), b"h\xe9llo",
         b"a" * 255, b"x" * 101, b".wh.hidden", b".hidden", b"*", b"'quote\"", b"back\\slash", b"...", b"\xe2\x80\xae"]


def acl(*rows):
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", tag, perm, ident) for tag, perm, ident in rows)


NONE = 0xffffffff
ACLS = [acl((1, 7, NONE), (2, 5, 1000), (4, 5, NONE), (8, 4, 50), (16, 5, NONE), (32, 0, NONE)),
        acl((1, 6, NONE), (2, 6, 4294967290), (4, 4, NONE), (16, 6, NONE), (32, 4, NONE))]
CAPABILITIES = [bytes.fromhex("0100000200040000000000000000000000000000"),
                bytes.fromhex("010000030020000000000000000000000000000000000100")]


def is_text(path):
    try:
        path.decode()
    except UnicodeDecodeError:
        return False
    return True


class Maker:
    def __init__(self, seed, top):
        self.random, self.top, self.files, self.late = random.Random(seed), os.fsencode(top), [], []

    def time(self):
        return self.random.choice([0, 1, 10 ** 9, 1234567890123456789, 2 ** 31 * 10 ** 9 + 7, 2 ** 33 * 10 ** 9,
                                   self.random.randrange(2 * 10 ** 18)])

    def attributes(self, path, kind):
        """Owner, mode, attributes and times, in the order in which none undoes another."""
        rnd = self.random
        os.chown(path, rnd.choice([0, 1, 1000, 65534, 70000, 2097152, 4294967290]), rnd.choice([0, 5, 65535, 3000000]),
                 follow_symlinks=False)
        if kind != "link":
            os.chmod(path, rnd.choice([0, 0o644, 0o755, 0o4755, 0o2755, 0o1777, 0o6711, 0o400, 0o7777]))
        if kind in ("file", "directory") and rnd.random() < 0.4:
            os.setxattr(path, b"user.a", rnd.choice([b"", b"v", b"\0\xff\n=", b"x" * 2000]), follow_symlinks=False)
            os.setxattr(path, "user.h\u00e9".encode(), b"1", follow_symlinks=False)
        if kind != "link" and rnd.random() < 0.3:
            os.setxattr(path, b"system.posix_acl_access", rnd.choice(ACLS))
        if kind == "directory" and rnd.random() < 0.3:
            os.setxattr(path, b"system.posix_acl_default", rnd.choice(ACLS))
        if kind == "file" and rnd.random() < 0.3:
            os.setxattr(path, b"security.capability", rnd.choice(CAPABILITIES))
        self.late.append((path, self.time()))

    def content(self, path):
        rnd = self.random
        longest = 9 * 10 ** 9 if is_text(path) else 10 ** 7
        with open(path, "wb") as file:
            shape = rnd.randrange(6)
            if shape == 1:
                file.write(b"text\n" * rnd.randrange(100))
            elif shape == 2:
                file.write(rnd.randbytes(rnd.choice([511, 512, 513, 4096, 65537, 300000])))
            elif shape == 3:      # holes in front, between and behind
                for _ in range(rnd.randrange(1, 40)):
                    file.seek(rnd.randrange(64) * 8192 + rnd.randrange(4096))
                    file.write(rnd.randbytes(rnd.randrange(1, 5000)))
                file.truncate(rnd.randrange(600000, 9000000))
            elif shape == 4:      # nothing but a hole
                file.truncate(rnd.choice([1, 4096, 10 ** 7, longest]))

    def entry(self, folder, depth):
        rnd = self.random
        path = os.path.join(folder, rnd.choice(NAMES) if rnd.random() < 0.6 else b"f%d" % rnd.randrange(1000))
        if os.path.lexists(path):
            return
        kind = rnd.choice(["file"] * 6 + ["directory"] * 3 + ["link"] * 2 + ["hard", "fifo", "char", "block"])
        if kind == "file":
            self.content(path)
            self.files.append(path)
        elif kind == "directory":
            os.mkdir(path)
            if depth < 5:
                self.fill(path, depth + 1)
        elif kind == "link":
            os.symlink(rnd.choice([b"/etc/passwd", b"..", b"gone", b"\xff", b"l" * 4000, b"a b\nc"]), path)
            if rnd.random() < 0.3:
                self.files.append(path)
        elif kind == "hard":
            # the first of its names goes into the archive, whichever that is
            files = [name for name in self.files if is_text(path) or os.lstat(name).st_size < 10 ** 9]
            if files:
                os.link(rnd.choice(files), path, follow_symlinks=False)
            return
        elif kind == "fifo":
            os.mkfifo(path)
        else:
            mode = stat.S_IFCHR if kind == "char" else stat.S_IFBLK
            os.mknod(path, mode | 0o600, os.makedev(rnd.choice([0, 1, 259, 4095]), rnd.choice([0, 3, 255, 70000])))
        self.attributes(path, kind)

    def fill(self, folder, depth):
        for _ in range(self.random.randrange(2, 14)):
            self.entry(folder, depth)

    def make(self):
        os.mkdir(self.top)
        self.fill(self.top, 0)
        # more directories than anybody keeps open at once, each visited twice
        for i in range(24):
            path = os.path.join(self.top, b"many%d" % i)
            os.mkdir(path)
            self.late.append((path, self.time()))
        for i in range(24):
            with open(os.path.join(self.top, b"many%d" % i, b"f"), "wb"):
                pass
        self.attributes(self.top, "directory")
        for path, when in reversed(self.late):
            os.utime(path, ns=(when, when), follow_symlinks=False)


def all_paths(top):
    top = os.fsencode(top)
    for folder, folders, files in os.walk(top):
        for name in folders + files:
            yield os.path.relpath(os.path.join(folder, name), top)
    yield b"."


def holes(path, size):
    """Whether the file takes much less room than its size."""
    return size > 1 << 20 and os.stat(path).st_blocks * 512 < size // 2


def describe(path, first_names):
    st = os.lstat(path)
    what = {"mode": oct(st.st_mode), "owner": (st.st_uid, st.st_gid), "mtime": st.st_mtime_ns}
    if not stat.S_ISDIR(st.st_mode):
        what["links"] = st.st_nlink
    if stat.S_ISREG(st.st_mode):
        # (in an archive, a file whose name is no text has no holes; one with several names may have such a one)
        what["size"], what["holes"] = st.st_size, st.st_nlink == 1 and is_text(path) and holes(path, st.st_size)
        if st.st_size < 1 << 28:
            with open(path, "rb") as file:
                what["content"] = hash(file.read())
    if stat.S_ISLNK(st.st_mode):
        what["target"] = os.readlink(path)
    if stat.S_ISCHR(st.st_mode) or stat.S_ISBLK(st.st_mode):
        what["device"] = st.st_rdev
    what["attributes"] = {name: os.getxattr(path, name, follow_symlinks=False)
                      for name in os.listxattr(path, follow_symlinks=False) if not name.startswith("trusted.")}
    if st.st_nlink > 1 and not stat.S_ISDIR(st.st_mode):
        what["same as"] = first_names.setdefault((st.st_dev, st.st_ino), len(first_names))
    return what


def compare(a, b):
    paths = [sorted(all_paths(top)) for top in (a, b)]
    names = [{}, {}]
    for path in sorted(set(paths[0]) ^ set(paths[1])):
        yield f"{path}: only in {a if path in set(paths[0]) else b}"
    for path in sorted(set(paths[0]) & set(paths[1])):
        one, other = (describe(os.path.join(os.fsencode(top), path), seen) for top, seen in zip((a, b), names))
        for key in sorted(one.keys() | other.keys()):
            if one.get(key) != other.get(key):
                yield f"{path}: {key} is {one.get(key)!r}, and {other.get(key)!r}"[:300]


def main():
    if sys.argv[1] == "make":
        os.umask(0)
        Maker(int(sys.argv[2]), sys.argv[3]).make()
        return 0
    differences = list(compare(sys.argv[2], sys.argv[3]))
    print(*differences[:20], sep="\n", end="\n" if differences else "")
    return 1 if differences else 0


sys.exit(main())
