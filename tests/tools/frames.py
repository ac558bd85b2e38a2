#!/usr/bin/env -S python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""Ethernet frames that no well-behaved guest would send.

frames.py probe IFACE tcp|udp SRC DST PORT
    One packet to any address, put on the wire of IFACE; prints the answer:
    "synack", "rst", "data", "unreachable TYPE/CODE" or "none".
frames.py aim IFACE SRC DST PORT
    A segment of no connection and a SYN to any address; prints what the SYN
    comes to: "accepted", "refused" or "none".
frames.py garbage IFACE COUNT
    COUNT damaged frames of all kinds.
frames.py bess SOCKET [hold]
    A User Mode Linux: connects, asks by ARP for 10.0.2.2, prints its MAC;
    then leaves, or stays with "hold".
"""
import random
import select
import socket
import struct
import sys
import time

GATEWAY = bytes.fromhex("52550a000202")
GATEWAY6 = bytes.fromhex("525600000002")
SPORT = 40007
SYN, RST, ACK = 2, 4, 16
DEADLINE = 10


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def pton(addr):
    return socket.inet_pton(
        socket.AF_INET6 if ":" in addr else socket.AF_INET, addr)


def segment(proto, src, dst, port, flags):
    if proto == socket.IPPROTO_TCP:
        head, spot = struct.pack(">HHIIBBHHH", SPORT, port, 1, 0, 5 << 4, flags,
                                 65535, 0, 0), 16
    else:
        head, spot = struct.pack(">HHHH", SPORT, port, 13, 0) + b"probe", 6
    if len(src) == 4:
        pseudo = src + dst + struct.pack(">BBH", 0, proto, len(head))
    else:
        pseudo = src + dst + struct.pack(">II", len(head), proto)
    csum = struct.pack(">H", checksum(pseudo + head))
    return head[:spot] + csum + head[spot + 2:]


def packet(proto, src, dst, port, flags=SYN):
    payload = segment(proto, src, dst, port, flags)
    if len(src) == 16:
        return struct.pack(">IHBB", 6 << 28, len(payload), proto, 64) + \
            src + dst + payload
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64,
                       proto, 0) + src + dst
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def verdict(frame, v6):
    """What a frame from the other side says about the probe, or None."""
    if frame[12:14] != (b"\x86\xdd" if v6 else b"\x08\x00"):
        return None
    proto, body = (frame[20], frame[54:]) if v6 else (
        frame[23], frame[14 + (frame[14] & 15) * 4:])
    if proto == socket.IPPROTO_TCP and body[2:4] == struct.pack(">H", SPORT):
        return "rst" if body[13] & 4 else "synack"
    if proto == socket.IPPROTO_UDP and body[2:4] == struct.pack(">H", SPORT):
        return "data"
    if (proto, body[0]) in ((1, 3), (58, 1)):
        return f"unreachable {body[0]}/{body[1]}"
    return None


def raw_socket(iface):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.bind((iface, 0))
    return sock


def probe(iface, proto, src, dst, port):
    number = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}[proto]
    src, dst = pton(src), pton(dst)
    v6 = len(src) == 16
    sock = raw_socket(iface)
    mac = sock.getsockname()[4]
    sock.send((GATEWAY6 if v6 else GATEWAY) + mac +
              (b"\x86\xdd" if v6 else b"\x08\x00") +
              packet(number, src, dst, int(port)))
    end = time.monotonic() + 1.5
    while (left := end - time.monotonic()) > 0:
        if not select.select([sock], [], [], left)[0]:
            break
        frame, origin = sock.recvfrom(65536)
        if origin[2] == socket.PACKET_OUTGOING:
            continue
        if (found := verdict(frame, v6)):
            return print(found)
    return print("none")


def outcome(frame, v6):
    """What a frame says about the SYN of aim(), or None."""
    said = verdict(frame, v6)
    if said == "rst" and not frame[67 if v6 else 47] & ACK:
        return None  # about the segment before it
    return {"synack": "accepted", None: None}.get(said, "refused")


def aim(iface, src, dst, port):
    src, dst, port = pton(src), pton(dst), int(port)
    v6 = len(src) == 16
    kind = 0x86dd if v6 else 0x800
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(kind))
    sock.bind((iface, kind))  # what comes in, and nothing else
    start = (GATEWAY6 if v6 else GATEWAY) + sock.getsockname()[4] + \
        struct.pack(">H", kind)
    for flags in (ACK, ACK | RST, SYN):
        sock.send(start + packet(socket.IPPROTO_TCP, src, dst, port, flags))
    end = time.monotonic() + DEADLINE
    while (left := end - time.monotonic()) > 0:
        if select.select([sock], [], [], left)[0] and (
                found := outcome(sock.recv(65536), v6)):
            return print(found)
    return print("none")


def damaged(rand, mac):
    """One frame: a good packet with bytes, lengths or its end broken."""
    v6 = rand.random() < 0.4
    src, dst = ("fd00::100", "fd00::2") if v6 else ("10.0.2.100", "10.0.2.2")
    data = packet(rand.choice((6, 17, 1, 58)) if rand.random() < 0.3 else
                  rand.choice((6, 17)), pton(src), pton(dst),
                  rand.randrange(65536))
    frame = bytearray(rand.choice((GATEWAY, GATEWAY6, b"\xff" * 6)) + mac +
                      (b"\x86\xdd" if v6 else b"\x08\x00") + data)
    for _ in range(rand.randrange(4)):
        frame[rand.randrange(12, len(frame))] = rand.randrange(256)
    if rand.random() < 0.3:
        frame = frame[:rand.randrange(14, len(frame))]
    if rand.random() < 0.2:
        frame += rand.randbytes(rand.randrange(1400))
    return bytes(frame)


def garbage(iface, count):
    sock, rand = raw_socket(iface), random.Random(7)
    mac = sock.getsockname()[4]
    for _ in range(int(count)):
        sock.send(damaged(rand, mac))


def bess(path, stay=""):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.settimeout(5)
    sock.connect(path)
    mac = bytes.fromhex("0200000000aa")
    sock.send(b"\xff" * 6 + mac + b"\x08\x06" +
              struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) + mac +
              pton("10.0.2.100") + b"\0" * 6 + pton("10.0.2.2"))
    while True:
        frame = sock.recv(65536)
        if frame[12:14] == b"\x08\x06":
            break
    print(frame[22:28].hex(":"), flush=True)
    if stay:
        time.sleep(3600)


COMMANDS = {f.__name__: f for f in (probe, aim, garbage, bess)}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
