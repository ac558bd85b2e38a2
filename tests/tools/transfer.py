#!/usr/bin/env -S python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checked bulk transfers.

transfer.py serve PORT ADDR
transfer.py run MODE ADDR PORT BYTES [FLOWS]
    up    client sends BYTES and half-closes; server answers what it got
    down  client half-closes first; server sends BYTES
    both  both at once, each side closes when it has sent all; the server is
          asked afterwards what it got
    More than one flow: they are open all at once before bytes flow, have sizes
    of their own, BYTES on average, and contents of their own.
    Prints "ok" when every byte of every flow was right.
transfer.py paced PORT ADDR RATE
    Takes one connection and reads it at RATE bytes per second; prints the
    number of waits above 140 ms on a sender that has more to give.
transfer.py send ADDR PORT BYTES
transfer.py give listen|connect ADDR PORT BYTES
    Sends all on one connection and half-closes; prints "told" when the other
    side has half-closed as well.
transfer.py reply listen|connect ADDR PORT BYTES
    Reads until the other side has half-closed, sends all, closes, and prints
    "sent".
transfer.py late listen|connect ADDR PORT BYTES FIFO
    Reads nothing on its connection.  With a line from FIFO it half-closes; with
    another it reads, and prints "ok" if that is what the other side gave.
