#!/usr/bin/env -S python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""Small network peers for the behaviour tests.

net.py serve PORT ADDR...            TCP and UDP: answers "PEER-ADDRESS TEXT"
net.py ask tcp|udp ADDR PORT [TEXT]  sends TEXT, prints the answer
net.py hold PORT ADDR                TCP: accepts, then never reads or writes
net.py idle ADDR PORT COUNT          opens COUNT connections and keeps them
net.py burst ADDR PORT COUNT         how many connects complete at once

Servers print "ready" when they listen.  `ask` exits 1 and prints the errno
name (or "timeout", "EOF") when it gets no answer; $FROM_PORT binds its port.
"""
import errno
import os
import select
import socket
import sys
import threading
import time

DEADLINE = 5


def family(addr):
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


def plain(addr):
    return addr[7:] if addr.startswith("::ffff:") else addr


def listen(kind, addr, port):
    sock = socket.socket(family(addr), kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind((addr, port))
    if kind == socket.SOCK_STREAM:
        sock.listen(1024)
    return sock


def seen(proto, peer, text):
    """The log of who came, for tests that want to see that nobody did."""
    print(f"{proto} {plain(peer[0])} {peer[1]} {text}", file=sys.stderr,
          flush=True)
    return f"{plain(peer[0])} {text}".encode()


def answer_tcp(conn, peer):
    with conn:
        conn.settimeout(DEADLINE)
        try:
            text = conn.recv(4096).decode().strip()
            conn.sendall(seen("tcp", peer, text))
        except OSError as err:
            seen("tcp", peer, repr(err))


def serve_tcp(sock):
    while True:
        conn, peer = sock.accept()
        threading.Thread(target=answer_tcp, args=(conn, peer),
                         daemon=True).start()


def serve_udp(sock):
    while True:
        text, peer = sock.recvfrom(65535)
        try:
            sock.sendto(seen("udp", peer, text.decode().strip()), peer)
        except OSError as err:
            seen("udp", peer, repr(err))


def serve(port, *addrs):
    threads = []
    for addr in addrs:
        threads += [(serve_tcp, listen(socket.SOCK_STREAM, addr, int(port))),
                    (serve_udp, listen(socket.SOCK_DGRAM, addr, int(port)))]
    print("ready", flush=True)
    for target, sock in threads:
        threading.Thread(target=target, args=(sock,)).start()


def ask(proto, addr, port, text="hello"):
    kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[proto]
    with socket.socket(family(addr), kind) as sock:
        sock.settimeout(DEADLINE)
        if "FROM_PORT" in os.environ:
            sock.bind(("", int(os.environ["FROM_PORT"])))
        try:
            sock.connect((addr, int(port)))
            sock.sendall(text.encode())
            reply = sock.recv(65535)
        except socket.timeout:
            sys.exit(print("timeout") or 1)
        except OSError as err:
            sys.exit(print(errno.errorcode.get(err.errno, err)) or 1)
    print(reply.decode() or "EOF")
    sys.exit(0 if reply else 1)


def hold(port, addr):
    sock = listen(socket.SOCK_STREAM, addr, int(port))
    print("ready", flush=True)
    kept = []
    while True:
        kept.append(sock.accept())


def idle(addr, port, count):
    kept = [socket.create_connection((addr, int(port)), DEADLINE)
            for _ in range(int(count))]
    print("ready", flush=True)
    while kept:
        time.sleep(3600)


def burst(addr, port, count):
    """Starts COUNT connects together; prints how many are established."""
    end = time.monotonic() + 0.7  # below the first SYN retry (1 s)
    waiting, done = [], 0
    for _ in range(int(count)):
        sock = socket.socket(family(addr), socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.connect_ex((addr, int(port)))
        waiting.append(sock)
    while waiting and time.monotonic() < end:
        _, ready, _ = select.select([], waiting, [], 0.1)
        for sock in ready:
            waiting.remove(sock)
            done += sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
    print(done)


COMMANDS = {f.__name__: f for f in (serve, ask, hold, idle, burst)}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
