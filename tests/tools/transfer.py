#!/usr/bin/env -S python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checked bulk transfers.

transfer.py serve PORT ADDR
transfer.py run MODE ADDR PORT BYTES [FLOWS]
    up    client sends BYTES and half-closes; server answers the digest
    down  client half-closes first; server sends BYTES
    both  both at once, each side closes when it has sent all
    Prints "ok" when every byte of every flow was right.
transfer.py paced PORT ADDR RATE
    Takes one connection and reads it at RATE bytes per second; prints the
    number of waits above 140 ms on a sender that has more to give.
transfer.py send ADDR PORT BYTES
"""
import hashlib
import random
import socket
import sys
import threading
import time

DEADLINE = 60
BLOCK = random.Random(1).randbytes(1 << 18)


def family(addr):
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


def stream(size):
    """The agreed bytes: a block that never repeats aligned to itself."""
    offset = 0
    while offset < size:
        yield BLOCK[offset % 251:][:size - offset]
        offset += len(BLOCK) - offset % 251


def digest(size):
    total = hashlib.blake2b()
    for chunk in stream(size):
        total.update(chunk)
    return total.hexdigest()


def send_all(sock, size):
    for chunk in stream(size):
        sock.sendall(chunk)
    sock.shutdown(socket.SHUT_WR)


def read_digest(sock):
    total = hashlib.blake2b()
    while chunk := sock.recv(1 << 18):
        total.update(chunk)
    return total.hexdigest()


def read_all(sock):
    data = b""
    while chunk := sock.recv(4096):
        data += chunk
    return data.decode()


def answer(conn):
    header = b""
    while not header.endswith(b"\n"):
        header += conn.recv(1)
    mode, size = header.decode().split()
    if mode == "up":
        conn.sendall(read_digest(conn).encode())
    else:
        sender = threading.Thread(target=send_all, args=(conn, int(size)))
        sender.start()
        read_digest(conn)
        sender.join()


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


def run_one(mode, addr, port, size, want):
    with socket.create_connection((addr, port), DEADLINE) as sock:
        sock.settimeout(DEADLINE)
        sock.sendall(f"{mode} {size}\n".encode())
        if mode == "up":
            send_all(sock, size)
            got = read_all(sock)
        elif mode == "down":
            sock.shutdown(socket.SHUT_WR)
            got = read_digest(sock)
        else:
            sender = threading.Thread(target=send_all, args=(sock, size))
            sender.start()
            got = read_digest(sock)
            sender.join()
        if got != want:
            raise ValueError(f"{mode}: digest {got!r}, wanted {want}")


def run(mode, addr, port, size, flows="1"):
    failures = []
    want = digest(int(size))

    def attempt():
        try:
            run_one(mode, addr, int(port), int(size), want)
        except (OSError, ValueError) as err:
            failures.append(repr(err))

    threads = [threading.Thread(target=attempt) for _ in range(int(flows))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        sys.exit(f"{len(failures)} of {flows} flows failed: {failures[0]}")
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
        send_all(sock, int(size))
        read_all(sock)


COMMANDS = {f.__name__: f for f in (serve, run, paced, send)}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
