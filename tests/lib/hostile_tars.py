#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Archives made with bad intent: hostile_tars.py DIR VICTIM writes them into DIR, one a trick, NAME.tar, and prints for
each "NAME WORD": what must come of it: "refused", "harmless" (it may be unpacked or refused, outside nothing changes) or
"fits" (it is odd, but right: it must be unpacked).

VICTIM is the absolute path of a directory outside of the tree, which no archive may change."""
import io
import os
import sys
import tarfile

out, victim = sys.argv[1], sys.argv[2]
up = "../" * 24 + victim.lstrip("/")


class Archive:
    def __init__(self):
        self.bytes = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.bytes, mode="w", format=tarfile.PAX_FORMAT)

    def add(self, name, kind=tarfile.REGTYPE, content=b"evil\n", link="", **more):
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.mode = kind, link, 0o755
        if kind == tarfile.REGTYPE:
            member.size = len(content)
        for key, value in more.items():
            setattr(member, key, value)
        self.tar.addfile(member, io.BytesIO(content) if kind == tarfile.REGTYPE else None)
        return self

    def directory(self, name, **more):
        return self.add(name, tarfile.DIRTYPE, **more)

    def link(self, name, target):
        return self.add(name, tarfile.SYMTYPE, link=target)

    def hard(self, name, target):
        return self.add(name, tarfile.LNKTYPE, link=target)

    def finish(self):
        self.tar.close()
        return self.bytes.getvalue()


def system():
    return Archive().directory("./").directory("./etc").add("./etc/os-release", content=b"ID=x\n")


def header(name, size=b"00000000000\0", kind=b"0", link=b"", magic=b"ustar\x0000", checksum=None):
    block = bytearray(512)
    block[0:len(name)] = name
    block[100:108], block[108:116], block[116:124] = b"0000755\0", b"0000000\0", b"0000000\0"
    block[124:124 + len(size)] = size
    block[136:148], block[156:157] = b"00000000000\0", kind
    block[157:157 + len(link)] = link
    block[257:265] = magic
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % (sum(block) if checksum is None else checksum)
    return bytes(block)


def pax(*records):
    body = b""
    for key, value in records:
        size = len(key) + len(value) + 3
        size += len(str(size + len(str(size))))
        body += b"%d %s=%s\n" % (size, key, value)
    return header(b"x", b"%011o\0" % len(body), b"x") + body + bytes(-len(body) % 512)


end = bytes(1024)
tricks = {
    # names that lead out
    "dotdot": ("refused", system().add(up + "/f").finish()),
    "dotdot-inside": ("refused", system().add("a/../../../../../" + up + "/f").finish()),
    "dotdot-directory": ("refused", system().directory("../../out").finish()),
    "dotdot-pax": ("refused", pax((b"path", up.encode() + b"/f")) + header(b"f") + end),
    "dotdot-only": ("refused", system().directory("..").finish()),
    "absolute": ("harmless", system().add(victim + "/f").finish()),
    "absolute-slashes": ("harmless", system().add("////" + victim + "/f").finish()),
    "absolute-directory": ("harmless", system().directory(victim, mode=0o777).finish()),
    # links that lead out, and what is written through them
    "link-then-file": ("harmless", system().link("l", victim).add("l/f").finish()),
    "link-dotdot-then-file": ("harmless", system().link("l", up).add("l/f").finish()),
    "link-chain": ("harmless", system().link("a", "b").link("b", "c").link("c", victim).add("a/f").finish()),
    "link-loop": ("refused", system().link("a", "b").link("b", "a").add("a/f").finish()),
    "link-over-directory": ("harmless", system().directory("d").add("d/f").link("d", victim).add("d/g").finish()),
    "link-over-file": ("harmless", system().add("f").link("f", victim + "/kept").add("f").finish()),
    "file-through-link": ("harmless", system().link("f", victim + "/kept").add("f", content=b"changed").finish()),
    "link-parent-swap": ("harmless", system().directory("d").directory("d/e").add("d/e/f").link("d/e", victim)
                         .add("d/e/g").directory("d/e", mode=0o700).finish()),
    "link-top": ("harmless", system().link("./", victim).add("f").finish()),
    "link-top-dot": ("harmless", system().link(".", victim).add("f").finish()),
    "link-proc": ("harmless", system().link("p", "/proc/self/root").add("p" + victim + "/f").finish()),
    "link-proc-fd": ("harmless", system().link("p", "/proc/self/cwd/../../..").add("p/f").finish()),
    "link-empty": ("refused", system().link("l", "").finish()),
    # hard links to what is outside
    "hard-absolute": ("refused", system().hard("h", victim + "/kept").finish()),
    "hard-dotdot": ("refused", system().hard("h", up + "/kept").finish()),
    "hard-through-link": ("refused", system().link("l", victim).hard("h", "l/kept").add("h", content=b"x").finish()),
    "hard-to-link": ("harmless", system().link("l", victim + "/kept").hard("h", "l").add("h").finish()),
    "hard-to-itself": ("harmless", system().hard("h", "h").finish()),
    "hard-to-directory": ("refused", system().directory("d").hard("h", "d").finish()),
    "hard-to-later": ("refused", system().hard("h", "later").add("later").finish()),
    # modes, owners, devices, attributes
    "device-disk": ("harmless", system().add("disk", tarfile.BLKTYPE, devmajor=8, devminor=0)
                    .add("disk", content=b"boot sector").finish()),
    "device-through": ("harmless", system().add("null", tarfile.CHRTYPE, devmajor=1, devminor=3)
                       .hard("n2", "null").add("n2", content=b"x").finish()),
    "fifo-as-file": ("harmless", system().add("p", tarfile.FIFOTYPE).add("p", content=b"x").finish()),
    "fifo-as-directory": ("refused", system().add("p", tarfile.FIFOTYPE).add("p/f").finish()),
    "owner-huge": ("harmless", system().add("f", uid=2 ** 32 - 1, gid=2 ** 32 - 1).finish()),
    "owner-beyond": ("refused", pax((b"uid", b"99999999999999999999")) + header(b"f") + end),
    "trusted-xattr": ("harmless", pax((b"SCHILY.xattr.trusted.overlay.opaque", b"y")) + header(b"f") + end),
    "immutable-flag": ("harmless", pax((b"SCHILY.fflags", b"sappnd,schg")) + header(b"f") + end),
    # what is no archive, or breaks off
    "empty": ("refused", b""),
    "zeroes": ("refused", bytes(20480)),
    "noise": ("refused", bytes(range(256)) * 80),
    "cut-in-header": ("refused", system().finish()[:1536 + 100]),
    "cut-in-content": ("refused", system().add("f", content=b"x" * 100000).finish()[:50000]),
    "bad-checksum": ("refused", header(b"f", checksum=1) + end),
    "size-huge": ("refused", header(b"f", b"77777777777\0") + end),
    "size-negative": ("refused", header(b"f", b"\xff" * 12) + end),
    "pax-endless": ("refused", header(b"x", b"77777777777\0", b"x") + end),
    "pax-nonsense": ("harmless", pax((b"path", b"")) + header(b"f") + end),
    "name-nul": ("harmless", pax((b"path", b"a\0b")) + header(b"f") + end),
    "name-long": ("refused", system().add("n" * 300).finish()),
    "path-long": ("refused", system().add("/".join(["d" * 200] * 30)).finish()),
    "name-empty": ("harmless", header(b"") + end),
    # many, deep, large
    "deep": ("harmless", system().add("/".join(["d"] * 3000)).finish()),
    "bomb-sparse": ("harmless", pax((b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"),
                                    (b"GNU.sparse.name", b"f"), (b"GNU.sparse.realsize", b"1099511627776"))
                    + header(b"f", b"%011o\0" % 512) + b"1\n0\n0\n".ljust(512, b"\0") + end),
    "replace-many": ("fits", b"".join([system().finish()[:-1024][:2048]]) +
                     b"".join(header(b"same", kind=k) for k in (b"0", b"5") * 2000) + end),
}

for trick, (word, data) in tricks.items():
    with open(os.path.join(out, trick + ".tar"), "wb") as file:
        file.write(data)
    print(trick, word)
