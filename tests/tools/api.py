#!/usr/bin/env -S python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of the control socket, as sloppy as real ones are.

api.py [OPTION]... SOCKET PIECE...
    Writes each PIECE on its own, the next one only when the server has read
    the last, and prints what comes back until the server closes.
    --half-close   shut the writing side down after the last piece
    --lines N      stop after N answer lines (a connection that stays open)
    --bytes N      append N spaces to the last piece
    --nul          append a NUL byte to the last piece
    --send N       a descriptor of ours goes with the first piece; repeatable
api.py --idle SOCKET [PIECE]
    Connects, writes PIECE, prints "ready" and then does nothing.
"""
import argparse
import array
import fcntl
import socket
import sys
import termios
import time

DEADLINE = 10


def wait_until_read(sock):
    """SIOCOUTQ (unix(7)): bytes that the other side has not read yet."""
    unread = array.array("i", [1])
    end = time.monotonic() + DEADLINE
    while unread[0] and time.monotonic() < end:
        time.sleep(0.005)
        fcntl.ioctl(sock, termios.TIOCOUTQ, unread)


def read_answer(sock, lines):
    answer = b""
    while lines is None or answer.count(b"\n") < lines:
        try:
            chunk = sock.recv(65536)
        except ConnectionResetError:
            chunk = b""  # it closed without reading all that we sent
        if not chunk:
            break
        answer += chunk
    return answer


def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--half-close", action="store_true")
    parser.add_argument("--idle", action="store_true")
    parser.add_argument("--lines", type=int)
    parser.add_argument("--bytes", type=int, default=0)
    parser.add_argument("--nul", action="store_true")
    parser.add_argument("--send", type=int, action="append", default=[])
    parser.add_argument("socket")
    parser.add_argument("piece", nargs="*")
    return parser.parse_intermixed_args()


def main():
    args = parse_args()
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(DEADLINE)
    sock.connect(args.socket)
    pieces = [p.encode(errors="surrogateescape") for p in args.piece]
    if pieces:
        pieces[-1] += b" " * args.bytes + b"\0" * args.nul
    try:
        for i, piece in enumerate(pieces):
            if i == 0 and args.send:
                socket.send_fds(sock, [piece], args.send)
                continue
            sock.sendall(piece)
            if i + 1 < len(pieces):
                wait_until_read(sock)
        if args.half_close:
            sock.shutdown(socket.SHUT_WR)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it may answer and close before it has read all
    if args.idle:
        print("ready", flush=True)
        time.sleep(3600)
    try:
        sys.stdout.write(read_answer(sock, args.lines).decode())
    except socket.timeout:
        sys.exit("timeout: no answer")


if __name__ == "__main__":
    main()
