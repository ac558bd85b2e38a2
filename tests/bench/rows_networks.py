# SPDX-License-Identifier: GPL-2.0-or-later
"""Containers on a bridge network that the helper makes."""

import contextlib
import functools
import statistics
import time

import control
from peers import Wish
from rows import Row, Work
from rows_bulk import LOOPBACK, iperf
from procs import background
from worlds import LAN, Place, set_up_netns

SUBNET, SECOND = "10.89.0.0/24", "10.89.0.3"
PLAIN = "10.99.0"
MTU = 65520
ATTACHED = 20
NEEDS = frozenset({"out", "control", "networks"})


def works():
    for name, measure in (("net-between", measure_between),
                          ("net-out", measure_out),
                          ("net-published", measure_published)):
        yield work(Row(name, "Gbit/s"), measure)
    yield work(Row("net-of-bridge", "of 1",
                   about="of a bridge between the same containers"),
               measure_of_bridge)
    yield work(Row("net-attach", "ms", more_is_better=False), measure_attach)


def work(row, measure):
    return Work((row,), needs=NEEDS,
                measure=functools.partial(measure, row=row.name))


@contextlib.contextmanager
def container():
    """Of the host's user namespace: with one of its own nothing differs."""
    holder = ["unshare", "-n", "sh", "-c", "echo there; exec cat"]
    with background(holder, "there") as process:
        inside = ["nsenter", "-t", str(process.pid), "-n", "--"]
        set_up_netns(inside)
        yield Place(process.pid, inside)


@contextlib.contextmanager
def network(bench, peer, count):
    """(control socket, containers), all of them attached in order."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(peer.attach(bench.world, Wish(mtu=MTU)))
        api = peer.socket(bench.world)
        control.ask(api, "network_create", name="bench",
                    subnets=[{"subnet": SUBNET}])
        places = [stack.enter_context(container()) for _ in range(count)]
        for i, place in enumerate(places):
            attach(api, i, place)
        yield api, places


def attach(api, i, place):
    control.ask(api, "network_attach", network="bench", container=f"c{i}",
                pid=place.pid)


def measure_between(bench, peer, row):
    with network(bench, peer, 2) as (_, (one, two)):
        rate, _ = iperf(bench, one, two, SECOND, bench.world.port(), False)
    return {row: rate}


def measure_out(bench, peer, row):
    with network(bench, peer, 1) as (_, (one,)):
        rate, _ = iperf(bench, one, bench.world.host, LAN[4],
                        bench.world.port(), False)
    return {row: rate}


def measure_published(bench, peer, row):
    port = bench.world.port()
    with network(bench, peer, 1) as (api, (one,)):
        control.ask(api, "add_hostfwd", proto="tcp", host_addr=LOOPBACK,
                    host_port=port, guest_port=port, network="bench",
                    container="c0")
        rate, _ = iperf(bench, bench.world.host, one, LOOPBACK, port, False)
    return {row: rate}


@contextlib.contextmanager
def plain_bridge(places):
    """What the kernel alone can do between these."""
    with container() as middle:
        middle.run("ip", "link", "add", "br0", "mtu", MTU, "type", "bridge")
        middle.run("ip", "link", "set", "br0", "up")
        for i, place in enumerate(places):
            middle.run("ip", "link", "add", f"v{i}", "mtu", MTU, "type",
                       "veth", "peer", "name", "plain0", "mtu", MTU, "netns",
                       place.pid)
            middle.run("ip", "link", "set", f"v{i}", "master", "br0", "up")
            place.run("ip", "addr", "add", f"{PLAIN}.{i + 2}/24", "dev",
                      "plain0")
            place.run("ip", "link", "set", "plain0", "up")
        yield


def measure_of_bridge(bench, peer, row):
    """By turns, since the machine may change its mind."""
    ours, plain = 0, 0
    with network(bench, peer, 2) as (_, (one, two)):
        with plain_bridge((one, two)):
            for _ in range(2):
                ours += iperf(bench, one, two, SECOND, bench.world.port(),
                              False)[0]
                plain += iperf(bench, one, two, f"{PLAIN}.3",
                               bench.world.port(), False)[0]
    return {row: ours / plain}


def measure_attach(bench, peer, row):
    """Of the request, from one that waits for its answer."""
    with network(bench, peer, 0) as (api, _), contextlib.ExitStack() as stack:
        places = [stack.enter_context(container()) for _ in range(ATTACHED)]
        took = []
        for i, place in enumerate(places):
            began = time.monotonic()
            attach(api, i, place)
            took.append(time.monotonic() - began)
    return {row: 1000 * statistics.median(took)}
