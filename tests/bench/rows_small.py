# SPDX-License-Identifier: GPL-2.0-or-later
"""Small things in great number: connections, echoes, datagrams."""

import functools

import control
from peers import Wish
from procs import BenchError, keyed_numbers
from rows import Row, Work
from rows_bulk import idle_connections
from worlds import LAN

MTU = 1500
QUESTIONS_PER_S = 10000
# A client's port stays in TIME_WAIT for a minute, but for one server's port
# only: with several of them, finding a free one never becomes the work.
SERVER_PORTS = 16


def works():
    for clients in (1, 16):
        suffix = "" if clients == 1 else f"-{clients}"
        out = Row(f"connect-out{suffix}", "1/s")
        inward = Row(f"connect-in{suffix}", "1/s")
        yield Work((out,), measure=functools.partial(
            measure_connect_out, row=out.name, clients=clients))
        yield Work((inward,), needs=frozenset({"forward"}),
                   measure=functools.partial(
                       measure_connect_in, row=inward.name, clients=clients))
    for count in (0, 900):
        suffix = f"-idle{count}" if count else ""
        median = Row(f"echo-p50{suffix}", "us", more_is_better=False)
        tail = Row(f"echo-p99{suffix}", "us", more_is_better=False)
        yield Work((median, tail), measure=functools.partial(
            measure_echo, median=median.name, tail=tail.name, count=count))
    echoes = Row("udp-echo", "1/s")
    loss = Row("udp-loss", "%", more_is_better=False)
    yield Work((echoes, loss), needs=frozenset({"out", "udp"}),
               measure=functools.partial(measure_udp, echoes=echoes.name,
                                         loss=loss.name))
    echoes = Row("udp-forward-echo", "1/s")
    loss = Row("udp-forward-loss", "%", more_is_better=False)
    yield Work((echoes, loss), needs=frozenset({"forward", "udp"}),
               measure=functools.partial(measure_udp, echoes=echoes.name,
                                         loss=loss.name, inward=True))
    names = Row("names", "1/s")
    loss = Row("names-loss", "%", more_is_better=False)
    yield Work((names, loss), needs=frozenset({"out", "names"}),
               measure=functools.partial(measure_names, rate=names.name,
                                         loss=loss.name))
    names = Row("names-local", "1/s")
    loss = Row("names-local-loss", "%", more_is_better=False)
    yield Work((names, loss), needs=frozenset({"networks"}),
               measure=functools.partial(measure_local_names, rate=names.name,
                                         loss=loss.name))


def connects(bench, client, server, ports, clients):
    tool = bench.world.tool("tcpload")
    span = ports[0], len(ports)
    with server.background(tool, "server", *span, ready_line="ready"):
        said = client.run(tool, "connects", LAN[4], *span, bench.seconds,
                          clients, timeout=bench.seconds + 20)
    values = keyed_numbers(said)
    if values["failed"]:
        raise BenchError(f"{values['failed']:.0f} connections failed")
    return values["rate"]


def measure_connect_out(bench, peer, row, clients):
    with peer.attach(bench.world, Wish(mtu=MTU)) as link:
        return {row: connects(bench, link.guest, bench.world.host,
                              bench.world.ports(SERVER_PORTS), clients)}


def measure_connect_in(bench, peer, row, clients):
    ports = bench.world.ports(SERVER_PORTS)
    with peer.attach(bench.world, Wish(mtu=MTU, tcp_ports=ports)) as link:
        return {row: connects(bench, bench.world.host, link.guest, ports,
                              clients)}


def measure_echo(bench, peer, median, tail, count):
    world, port = bench.world, bench.world.port()
    tool = world.tool("tcpload")
    with peer.attach(world, Wish(mtu=MTU)) as link, \
            world.host.background(tool, "server", port, 1,
                                  ready_line="ready"), \
            idle_connections(bench, link.guest, count):
        values = keyed_numbers(link.guest.run(
            tool, "echo", LAN[4], port, bench.seconds,
            timeout=bench.seconds + 20))
    return {median: values["p50"], tail: values["p99"]}


def udp(bench, peer, inward, *words):
    """What a UDP client says, with a fresh guest and a fresh server."""
    world, port = bench.world, bench.world.port()
    tool = world.tool("udpload")
    wish = Wish(mtu=MTU, udp_ports=(port,) if inward else ())
    with peer.attach(world, wish) as link:
        ends = (world.host, link.guest)
        client, server = ends if inward else reversed(ends)
        with server.background(tool, "server", port, ready_line="ready"):
            return keyed_numbers(client.run(
                tool, words[0], LAN[4], port, bench.seconds, *words[1:],
                timeout=bench.seconds + 20))


def measure_udp(bench, peer, echoes, loss, inward=False):
    rate = udp(bench, peer, inward, "flood")["echoes"]
    half = max(1, round(rate / 2))
    return {echoes: rate,
            loss: udp(bench, peer, inward, "pace", half)["loss"]}


def ask_names(bench, client, server, name):
    """What a client gets of a name server: answers per second, and loss."""
    def ask(*words):
        return keyed_numbers(client.run(
            bench.world.tool("dnsload"), words[0], server, 53, name,
            bench.seconds, *words[1:], timeout=bench.seconds + 20))

    return ask("flood")["rate"], ask("pace", QUESTIONS_PER_S)["loss"]


def measure_names(bench, peer, rate, loss):
    """What the guest's resolver passes on to the host's name server."""
    tool = bench.world.tool("dnsload")
    with peer.attach(bench.world, Wish(mtu=MTU)) as link, \
            bench.world.host.background(tool, "server", 53,
                                        ready_line="ready"):
        found = ask_names(bench, link.guest, link.resolver, "a.test")
    return dict(zip((rate, loss), found))


def measure_local_names(bench, peer, rate, loss):
    """What a container gets of its network's own name server."""
    world = bench.world
    with peer.attach(world, Wish(mtu=MTU)), world.guest() as container:
        api = peer.socket(world)
        control.ask(api, "network_create", name="bench")
        status = control.ask(api, "network_attach", network="bench",
                             container="web", pid=container.pid)
        found = ask_names(bench, container, status["dns_server_ips"][0], "web")
    return dict(zip((rate, loss), found))
