#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the binary seeds of the fuzz targets: tests/fuzz/corpus/*.

The formats are those that the comments of the targets tell.  Run it when a
format changes, and commit what it writes.
"""
import os
import socket
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
GUEST, GATEWAY = b"\x52\x54\x00\x12\x34\x56", b"\x52\x55\x0a\x00\x02\x02"
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
NOPS = b"\x01" * 8


def address(text):
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return socket.inet_pton(family, text)


def ip(proto, payload, src=None, dst="192.0.2.1", options=b"", fragment=0,
       ident=1):
    """An Ethernet frame with an IP packet; checksums are left to the target."""
    if ":" in dst:
        head = struct.pack("!IHBB", 6 << 28, len(payload), proto, 64)
        head += address(src or "fd00::100") + address(dst)
        return GATEWAY + GUEST + b"\x86\xdd" + head + payload
    length = 20 + len(options) + len(payload)
    head = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, 0, length, ident,
                       fragment, 64, proto, 0)
    head += address(src or "10.0.2.100") + address(dst) + options
    return GATEWAY + GUEST + b"\x08\x00" + head + payload


def tcp(flags, seq=1000, ack=0, sport=40000, dport=80, window=65535, urgent=0,
        options=b"", payload=b""):
    return struct.pack("!HHIIBBHHH", sport, dport, seq & 0xffffffff, ack,
                       (20 + len(options)) // 4 << 4, flags, window, 0,
                       urgent) + options + payload


def udp(sport=1000, dport=53, payload=b"x" * 8):
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload


def icmp(kind, code=0, rest=b"\0" * 8):
    return struct.pack("!BBH", kind, code, 0) + rest


def arp(target="10.0.2.2"):
    return (b"\xff" * 6 + GUEST + b"\x08\x06" +
            b"\x00\x01\x08\x00\x06\x04\x00\x01" + GUEST +
            address("10.0.2.100") + b"\0" * 6 + address(target))


# --- frame: how, length, bytes ---

def sent(frame, how=1):
    return struct.pack("!BH", how, len(frame)) + frame


def stack(frame):
    return sent(frame, 3)


def to_guest(payload):
    return ip(6, payload, src="192.0.2.1", dst="10.0.2.100")


def opened():
    return (sent(ip(6, tcp(SYN))) +
            stack(to_guest(tcp(SYN | ACK, 5000, 1001, 80, 40000))) +
            sent(ip(6, tcp(ACK, 1001, 5001))))


FRAME = {
    "arp": sent(arp()),
    "cut_short": sent(ip(6, tcp(SYN))[:40]),
    "connection": opened() + sent(ip(6, tcp(ACK, 1001, 5001, payload=b"d" * 99))),
    "echo": sent(ip(1, icmp(8))) + sent(ip(58, icmp(128), dst="2001:db8::1")),
    "flags": b"".join(sent(ip(6, tcp(f))) for f in range(0, 64, 5)),
    "fragments": (sent(ip(17, udp(payload=b"a" * 24)[:16], fragment=0x2000)) +
                  sent(ip(17, b"a" * 16, fragment=2))),
    "fragments_overlap": (sent(ip(17, b"a" * 16, fragment=0x2000)) +
                          sent(ip(17, b"b" * 16, fragment=1))),
    "fragments_end_early": (sent(ip(17, b"a" * 16, fragment=0x2001)) +
                            sent(ip(17, b"b" * 8, fragment=1))),
    "fragments_ipv6": b"".join(
        sent(ip(44, struct.pack("!BBHI", 17, 0, field, 7) + data,
                dst="2001:db8::1"))
        for field, data in ((1, udp(payload=b"a" * 24)[:16]), (16, b"a" * 16))),
    "fragment_ipv6_atomic": sent(ip(44, struct.pack("!BBHI", 44, 0, 0, 7) +
                                    struct.pack("!BBHI", 6, 0, 1, 8),
                                    dst="2001:db8::1")),
    "ip_options": sent(ip(6, tcp(SYN), options=NOPS)),
    "loopback": b"".join(sent(ip(6, tcp(SYN), dst=d)) for d in (
        "127.0.0.1", "0.0.0.0", "10.0.2.2", "255.255.255.255", "::1", "::",
        "::ffff:127.0.0.1", "fd00::2", "fd00::5")),
    "out_of_order": opened() + sent(ip(6, tcp(ACK, 1101, 5001, payload=b"d"))),
    "half_closed_and_silent": (opened() +
                               sent(ip(6, tcp(ACK | FIN, 1001, 5001))) +
                               sent(arp(), 0xfd) * 4),
    "services": b"".join(sent(ip(17, udp(dport=p), dst="10.0.2.2"))
                         for p in (53, 67, 69, 547)),
    "sources": b"".join(sent(ip(17, udp(), src=s)) for s in (
        "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255")),
    "stranger": sent(ip(6, tcp(ACK, payload=b"d"), dst="2001:db8::1")),
    "syn_options": sent(ip(6, tcp(SYN, options=b"\x02\x04\x05\xb4" + NOPS))),
    "tail": sent(ip(17, udp(), dst="2001:db8::1") + b"TRAILING"),
    "udp_reply": (stack(ip(17, udp(5000, 53), src="10.0.2.2",
                           dst="10.0.2.100")) +
                  sent(ip(17, udp(53, 5000), dst="10.0.2.2"))),
    "urgent": sent(ip(6, tcp(ACK | URG, urgent=0xffff, payload=b"u"))),
    "wrong_checksum": sent(ip(6, tcp(SYN)), 0),
}


# --- vnet: header, where to cut, frame ---

def offload(frame, flags=1, gso=0, size=0, start=34, offset=16, cut=220):
    return (struct.pack("=BBHHHH", flags, gso, 54, size, start, offset) +
            struct.pack("!H", cut) + frame)


BULK = tcp(ACK | PSH | FIN, 0xfffffff0, 5, payload=bytes(range(256)) * 12)
VNET = {
    "bulk": offload(ip(6, BULK), gso=1, size=1448),
    "bulk_ipv6": offload(ip(6, BULK, dst="2001:db8::1"), gso=4, size=1428,
                         start=54),
    "ecn": offload(ip(6, BULK), gso=0x81, size=1448),
    "options": offload(ip(6, tcp(ACK, options=NOPS, payload=b"o" * 2000))),
    "plain": offload(ip(6, tcp(ACK)), flags=0),
    "start_in_ethernet": offload(ip(6, tcp(ACK)), start=0),
    "start_beyond": offload(ip(6, tcp(ACK)), start=0xffff, offset=0xffff),
    "udp_segmentation": offload(ip(17, udp()), gso=5, offset=6),
}


# --- merge: join, then (flush, kind, length, flags, four offsets...) ---

def segment(kind=0, length=100, flags=0, seq=0, ack=0, window=9, flush=1):
    return bytes([flush, kind, length, flags, 0x80 + seq, 0x80 + ack, window])


MERGE = {
    "bulk": b"\1" + segment(8) * 60,
    "bulk_ipv6": b"\1" + segment(9) * 60,
    "acknowledgements": b"\1" + segment(0, 0, ack=1) * 9 + segment(0, 0),
    "acknowledgement_back": b"\1" + segment() + segment(ack=-1),
    "apart": b"\0" + segment() * 9,
    "datagrams": b"\1" + (segment() + segment(0x30)) * 5,
    "finish": b"\1" + segment() * 3 + segment(0x40, 0, ACK | FIN),
    "flows": b"\1" + (segment(0) + segment(1) + segment(2)) * 5,
    "holes": b"\1" + segment() + segment(seq=1) + segment(seq=-1),
    "push": b"\1" + segment() + segment(flags=PSH) + segment() * 2,
    "tcp_options": b"\1" + segment() + segment(0x20) + segment(),
}


# --- pump: first sequence, then kind and what it takes ---

def raw(frame):
    return b"\x82" + struct.pack("!H", len(frame)) + frame


def on_connection(flags, seq=0, ack=0, length=1, window=0xff, settle=True):
    return bytes([0x84 if settle else 2, flags, window, 0x80 + seq, 0x80 + ack,
                  length])


def datagram(where, length=1):
    return bytes([0x85, where, length])


def host(action, length=1):
    return bytes([0x86, action, length][:3 if action == 0 else 2])


def first(sequence):
    return struct.pack("!I", sequence & 0xffffffff)


MOVE = 0x80
PUMP = {
    "conversation": (first(1) + on_connection(ACK | MOVE) * 5 + host(0, 200) +
                     on_connection(ACK | FIN)),
    "urgent": first(1) + on_connection(ACK | URG | MOVE) * 3,
    "reordered": (first(-33) + on_connection(ACK, 16) + on_connection(ACK) +
                  on_connection(ACK, 32)),
    "host_finishes": (first(-33) + host(1) + on_connection(ACK, 0, 1, 2) +
                      on_connection(ACK, 0, 1, 4) +
                      on_connection(ACK | FIN, 64, 1, 0)),
    "wrong_checksum": (first(-33) + on_connection(ACK | 0x40 | MOVE) +
                       on_connection(ACK) * 2),
    "impossible_ack": first(7) + on_connection(ACK | MOVE, 0, 100) * 3,
    "reset": first(7) + on_connection(RST) + on_connection(ACK),
    "closed_window": (first(7) + on_connection(ACK, 0, 0, 0, 0) +
                      host(0, 255) * 4 + on_connection(ACK, 0, 0, 0)),
    "services": first(7) + b"".join(datagram(w) for w in range(0, 256, 9)),
    "fragments": (first(7) +
                  raw(ip(17, udp(dport=9, payload=b"a" * 24)[:16],
                         fragment=0x2000)) +
                  raw(ip(17, b"a" * 16, fragment=2))),
    "neighbours": first(7) + raw(arp()) + raw(ip(
        58, icmp(135, 0, b"\0" * 4 + address("fd00::2")),
        dst="ff02::1:ff00:2")) + raw(ip(58, icmp(133), dst="ff02::2")),
    "other_connections": first(7) + b"".join(
        raw(ip(6, tcp(SYN, dport=p), dst=d))
        for p, d in ((1, "10.0.2.2"), (1, "fd00::2"), (53, "10.0.2.3"),
                     (80, "192.0.2.1"), (80, "2001:db8::1"), (80, "::1"))),
}


# --- dns: what it is, bytes ---

def name(text):
    return b"".join(bytes([len(p)]) + p for p in text.encode().split(b".")) + \
        b"\0"


OPT = b"\0\0\x29\x10\0\0\0\0\0\0\0"


def question(text, kind=1, flags=0x100, counts=(1, 0, 0, 0), more=b""):
    return struct.pack("!HHHHHH", 7, flags, *counts) + name(text) + \
        struct.pack("!HH", kind, 1) + more


def framed(*messages):
    return b"".join(struct.pack("!H", len(m)) + m for m in messages)


POINTER = b"\x00\x07\x01\x00\0\x01\0\0\0\0\0\0\xc0\x0c\0\x01\0\x01"
DNS = {
    "known": b"\0" + question("WeB"),
    "known_ipv6": b"\0" + question("web.dns.podman", 28),
    "known_any": b"\0" + question("web", 255, counts=(1, 0, 0, 1), more=OPT),
    "reverse": b"\0" + question("2.0.89.10.in-addr.arpa", 12),
    "reverse_ipv6": b"\0" + question("2." + "0." * 19 + "9.8.0.0.0.0.d.f."
                                     "ip6.arpa", 12),
    "unknown": b"\0" + question("nobody.dns.podman"),
    "foreign": b"\0" + question("example.test", 15),
    "edns": b"\0" + question("web", counts=(1, 0, 0, 1), more=OPT),
    "edns_later": b"\0" + question("web", counts=(1, 0, 0, 1),
                                  more=OPT[:6] + b"\1" + OPT[7:]),
    "edns_twice": b"\0" + question("web", counts=(1, 0, 0, 2), more=OPT * 2),
    "pointer_to_itself": b"\0" + POINTER,
    "pointer_in_record": b"\0" + question(
        "web", counts=(1, 1, 0, 0), more=b"\xc0\x0c\0\1\0\1\0\0\0\0\0\0"),
    "record_beyond": b"\0" + question(
        "web", counts=(1, 0, 0, 1), more=b"\0\0\1\0\1\0\0\0\0\xff\xff"),
    "update": b"\0" + question("web", flags=0x2800),
    "answer": b"\0" + question("web", flags=0x8100),
    "cut_short": b"\0" + question("web")[:14],
    "stream": b"\1" + framed(question("web"), question("x"), question("web")),
    "stream_short": b"\1" + framed(question("web"))[:-1],
    "stream_tiny": b"\1\0\1\0",
    "stream_huge": b"\1\xff\xff" + b"\0" * 64,
    "answer_whole": b"\2" + question("far.Test", flags=0x8180)[2:],
    "answer_other": b"\2" + question("near.test", flags=0x8180)[2:],
    "answer_header": b"\2\x81\x81" + b"\0" * 8,
    "answer_records": b"\3\x81\x80\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x0a\0\0\1",
    "answer_failure": b"\3\x81\x82",
    "answer_long": b"\3\x81\x80" + b"a" * 5000,
}


# --- agent: kind, operation, and its fields in the order of fuzz_agent.c ---

TAP_OPEN, CONFIGURE, RELAY_OPEN, SOCKETS, REFRESH, IPV6 = range(6)
TAP0, LO = b"\0", b"\1"
ADDRS = b"\0\1\x18" + b"\2\3\x40"  # address, gateway, prefix; of IPv6, too


def ask(operation, fields=b"", kind=2):
    return bytes([kind, operation]) + fields


RELAY = ask(RELAY_OPEN, TAP0 + b"\x84\0\0\1")
AGENT = {
    "tap": ask(TAP_OPEN, TAP0 + b"\0") +
           ask(CONFIGURE, TAP0 + b"\x84\1\x52" + ADDRS) +
           ask(IPV6, TAP0 + b"\0\2\3\x40") + ask(IPV6, TAP0 + b"\1\2\3\x40"),
    "relay": RELAY + ask(SOCKETS, b"\2\0\x10") + ask(SOCKETS, b"\x0a\0\4") +
             ask(SOCKETS, b"\2\1\1") + ask(REFRESH) + RELAY,
    "nothing_there": ask(SOCKETS, b"\2\0\1") + ask(REFRESH) +
                     ask(CONFIGURE, TAP0 + b"\x84\0\0" + ADDRS),
    "loopback": ask(CONFIGURE, LO + b"\x84\0\0" + ADDRS) +
                ask(RELAY_OPEN, LO + b"\x84\0\0\0") + ask(TAP_OPEN, LO + b"\0"),
    "odd_sizes": b"\0\0\3abcd" + b"\xe8\0\0a" + ask(TAP_OPEN, TAP0, 0xe2),
    "whole": b"\1" + bytes([TAP_OPEN]) + b"tap1" + b"\0" * 200,
    "names": ask(TAP_OPEN, b"\xff\0") + ask(TAP_OPEN, b"\3\0") +
             ask(TAP_OPEN, b"\6\0") + ask(RELAY_OPEN, b"\4\x84\0\0\0"),
    "unknown": ask(TAP_OPEN, b"", 1) + bytes([1, 0xff]),
}


# --- answer: stub, descriptors, code, and three texts ---

def reply(stub, fds, code=0, texts=b"\0\0\0"):
    return bytes([stub, fds, code]) + texts


ANSWER = {
    "good": reply(0, 1, 0, b"\0\0\4tap0") + reply(1, 0) + reply(2, 0) +
            reply(3, 3) + reply(4, 4) + reply(5 + 7 * 15, 16) + reply(6, 0),
    "refused": b"".join(reply(s, 0, 1 + s, b"\4why?\0\0") for s in range(7)),
    "warned": reply(1, 0, 0, b"\0\7no IPv6\0"),
    "too_many": reply(0, 2),
    "too_few": reply(4, 3),
    "with_refusal": reply(0, 1, 1),
    "texts_without_end": reply(0, 0xe0 + 4, 0) + reply(1, 0xee, 0),
    "odd_size": b"\0\xf0\0\5hello",
    "codes": b"".join(reply(1, 0, c) for c in (7, 0x7f, 0x80, 0xff)),
}


# --- capture: bytes kept, limit / 16, actions ---

def frames(*lengths):
    return b"".join(struct.pack("!BH", 4, n) for n in lengths)


READ, TURN, SEGMENT, GONE = b"\0", b"\1", b"\2", b"\3\x99"
CAPTURE = {
    "whole": b"\xff\xff\0\0" + frames(60, 1514, 0, 65535) + SEGMENT + READ,
    "cut": b"\0\x40\0\0" + frames(60, 1514, 64, 65) + TURN + READ,
    "limit": b"\xff\xff\0\x10" + frames(60) * 8 + READ + TURN,
    "limit_below_header": b"\xff\xff\0\1" + frames(60),
    "slow_reader": b"\xff\xff\0\0" + frames(65535) * 80 + READ + TURN,
    "reader_gone": b"\xff\xff\0\0" + frames(60) + GONE + frames(60) * 2,
    "nothing": b"\0\0\0\0",
}


# --- session: the first sequence, then actions of fuzz_session.c ---

SETTLE = 0x80


def switch(bits):
    return bytes([0, bits])


def tell(place, length, how=0, *more):
    return bytes([1 | SETTLE, how | place, length, *more])


def act_on(conn, what, *more):
    return bytes([6 | SETTLE, what << 5 | conn, *more])


def open_to(conn, place):
    return bytes([6 | SETTLE, place * 4 + conn])


ODD, FINISH, ACKNOWLEDGE, HOLE, DATA = 1, 2, 3, 4, 5


def by_host(conn, what, *more):
    return bytes([5 | SETTLE, conn << 2 | what, *more])


def talk(conn, place):
    return (open_to(conn, place) + act_on(conn, DATA, 200) +
            by_host(conn, 2, 40) + act_on(conn, ACKNOWLEDGE))


SESSION = {
    "talk": first(1) + talk(0, 0) + act_on(0, FINISH) + by_host(0, 0) +
            act_on(0, ACKNOWLEDGE),
    "talk_everywhere": first(-100) + b"".join(talk(i, i) for i in range(4)),
    "switches": first(7) + b"".join(talk(i, i) for i in range(4)) +
                b"".join(switch(15 ^ 1 << b) + tell(p, 9) + open_to(p, p)
                         for b in range(4) for p in range(4)),
    "all_off_and_on": first(7) + talk(0, 0) + talk(1, 3) + switch(0) +
                      talk(2, 2) + switch(15) + talk(3, 2),
    "datagrams": first(7) + b"".join(tell(p, 100) for p in range(4)) +
                 switch(15) + b"".join(tell(p, 200) for p in range(4)),
    "fragments": first(7) + b"".join(
        tell(p, 20, 0xc0, how, *more) for p in range(4)
        for how, more in ((0, b"\0" * 5), (0x80, b"\0" * 5),
                          (1, b"\0\xff\0\0\0"), (2, b"\xfe" * 5))),
    "echoes": first(7) + b"".join(bytes([2 | SETTLE, 0xf0 | p, 0, 0, 0])
                                  for p in range(4)),
    "services": first(7) + b"".join(
        bytes([3 | SETTLE, s, 8]) + b"\x35\1\1\x37\2\1\3\xff"
        for s in range(5)),
    "neighbours": first(7) + b"".join(bytes([4 | SETTLE, w * 37 % 256])
                                      for w in range(12)),
    "false_end": first(7) + talk(0, 0) + by_host(0, 0) +
                 act_on(0, ODD, ACK | FIN, 0xf0, 0x80, 0xff, 0) + switch(14) +
                 act_on(0, DATA, 9),
    "holes": first(7) + open_to(0, 1) + act_on(0, HOLE, 50) +
             act_on(0, HOLE, 150) + act_on(0, DATA, 60) +
             act_on(0, ODD, ACK, 0x70, 0x80, 0xff, 40) + act_on(0, DATA, 9),
    "reset": first(7) + open_to(0, 0) +
             act_on(0, ODD, RST, 0x80, 0x80, 0xff, 0) + act_on(0, DATA, 1) +
             open_to(1, 2) + by_host(1, 1) + act_on(1, DATA, 1),
}


def main():
    for target, seeds in (("agent", AGENT), ("answer", ANSWER),
                          ("capture", CAPTURE), ("dns", DNS), ("frame", FRAME),
                          ("merge", MERGE), ("pump", PUMP),
                          ("session", SESSION), ("vnet", VNET)):
        folder = os.path.join(HERE, "corpus", target)
        os.makedirs(folder, exist_ok=True)
        for name, data in seeds.items():
            with open(os.path.join(folder, name), "wb") as seed:
                seed.write(data)


if __name__ == "__main__":
    main()
