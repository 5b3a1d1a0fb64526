#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ask.py udp|tcp SERVER NAME [TYPE]: one question to a server of the domain name system. Prints the status (NOERROR,
NXDOMAIN, SERVFAIL, TRUNCATED), then the data of each record of the answer, one a line: addresses and names as text,
others as their size. Ends with 1 when no answer comes within two seconds."""
import socket
import struct
import sys

TYPES = {"a": 1, "ptr": 12, "txt": 16, "aaaa": 28}


def question(name, kind):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split("."))
    return struct.pack(">HHHHHH", 0x4242, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, kind, 1)


def read_name(message, at):
    labels = []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode())
        at += 1 + message[at]
    return ".".join(labels)


def show(message, asked):
    flags, _, n_answers = struct.unpack_from(">HHH", message, 2)
    print("TRUNCATED" if flags & 0x200 else {0: "NOERROR", 2: "SERVFAIL", 3: "NXDOMAIN"}.get(flags & 15, flags & 15))
    at = len(asked)
    for _ in range(n_answers):
        kind, _, _, size = struct.unpack_from(">HHIH", message, at + 2)
        data = message[at + 12:at + 12 + size]
        family = {1: socket.AF_INET, 28: socket.AF_INET6}.get(kind)
        print(socket.inet_ntop(family, data) if family else read_name(data, 0) if kind == 12 else size)
        at += 12 + size


def main():
    way, server, name = sys.argv[1:4]
    asked = question(name, TYPES[sys.argv[4] if len(sys.argv) > 4 else "a"])
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM if way == "tcp" else socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        try:
            client.connect((server, 53))
            if way == "tcp":
                client.sendall(struct.pack(">H", len(asked)) + asked)
                size = struct.unpack(">H", client.recv(2, socket.MSG_WAITALL))[0]
                show(client.recv(size, socket.MSG_WAITALL), asked)
            else:
                client.send(asked)
                show(client.recv(65535), asked)
        except (OSError, struct.error) as failure:
            sys.exit(f"no answer: {failure}")


main()
