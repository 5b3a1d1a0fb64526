#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""make_tree.py make DIR: a tree with everything that a copy may lose. make_tree.py tell DIR: all there is to know of one,
a line each, times without access times, sorted."""
import hashlib
import os
import pathlib
import struct
import sys

ACL_USER, ACL_GROUP, ACL_MASK = 2, 8, 16


def acl(*entries):
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def capability():
    return struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0)  # version 2, effective; CAP_NET_RAW


def make(top):
    top.mkdir()
    for number in range(30):
        path = top / f"owner{number}"
        path.write_text(f"of user {number}\n")
        os.chown(path, 1000 + number, 2000 + number)
        path.chmod(0o600 | number)
        os.utime(path, ns=(10**18, 10**18 + number * 10**9 + 123456789))
    (top / "deep").mkdir()
    os.chown(top / "deep", 5, 6)
    (top / "deep").chmod(0o2750)
    (top / "deep" / "er").mkdir()
    (top / "deep" / "er" / "file").write_bytes(os.urandom(300000))
    os.link(top / "deep" / "er" / "file", top / "another name")
    (top / "link").symlink_to("deep/er/file")
    (top / "link out").symlink_to("/etc/passwd")
    os.lchown(top / "link", 1000, 1000)
    (top / "dangling").symlink_to("nowhere")
    os.mkfifo(top / "pipe", 0o640)
    with open(top / "sparse", "wb") as file:
        file.seek(5 << 20)
        file.write(b"end")
        file.truncate(9 << 20)
    program = top / "program"
    program.write_text("#!/bin/sh\n")
    os.chown(program, 7, 8)
    program.chmod(0o6755)
    os.setxattr(top / "owner1", "user.note", b"kept\0whole")
    os.setxattr(program, "security.capability", capability())
    named = acl((1, 6, 2**32 - 1), (ACL_USER, 7, 1234), (4, 4, 2**32 - 1), (ACL_GROUP, 5, 4321), (ACL_MASK, 7, 2**32 - 1),
                (32, 0, 2**32 - 1))
    os.setxattr(top / "owner2", "system.posix_acl_access", named)
    os.setxattr(top / "deep", "system.posix_acl_default", named)
    for path in (top / "deep" / "er", top / "deep", top):
        os.utime(path, ns=(10**18, 10**18 + 42))


def attributes(path):
    names = sorted(os.listxattr(path, follow_symlinks=False)) if not path.is_fifo() else []
    return " ".join(f"{name}={os.getxattr(path, name, follow_symlinks=False).hex()}" for name in names)


def tell(top):
    inodes = {}
    for path in sorted([top, *top.rglob("*")]):
        st = path.lstat()
        name = path.relative_to(top)
        first = inodes.setdefault(st.st_ino, name)
        content = ""
        if path.is_symlink():
            content = os.readlink(path)
        elif path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        holes = "sparse" if path.is_file() and not path.is_symlink() and st.st_blocks * 512 < st.st_size else ""
        time = "" if path.is_symlink() else st.st_mtime_ns
        print(name, oct(st.st_mode), st.st_uid, st.st_gid, time, st.st_size if not path.is_dir() else "", first, holes,
              content, attributes(path))


{"make": make, "tell": tell}[sys.argv[1]](pathlib.Path(sys.argv[2]))