"""
import collections
import hashlib
import os
import random
import socket
import sys
import threading
import time

DEADLINE = 60
BLOCK = random.Random(1).randbytes(1 << 18)


def family(addr):
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


def stream(size, seed):
    """The agreed bytes: a block that never repeats aligned to itself, and
    begins elsewhere for each seed."""
    offset, start = 0, seed * 7919 % (len(BLOCK) // 2)
    while offset < size:
        yield BLOCK[start:][:size - offset]
        offset += len(BLOCK) - start
        start = offset % 251


def summary(chunks):
    """How many bytes, and which."""
    size, total = 0, hashlib.blake2b(digest_size=16)
    for chunk in chunks:
        size += len(chunk)
        total.update(chunk)
    return f"{size}:{total.hexdigest()}"


def send_all(sock, size, seed):
    for chunk in stream(size, seed):
        sock.sendall(chunk)
    sock.shutdown(socket.SHUT_WR)


def read_summary(sock):
    return summary(iter(lambda: sock.recv(1 << 18), b""))


def read_all(sock):
    data = b""
    while chunk := sock.recv(1 << 16):
        data += chunk
    return data.decode()


# --- the server ---

class Book:
    """What came in flows that could not be answered, by run."""

    def __init__(self):
        self.runs = collections.defaultdict(dict)
        self.news = threading.Condition()

    def add(self, run, seed, got):
        with self.news:
            self.runs[run][seed] = got
            self.news.notify_all()

    def read(self, run, count):
        with self.news:
            self.news.wait_for(lambda: len(self.runs[run]) >= count, DEADLINE)
            return self.runs.pop(run)


BOOK = Book()


def read_line(sock):
    line = b""
    while not line.endswith(b"\n"):
        byte = sock.recv(1)
        if not byte:
            raise ConnectionError("no request")
        line += byte
    return line.decode().split()


def answer(conn):
    mode, run, size, seed = read_line(conn)
    size, seed = int(size), int(seed)
    if mode == "book":
        for flow, got in BOOK.read(run, size).items():
            conn.sendall(f"{flow} {got}\n".encode())
    elif mode == "up":
        conn.sendall(read_summary(conn).encode())
    else:
        sender = threading.Thread(target=send_all, args=(conn, size, seed + 1))
        sender.start()
        got = read_summary(conn)
        sender.join()
        if mode == "both":
            BOOK.add(run, seed, got)


def serve_one(conn):
    with conn:
        conn.settimeout(DEADLINE)
        try:
            answer(conn)
        except OSError as err:
            print(f"server: {err!r}", file=sys.stderr, flush=True)


def serve(port, addr):
    sock = socket.create_server((addr, int(port)), family=family(addr),
                                backlog=1024)
    print("ready", flush=True)
    while True:
        conn, _ = sock.accept()
        threading.Thread(target=serve_one, args=(conn,), daemon=True).start()


# --- the client ---

class Run:
    def __init__(self, mode, addr, port, size, flows):
        self.name = f"{os.getpid()}-{time.time_ns()}"
        self.mode, self.peer = mode, (addr, port)
        rand = random.Random(flows)
        self.sizes = [size] if flows == 1 else [
            rand.randint(0, 2 * size) for _ in range(flows)]
        self.all_open = threading.Barrier(flows, timeout=DEADLINE)
        self.failures = []

    def connect(self, mode, size, seed):
        sock = socket.create_connection(self.peer, DEADLINE)
        sock.settimeout(DEADLINE)
        sock.sendall(f"{mode} {self.name} {size} {seed}\n".encode())
        return sock

    def compare(self, what, got, size, seed):
        if got != (want := summary(stream(size, seed))):
            self.failures.append(f"{what}: got {got}, wanted {want}")

    def flow(self, seed, size):
        with self.connect(self.mode, size, seed) as sock:
            self.all_open.wait()
            if self.mode == "up":
                send_all(sock, size, seed)
                self.compare("up", read_all(sock), size, seed)
            elif self.mode == "down":
                sock.shutdown(socket.SHUT_WR)
                self.compare("down", read_summary(sock), size, seed + 1)
            else:
                sender = threading.Thread(target=send_all,
                                          args=(sock, size, seed))
                sender.start()
                got = read_summary(sock)
                sender.join()
                self.compare("down", got, size, seed + 1)

    def attempt(self, seed, size):
        try:
            self.flow(seed, size)
        except (OSError, threading.BrokenBarrierError) as err:
            self.failures.append(repr(err))
            self.all_open.abort()

    def ask_the_server(self):
        with self.connect("book", len(self.sizes), 0) as sock:
            got = dict(line.split() for line in read_all(sock).splitlines())
        for flow, size in enumerate(self.sizes):
            seed = 2 * flow
            self.compare("up", got.get(str(seed)), size, seed)

    def all(self):
        threads = [threading.Thread(target=self.attempt, args=(2 * flow, size))
                   for flow, size in enumerate(self.sizes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.mode == "both" and not self.failures:
            self.ask_the_server()


def run(mode, addr, port, size, flows="1"):
    this = Run(mode, addr, int(port), int(size), int(flows))
    this.all()
    if this.failures:
        sys.exit(f"{len(this.failures)} of {flows} flows failed: "
                 f"{this.failures[0]}")
    print("ok")


def paced(port, addr, rate):
    sock = socket.create_server((addr, int(port)), family=family(addr))
    print("ready", flush=True)
    conn, _ = sock.accept()
    conn.settimeout(DEADLINE)
    waits, total, start = 0, 0, time.monotonic()
    while True:
        before = time.monotonic()
        chunk = conn.recv(1 << 16)
        waits += time.monotonic() - before > 0.14
        if not chunk:
            break
        total += len(chunk)
        time.sleep(max(0, start + total / int(rate) - time.monotonic()))
        if total / int(rate) < time.monotonic() - start - 0.1:
            start = time.monotonic() - total / int(rate)  # no catching up
    print(waits, flush=True)


def send(addr, port, size):
    with socket.create_connection((addr, int(port)), DEADLINE) as sock:
        sock.settimeout(DEADLINE)
        send_all(sock, int(size), 0)
        read_all(sock)


def one_connection(how, addr, port):
    if how == "connect":
        sock = socket.create_connection((addr, int(port)), DEADLINE)
        print("ready", flush=True)
    else:
        listener = socket.create_server((addr, int(port)), family=family(addr))
        print("ready", flush=True)
        sock = listener.accept()[0]
    sock.settimeout(DEADLINE)
    return sock


def give(how, addr, port, size):
    with one_connection(how, addr, port) as sock:
        send_all(sock, int(size), int(size))
        read_all(sock)
        print("told", flush=True)


def reply(how, addr, port, size):
    with one_connection(how, addr, port) as sock:
        read_all(sock)
        send_all(sock, int(size), int(size))
    print("sent", flush=True)


def late(how, addr, port, size, fifo):
    with one_connection(how, addr, port) as sock, open(fifo) as go:
        go.readline()
        sock.shutdown(socket.SHUT_WR)
        go.readline()
        got = read_summary(sock)
        size = int(size)
        print("ok" if got == summary(stream(size, size)) else got, flush=True)


COMMANDS = {f.__name__: f for f in (serve, run, paced, send, give,
                                  reply, late)}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
