#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""flood.py KIND SERVER COUNT: sends so many packets to whoever serves this network, as fast as it can. KIND is dns
(questions, good and broken, to SERVER), tcp (connections to its port 53), dhcp (broadcasts of the same sort), or rs
(router solicitations). Each is drawn anew from one seed, so that every run sends the same."""
import errno
import random
import socket
import struct
import sys

DRAW = random.Random(1)
QUESTION = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x03web\x00" + struct.pack(">HH", 1, 1)
ELSEWHERE = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x04slow\x07example\x00" + struct.pack(">HH", 1, 1)
DISCOVER = (struct.pack(">BBBBIHH16s", 1, 1, 6, 0, 1, 0, 0x8000, b"") + b"\x02\0\0\0\0\x07" + bytes(202) +
            b"\x63\x82\x53\x63\x35\x01\x01\x37\x02\x01\x03\xff")
SOLICIT = struct.pack(">BBHI", 133, 0, 0, 0)


def break_it(message):
    """Some stay as they are, some are cut, some have bytes changed."""
    message = bytearray(message)
    fate = DRAW.randrange(3)
    if fate == 1:
        del message[4 + DRAW.randrange(len(message) - 4):]
    if fate == 2:
        for _ in range(4):
            message[DRAW.randrange(len(message))] = DRAW.randrange(256)
    return bytes(message)


def datagrams(kind, server):
    if kind == "rs":
        client = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        client.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        return client, ("ff02::2", 0, 0, socket.if_nametoindex("host0")), [SOLICIT]
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if kind == "dns":
        return client, (server, 53), [QUESTION, ELSEWHERE]
    client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"host0")
    client.bind(("", 68))
    return client, ("255.255.255.255", 67), [DISCOVER]


def connect(server, count):
    kept = []
    for _ in range(count):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex((server, 53))
        kept.append(client)
        if len(kept) > 200:
            kept.pop(0).close()


def main():
    kind, server, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if kind == "tcp":
        connect(server, count)
        return
    client, target, messages = datagrams(kind, server)
    for _ in range(count):
        try:
            client.sendto(break_it(DRAW.choice(messages)), target)
        except OSError as failure:
            if failure.errno not in (errno.ENOBUFS, errno.ECONNREFUSED, errno.EPERM):
                raise


main()
