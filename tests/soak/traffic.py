# SPDX-License-Identifier: GPL-2.0-or-later
"""The traffic of a soak run: servers that echo, clients that compare.

Run as a program, it is the guest's side:
    traffic.py serve PORT                 an echo server, TCP and UDP
    traffic.py talk ADDRESS PORT SECONDS SEED   clients, mixed and checked
"""

import contextlib
import random
import socket
import socketserver
import struct
import sys
import threading
import time

TIMEOUT_S = 20
CHUNK = 65536


class Echo(socketserver.BaseRequestHandler):
    """Sends back what comes; ends its stream when the client has ended its."""

    def handle(self):
        with contextlib.suppress(OSError):
            self.request.settimeout(TIMEOUT_S)
            while data := self.request.recv(CHUNK):
                self.request.sendall(data)


class TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024
    address_family = socket.AF_INET6

    def handle_error(self, request, client_address):
        """A client that resets is part of the plan."""


def udp_echo(port):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.bind(("::", port))
        while True:
            data, peer = server.recvfrom(CHUNK)
            with contextlib.suppress(OSError):
                server.sendto(data, peer)


def serve(port):
    """Echo on TCP and UDP in the background; returns when both listen."""
    server = TcpServer(("::", port), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Thread(target=udp_echo, args=(port,), daemon=True).start()


def connect(where):
    stream = socket.create_connection(where, TIMEOUT_S)
    stream.settimeout(TIMEOUT_S)
    return stream


def send_all_and_end(stream, data):
    # A failure here shows as missing data on the other side.
    with contextlib.suppress(OSError):
        stream.sendall(data)
        stream.shutdown(socket.SHUT_WR)


def echo_stream(where, rng):
    """Data of a random size, both ways at once, ended by half-close."""
    data = rng.randbytes(rng.choice((1, 700, 20_000, 300_000, 2_000_000)))
    back = bytearray()
    with connect(where) as stream:
        sender = threading.Thread(target=send_all_and_end, args=(stream, data))
        sender.start()
        while piece := stream.recv(CHUNK):
            back += piece
        sender.join()
    if back != data:
        raise AssertionError(f"{len(data)} bytes came back as {len(back)}, "
                             f"equal: {data.startswith(bytes(back))}")
    return len(data)


def reset_stream(where, rng):
    """A connection that is thrown away in the middle."""
    with connect(where) as stream:
        stream.sendall(rng.randbytes(5000))
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))
    return 0


def idle_stream(where, rng):
    """A connection that says nothing."""
    with connect(where):
        time.sleep(rng.random() / 5)
    return 0


def datagrams(where, rng):
    """A few datagrams; those that come back must be whole."""
    family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
    sent = {}
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(1)
        client.connect(where)
        for number in range(8):
            data = struct.pack("!I", number) + rng.randbytes(rng.choice(
                (10, 500, 1400, 8000)))
            sent[number] = data
            client.send(data)
        moved = 0
        with contextlib.suppress(TimeoutError):
            while sent:
                data = client.recv(CHUNK)
                number = struct.unpack("!I", data[:4])[0]
                if sent.pop(number, data) != data:
                    raise AssertionError("a datagram came back changed")
                moved += len(data)
    return moved


def talk(where, seconds, seed):
    """Mixed clients until the time is over; returns (rounds, bytes)."""
    rng = random.Random(seed)
    deadline = time.monotonic() + seconds
    rounds = moved = 0
    while time.monotonic() < deadline:
        work = rng.choice((echo_stream, echo_stream, reset_stream, idle_stream,
                           datagrams))
        began = time.monotonic()
        try:
            moved += work(where, rng)
        except OSError as error:
            # Where and when tell more than what.
            raise AssertionError(f"{work.__name__} number {rounds}, "
                                 f"{time.monotonic() - began:.3f} s: "
                                 f"{error!r}") from error
        rounds += 1
    return rounds, moved


def main():
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
        print("there", flush=True)
        sys.stdin.read()
        return
    address, port, seconds, seed = sys.argv[2:6]
    rounds, moved = talk((address, int(port)), float(seconds), int(seed))
    print(f"rounds={rounds} bytes={moved}")


if __name__ == "__main__":
    main()
