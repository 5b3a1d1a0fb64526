#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The world beyond a host, in a network namespace of its own: servers on all addresses of it. `beyond.py READY [ADDRESS]`
writes a line to the FIFO READY when they listen, there or at this IPv4 address alone, then serves for good.

Port 80 says a line to whoever connects: the address it sees the client under. Port 53, UDP and TCP, is a server of the
domain name system: server.example has the addresses below, long.example a TXT record too long for a datagram, and
slow.example never gets an answer; all else does not exist. Every question is written to standard output."""
import selectors
import socket
import struct
import sys

V4 = socket.inet_pton(socket.AF_INET, "198.51.100.7")
V6 = socket.inet_pton(socket.AF_INET6, "2001:db8:51::7")
A, TXT, AAAA = 1, 16, 28
TRUNCATED, NO_SUCH_NAME = 0x0200, 3
LONG = b"".join(bytes([250]) + b"x" * 250 for _ in range(20))


def read_question(message):
    at, labels = 12, []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin-1"))
        at += 1 + message[at]
    return ".".join(labels).lower(), struct.unpack_from(">H", message, at + 1)[0], at + 5


def answer(message, limit):
    name, kind, end = read_question(message)
    print("asked", name, kind, flush=True)
    data = {("server.example", A): V4, ("server.example", AAAA): V6, ("long.example", TXT): LONG}.get((name, kind))
    if name == "slow.example":
        return None
    flags = 0x8180 if name in ("server.example", "long.example") else 0x8180 | NO_SUCH_NAME
    record = b"" if data is None else struct.pack(">HHHIH", 0xC00C, kind, 1, 60, len(data)) + data
    if end + len(record) > limit:
        flags, record = flags | TRUNCATED, b""
    return message[:2] + struct.pack(">HHHHH", flags, 1, 1 if record else 0, 0, 0) + message[12:end] + record


def serve_datagram(listener):
    message, client = listener.recvfrom(4096)
    try:
        reply = answer(message, 512)
    except (IndexError, struct.error):
        return
    if reply:
        listener.sendto(reply, client)


def serve_stream(listener):
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(2)
        try:
            size = struct.unpack(">H", connection.recv(2, socket.MSG_WAITALL))[0]
            reply = answer(connection.recv(size, socket.MSG_WAITALL), 65535)
            if reply:
                connection.sendall(struct.pack(">H", len(reply)) + reply)
        except (OSError, IndexError, struct.error):
            pass


def serve_line(listener):
    connection, client = listener.accept()
    with connection:
        try:
            connection.sendall(f"{client[0].removeprefix('::ffff:')}\n".encode())
        except OSError:
            pass


def main():
    selector = selectors.DefaultSelector()
    address = "::ffff:" + sys.argv[2] if len(sys.argv) > 2 else "::"
    for kind, port, serve in ((socket.SOCK_STREAM, 80, serve_line), (socket.SOCK_DGRAM, 53, serve_datagram),
                              (socket.SOCK_STREAM, 53, serve_stream)):
        listener = socket.socket(socket.AF_INET6, kind)
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        if kind == socket.SOCK_STREAM:
            listener.listen(64)
        selector.register(listener, selectors.EVENT_READ, serve)
    with open(sys.argv[1], "w", encoding="utf-8") as ready:
        ready.write("ready\n")
    while True:
        for key, _ in selector.select():
            key.data(key.fileobj)


main()
