# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that echo and clients that compare, for sessions with faults."""

import contextlib
import errno
import os
import socket
import socketserver
import threading

PATTERN = bytes(range(251)) * 4


class Echo(socketserver.BaseRequestHandler):
    """Sends back what comes, and ends its stream after the client."""

    def handle(self):
        with contextlib.suppress(OSError):
            self.request.settimeout(20)
            while data := self.request.recv(65536):
                self.request.sendall(data)


class TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128
    address_family = socket.AF_INET6

    def handle_error(self, request, client_address):
        """Broken connections are what this is about."""


def udp_echo(server):
    while True:
        data, peer = server.recvfrom(65536)
        with contextlib.suppress(OSError):
            server.sendto(data, peer)


def serve(port):
    """Echo on TCP and UDP in the background."""
    server = TcpServer(("::", port), Echo)
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.bind(("::", port))
    threading.Thread(target=server.serve_forever, args=(0.1,),
                     daemon=True).start()
    threading.Thread(target=udp_echo, args=(udp,), daemon=True).start()


def _pattern(size):
    return (PATTERN * (size // len(PATTERN) + 1))[:size]


def _send_and_end(stream, data):
    # What is missing is missed by who receives.
    with contextlib.suppress(OSError):
        stream.sendall(data)
        stream.shutdown(socket.SHUT_WR)


def _tcp(where, data, seconds):
    back = bytearray()
    with socket.create_connection(where, seconds) as stream:
        sender = threading.Thread(target=_send_and_end, args=(stream, data))
        sender.start()
        try:
            while piece := stream.recv(65536):
                back += piece
        finally:
            # Lets a sender that is stuck go as well.
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
            sender.join()
    return bytes(back)


def _udp(where, data, seconds):
    family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(seconds)
        client.connect(where)
        client.send(data)
        return client.recv(65536)


def ask(proto, where, size, seconds):
    """"ok", "short", "changed", or the name of the error."""
    data = _pattern(size)
    try:
        back = (_tcp if proto == "tcp" else _udp)(where, data, seconds)
    except TimeoutError:
        return "timeout"
    except OSError as error:
        return errno.errorcode.get(error.errno, os.strerror(error.errno or 0))
    if back == data:
        return "ok"
    return "short" if data.startswith(back) else "changed"
