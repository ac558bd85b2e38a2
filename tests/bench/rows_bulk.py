# SPDX-License-Identifier: GPL-2.0-or-later
"""Bulk TCP: out, back, through forwards, beside idle connections, delayed."""

import contextlib
import functools
import json
import os
import pathlib

from peers import Wish, family_of
from procs import BenchError, finish, keyed_numbers
from rows import Row, Work
from worlds import LAN, REMOTE

LOOPBACK = "127.0.0.1"
PACE = 50000000  # bytes per second


def works():
    yield from (bulk_work(way, mtu, family)
                for family in (4, 6)
                for mtu in (1500, 65520)
                for way in ("out", "back"))
    yield from (idle_work(way, count)
                for count in (900, 1000, 8000, 9000, 10000)
                for way in ("out", "back"))
    yield from (forward_work(where, way, mtu)
                for where in ("lan", "lo")
                for mtu in (1500, 65520)
                for way in ("in", "back"))
    yield from (delayed_work(way, mtu)
                for mtu in (1500, 16384, 65520)
                for way in ("out", "back"))
    yield gap_work()


def iperf(bench, client, server, address, port, reverse):
    """(Gbit/s as the receiver saw it, bytes received) of one TCP stream."""
    words = ["iperf3", "--client", address, "--port", port, "--json",
             "--time", bench.seconds, *(["--reverse"] if reverse else [])]
    with server.server(port, "iperf3", "--server", "--one-off", "--port", port):
        result = json.loads(client.run(*words, timeout=bench.seconds + 20))
    received = result["end"]["sum_received"]
    return received["bits_per_second"] / 1e9, received["bytes"]


def cpu_seconds(pids):
    """User and system time of processes so far."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            text = pathlib.Path(f"/proc/{pid}/stat").read_text()
            words = text[text.rindex(")") + 2:].split()
            total += int(words[11]) + int(words[12])
    return total / os.sysconf("SC_CLK_TCK")


def bulk_work(way, mtu, family):
    name = f"bulk{'6' if family == 6 else ''}-{way}-{mtu}"
    speed = Row(name, "Gbit/s")
    cost = Row(name.replace("bulk", "cpu", 1), "s/GB", more_is_better=False)
    return Work((speed, cost), extra=family == 6, measure=functools.partial(
        measure_bulk, speed=speed.name, cost=cost.name, family=family,
        mtu=mtu, reverse=way == "back"))


def measure_bulk(bench, peer, speed, cost, family, mtu, reverse):
    with peer.attach(bench.world, Wish(mtu=mtu, family=family)) as link:
        before = cpu_seconds(link.pids)
        rate, moved = iperf(bench, link.guest, bench.world.host, LAN[family],
                            bench.world.port(), reverse)
        values = {speed: rate}
        if link.pids:
            used = cpu_seconds(family_of(link.pids[0])) - before
            values[cost] = used * 1e9 / moved
    return values


@contextlib.contextmanager
def idle_connections(bench, guest, count):
    """Connections of the guest that are held, and proved at both ends."""
    if count == 0:
        yield
        return
    port, tool = bench.world.port(), bench.world.tool("tcpload")
    server = bench.world.host.background(tool, "server", port, 1,
                                         ready_line="ready")
    holder = guest.background(tool, "hold", LAN[4], port, count,
                              ready_line="ready", timeout=30 + count // 50)
    with server, holder as process:
        yield
        alive = keyed_numbers(finish(process)).get("alive", 0)
        if alive != count:
            raise BenchError(f"only {alive:.0f} of {count} idle connections "
                             "were still there")


def idle_work(way, count):
    row = Row(f"bulk-{way}-65520-idle{count}", "Gbit/s")
    kept = Row(f"kept-{way}-65520-idle{count}", "of 1")
    return Work((row, kept), extra=count != 900, measure=functools.partial(
        measure_idle, row=row.name, kept=kept.name, count=count,
        reverse=way == "back"))


def measure_idle(bench, peer, row, kept, count, reverse):
    """The same stream without and with the connections, one after the other."""
    with peer.attach(bench.world, Wish(mtu=65520)) as link:
        def stream():
            return iperf(bench, link.guest, bench.world.host, LAN[4],
                         bench.world.port(), reverse)[0]

        alone = stream()
        with idle_connections(bench, link.guest, count):
            rate = stream()
    return {row: rate, kept: rate / alone}


def forward_work(where, way, mtu):
    row = Row(f"forward-{where}-{way}-{mtu}", "Gbit/s")
    return Work((row,), needs=frozenset({"forward"}),
                measure=functools.partial(
                    measure_forward, row=row.name, mtu=mtu,
                    address=LOOPBACK if where == "lo" else LAN[4],
                    reverse=way == "back"))


def measure_forward(bench, peer, row, mtu, address, reverse):
    port = bench.world.port()
    wish = Wish(mtu=mtu, tcp_ports=(port,))
    with peer.attach(bench.world, wish) as link:
        rate, _ = iperf(bench, bench.world.host, link.guest, address, port,
                        reverse)
    return {row: rate}


def delayed_work(way, mtu):
    row = Row(f"delayed-{way}-{mtu}", "Gbit/s")
    return Work((row,), measure=functools.partial(
        measure_delayed, row=row.name, mtu=mtu, reverse=way == "back"))


def measure_delayed(bench, peer, row, mtu, reverse):
    world = bench.world
    with peer.attach(world, Wish(mtu=mtu)) as link:
        rate, _ = iperf(bench, link.guest, world.remote, REMOTE[4],
                        world.port(), reverse)
    return {row: rate}


def gap_work():
    row = Row("gap-out-65520", "ms", more_is_better=False)
    return Work((row,), measure=functools.partial(measure_gap, row=row.name))


def measure_gap(bench, peer, row):
    """The longest wait of a reader that takes its data at a steady pace."""
    world, port = bench.world, bench.world.port()
    tool = world.tool("pacedload")
    with peer.attach(world, Wish(mtu=65520)) as link:
        reader = world.host.background(tool, "reader", port, PACE,
                                       bench.seconds, ready_line="ready")
        with reader as process:
            with link.guest.background(tool, "writer", LAN[4], port):
                said = finish(process, bench.seconds + 20)
    return {row: keyed_numbers(said)["gap_ms"]}
