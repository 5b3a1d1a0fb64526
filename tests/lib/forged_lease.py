#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""forged_lease.py ADDRESS: in a container, says by host0 what a DHCP server says that gives it ADDRESS."""
import socket
import struct
import sys

TIMES = 20


def frame(mac, address):
    options = bytes([53, 1, 5, 54, 4]) + socket.inet_aton("192.168.99.1") + bytes([1, 4, 255, 255, 255, 240]) + \
        bytes([51, 4]) + struct.pack(">I", 3600) + b"\xff"
    message = struct.pack(">BBBBIHH", 2, 1, 6, 0, 0x12345678, 0, 0x8000) + bytes(4) + socket.inet_aton(address) + \
        bytes(8) + mac + bytes(202) + bytes([99, 130, 83, 99]) + options
    udp = struct.pack(">HHHH", 67, 68, 8 + len(message), 0) + message
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0)
    return b"\xff" * 6 + mac + b"\x08\x00" + head + socket.inet_aton("192.168.99.1") + b"\xff" * 4 + udp


mouth = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
mouth.bind(("host0", 0))
for _ in range(TIMES):
    mouth.send(frame(mouth.getsockname()[4], sys.argv[1]))
