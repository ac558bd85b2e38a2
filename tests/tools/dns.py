#!/usr/bin/env -S python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""A name server with one name, and a client for it.

dns.py serve ADDR TEXT...         UDP and TCP port 53; host.test has A ADDR and
                                  TXT TEXT, long.test TXT TEXT in an answer of
                                  2000 bytes, all else does not exist
dns.py ask udp|tcp SERVER [NAME]  prints the TXT record, or the response code,
                                  or "truncated"
dns.py find SERVER NAME [A|AAAA|PTR]
                                  prints the first address, or for an address
                                  the first name, or the response code
dns.py pipeline SERVER COUNT      asks for host.test that often at once in one
                                  connection, prints how many answers came
dns.py junk SERVER                sends what is no question
dns.py flood SERVER NAME          asks 20000 times and reads no answer
"""
import os
import socket
import struct
import sys
import threading

TXT, CLASS_IN, DEADLINE = 16, 1, 5


def family(addr):
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


def encode(name):
    return b"".join(bytes([len(part)]) + part.encode()
                    for part in name.split(".")) + b"\0"


def reply(query, addr, text):
    end = query.index(b"\0", 12) + 5
    name, qtype = query[12:end - 4], struct.unpack(">H", query[end - 4:end - 2])
    data = {1: socket.inet_aton(addr) if ":" not in addr else b"",
            TXT: bytes([len(text)]) + text.encode()}.get(qtype[0], b"")
    long = name.lower() == encode("long.test")
    known = long or name.lower() == encode("host.test")
    answer = b""
    if known and data:
        answer = b"\xc0\x0c" + struct.pack(">HHIH", qtype[0], CLASS_IN, 5,
                                           len(data)) + data
    return query[:2] + struct.pack(">HHHHH", 0x8180 if known else 0x8183, 1,
                                   bool(answer), 0, 0) + query[12:end] + \
        answer + bytes(2000 if long else 0)


def read_exactly(sock, count):
    data = b""
    while len(data) < count:
        chunk = sock.recv(count - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data


def serve_tcp(sock, addr, text):
    while True:
        conn, _ = sock.accept()
        with conn:
            conn.settimeout(DEADLINE)
            try:
                size = struct.unpack(">H", read_exactly(conn, 2))[0]
                data = reply(read_exactly(conn, size), addr, text)
                conn.sendall(struct.pack(">H", len(data)) + data)
            except (OSError, EOFError):
                continue


def serve_udp(sock, addr, text):
    while True:
        query, peer = sock.recvfrom(4096)
        sock.sendto(reply(query, addr, text), peer)


def serve(addr, text):
    udp = socket.socket(family(addr), socket.SOCK_DGRAM)
    udp.bind((addr, 53))
    tcp = socket.socket(family(addr), socket.SOCK_STREAM)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    tcp.bind((addr, 53))
    tcp.listen(64)
    print("ready", flush=True)
    threading.Thread(target=serve_tcp, args=(tcp, addr, text)).start()
    serve_udp(udp, addr, text)


def question(name, number=0x1234, kind=TXT):
    return struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + \
        encode(name) + struct.pack(">HH", kind, CLASS_IN)


def pipeline(server, count):
    numbers = set()
    with socket.create_connection((server, 53), DEADLINE) as sock:
        for number in range(int(count)):
            query = question("host.test", number)
            sock.sendall(struct.pack(">H", len(query)) + query)
        for _ in range(int(count)):
            size = struct.unpack(">H", read_exactly(sock, 2))[0]
            numbers.add(read_exactly(sock, size)[:2])
    print(len(numbers))


def flood(server, name):
    query = question(name)
    with socket.socket(family(server), socket.SOCK_DGRAM) as sock:
        sock.connect((server, 53))
        for _ in range(20000):
            sock.send(query)


def junk(server):
    query = question("host.test")
    with socket.socket(family(server), socket.SOCK_DGRAM) as sock:
        for size in range(len(query)):
            sock.sendto(query[:size], (server, 53))
        for _ in range(100):
            sock.sendto(os.urandom(size), (server, 53))
        # A name that is a pointer to itself, and one longer than names are.
        sock.sendto(query[:12] + b"\xc0\x0c\0\x10\0\1", (server, 53))
        sock.sendto(query[:12] + b"\x3f" * 400, (server, 53))


def ask(proto, server, name="host.test"):
    query = question(name)
    kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
    with socket.socket(family(server), kind) as sock:
        sock.settimeout(DEADLINE)
        try:
            sock.connect((server, 53))
            if proto == "tcp":
                sock.sendall(struct.pack(">H", len(query)) + query)
                size = struct.unpack(">H", read_exactly(sock, 2))[0]
                data = read_exactly(sock, size)
            else:
                sock.sendall(query)
                data = sock.recv(4096)
        except (OSError, EOFError) as err:
            sys.exit(f"no answer: {err!r}")
    if data[3] & 15:
        sys.exit(print(f"rcode {data[3] & 15}") or 1)
    if data[2] & 2:
        return print("truncated")
    answer = len(query)  # the question is echoed, the record follows
    print(data[answer + 13:answer + 13 + data[answer + 12]].decode())


def reverse(addr):
    if ":" not in addr:
        return ".".join(reversed(addr.split("."))) + ".in-addr.arpa"
    return ".".join(reversed(socket.inet_pton(socket.AF_INET6, addr).hex())) + \
        ".ip6.arpa"


def decode(data):
    parts = []
    while data[0]:
        parts.append(data[1:1 + data[0]].decode())
        data = data[1 + data[0]:]
    return ".".join(parts)


def find(server, name, kind="A"):
    query = question(reverse(name) if kind == "PTR" else name,
                     kind={"A": 1, "AAAA": 28, "PTR": 12}[kind])
    with socket.socket(family(server), socket.SOCK_DGRAM) as sock:
        sock.settimeout(DEADLINE)
        try:
            sock.connect((server, 53))
            sock.send(query)
            data = sock.recv(4096)
        except OSError as err:
            sys.exit(f"no answer: {err!r}")
    if data[3] & 15 or not data[7]:
        sys.exit(print(f"rcode {data[3] & 15}") or 1)
    size = struct.unpack_from(">H", data, len(query) + 10)[0]
    record = data[len(query) + 12:len(query) + 12 + size]
    print(decode(record) if kind == "PTR" else
          socket.inet_ntop(socket.AF_INET if kind == "A" else socket.AF_INET6,
                           record))


if __name__ == "__main__":
    {"serve": serve, "ask": ask, "pipeline": pipeline, "junk": junk,
     "flood": flood, "find": find}[sys.argv[1]](*sys.argv[2:])
