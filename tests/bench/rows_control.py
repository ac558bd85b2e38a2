# SPDX-License-Identifier: GPL-2.0-or-later
"""What clients of the control socket cost the traffic."""

import contextlib
import functools
import json
import socket
import threading
import time

from peers import Wish
from procs import BenchError
from rows import Row, Work
from rows_bulk import iperf
from worlds import LAN

ASKED_PER_S = 1000
STALLED = 64


def works():
    for name, clients in (("asked", asking), ("stalled", stalling)):
        kept = Row(f"kept-out-65520-{name}", "of 1")
        yield Work((kept,), needs=frozenset({"out", "control"}), extra=True,
                   measure=functools.partial(measure, kept=kept.name,
                                             clients=clients))


def connect(path):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(10)
    client.connect(str(path))
    return client


@contextlib.contextmanager
def asking(path):
    """One client, so many requests a second, each answered."""
    over, answered = threading.Event(), [0]
    began = time.monotonic()

    def ask():
        request = json.dumps({"execute": "list_hostfwd", "id": 1}).encode()
        with connect(path) as client, client.makefile() as answers:
            while not over.is_set():
                due = int((time.monotonic() - began) * ASKED_PER_S)
                while answered[0] < due:
                    client.sendall(request)
                    if '"return"' not in answers.readline():
                        return
                    answered[0] += 1
                time.sleep(1 / ASKED_PER_S)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    rate = answered[0] / (time.monotonic() - began)
    if rate < ASKED_PER_S * 0.95:
        raise BenchError(f"only {rate:.0f} requests a second were answered")


@contextlib.contextmanager
def stalling(path):
    """As many clients as there may be, each in the middle of a request."""
    with contextlib.ExitStack() as clients:
        for _ in range(STALLED):
            client = clients.enter_context(connect(path))
            client.sendall(b'{"execute":')
        yield


def measure(bench, peer, kept, clients):
    """The same stream without and with them, one after the other."""
    with peer.attach(bench.world, Wish(mtu=65520)) as link:
        def stream():
            return iperf(bench, link.guest, bench.world.host, LAN[4],
                         bench.world.port(), False)[0]

        alone = stream()
        with clients(peer.socket(bench.world)):
            return {kept: stream() / alone}
