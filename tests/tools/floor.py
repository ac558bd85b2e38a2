#!/usr/bin/env -S python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""Many flows at once, for the tests of the slow path.

floor.py accept PORT ADDR            TCP: keeps connections until their end
floor.py fill ADDR PORT COUNT        connects COUNT times, prints how many did
                                     and how many were refused, and keeps them
                                     until the end of its input
floor.py serve PORT ADDR             TCP: answers each connection with "hello"
floor.py connects ADDR PORT COUNT    connects COUNT times, one after the other,
                                     and prints how many were answered
floor.py echo PORT PORTS ADDR...     UDP: echoes on PORTS ports in a row
floor.py burst ADDR PORT PORTS EACH  sends EACH datagrams to each of them at
                                     once, prints how many come back
floor.py flood ADDR PORT             UDP: sends without a pause until killed,
                                     prints "ready" when the first came back
floor.py ask ADDR PORT COUNT         UDP: asks COUNT questions, one at a time,
                                     again where no answer comes; prints how
                                     often it had to ask for all answers

Servers print "ready" when they listen.
"""
import contextlib
import itertools
import select
import socket
import sys
import time

DEADLINE = 10
FLOOD = b"x" * 512


def family(addr):
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


def accept(port, addr):
    listener = socket.create_server((addr, int(port)), family=family(addr),
                                    backlog=1024)
    print("ready", flush=True)
    kept = {listener}
    while True:
        for sock in select.select(list(kept), [], [])[0]:
            if sock is listener:
                kept.add(sock.accept()[0])
            elif not sock.recv(64):
                kept.remove(sock)
                sock.close()


def fill(addr, port, count):
    kept, refused = [], 0
    for _ in range(int(count)):
        try:
            kept.append(socket.create_connection((addr, int(port)), DEADLINE))
        except ConnectionRefusedError:
            refused += 1
    print(len(kept), refused, flush=True)
    sys.stdin.read()


def serve(port, addr):
    listener = socket.create_server((addr, int(port)), family=family(addr),
                                    backlog=1024)
    print("ready", flush=True)
    while True:
        conn = listener.accept()[0]
        conn.sendall(b"hello")
        conn.close()


def connects(addr, port, count):
    answered = 0
    for _ in range(int(count)):
        with socket.create_connection((addr, int(port)), DEADLINE) as sock:
            # The server ends first: its side remembers the ports, not this.
            answered += sock.recv(64) == b"hello" and sock.recv(64) == b""
    print(answered)


def echo(port, ports, *addrs):
    poll, socks = select.poll(), {}
    for addr, i in itertools.product(addrs, range(int(ports))):
        sock = socket.socket(family(addr), socket.SOCK_DGRAM)
        sock.bind((addr, int(port) + i))
        poll.register(sock, select.POLLIN)
        socks[sock.fileno()] = sock
    print("ready", flush=True)
    while True:
        for fd, _ in poll.poll():
            data, peer = socks[fd].recvfrom(65535)
            # What is left of a flood may be answered when the way is gone.
            with contextlib.suppress(OSError):
                socks[fd].sendto(data, peer)


def burst(addr, port, ports, each):
    socks, got = [], set()
    for i in range(int(ports)):
        sock = socket.socket(family(addr), socket.SOCK_DGRAM)
        sock.connect((addr, int(port) + i))
        socks.append(sock)
    for n in range(int(each)):
        for i, sock in enumerate(socks):
            sock.send(b"%d %d" % (i, n))
    wanted = int(ports) * int(each)
    end = time.monotonic() + DEADLINE
    while len(got) < wanted and time.monotonic() < end:
        for sock in select.select(socks, [], [], 0.5)[0]:
            got.add(sock.recv(64))
    print(len(got))


def flood(addr, port):
    sock = socket.socket(family(addr), socket.SOCK_DGRAM)
    sock.connect((addr, int(port)))
    sock.setblocking(False)
    told = False
    while True:
        for _ in range(100):
            try:
                sock.send(FLOOD)
            except BlockingIOError:
                break
        if not told and select.select([sock], [], [], 0)[0]:
            print("ready", flush=True)
            told = True


def tries(sock, text):
    """How often one has to ask."""
    count, end = 0, time.monotonic() + DEADLINE
    while time.monotonic() < end:
        sock.send(text)
        count += 1
        while select.select([sock], [], [], 0.5)[0]:
            if sock.recv(64) == text:
                return count
    sys.exit(f"no answer to {count} questions")


def ask(addr, port, count):
    sock = socket.socket(family(addr), socket.SOCK_DGRAM)
    sock.connect((addr, int(port)))
    print(sum(tries(sock, b"%d" % i) for i in range(int(count))))


COMMANDS = {f.__name__: f for f in (accept, fill, serve, connects, echo, burst,
                                    flood, ask)}

if __name__ == "__main__":
    try:
        COMMANDS[sys.argv[1]](*sys.argv[2:])
    except KeyboardInterrupt:
        pass
