# SPDX-License-Identifier: GPL-2.0-or-later
"""A container inside the guest, on a bridge with masquerade."""

import contextlib
import functools

from peers import Wish
from rows import Row, Work
from rows_bulk import iperf
from procs import background
from worlds import LAN, Place, set_up_netns

BRIDGE, INNER, NETWORK = "10.89.0.1", "10.89.0.2", "10.89.0.0/24"
RULES = f"""table ip bench {{
  chain post {{
    type nat hook postrouting priority 100;
    ip saddr {NETWORK} oifname != "cni0" masquerade
  }}
}}"""
# A small MTU inside would measure the bridge, not the helper.
MTU = 65520
NEEDS = frozenset({"out", "process"})


def works():
    out = Row("bridge-masq-out", "Gbit/s")
    back = Row("bridge-masq-back", "Gbit/s")
    direct = Row("bridge-direct", "Gbit/s")
    yield Work((out,), needs=NEEDS, measure=functools.partial(
        measure_masqueraded, row=out.name, reverse=False))
    yield Work((back,), needs=NEEDS, measure=functools.partial(
        measure_masqueraded, row=back.name, reverse=True))
    yield Work((direct,), needs=NEEDS, measure=functools.partial(
        measure_direct, row=direct.name))


@contextlib.contextmanager
def container(guest):
    """A network namespace on a bridge of the guest, as engines make them."""
    holder = guest.command("unshare", "-n", "sh", "-c", "echo there; exec cat")
    with background(holder, "there") as process:
        # nsenter and unshare both exec: this is the container itself.
        inside = ["nsenter", "-t", str(process.pid), "-U", "-n",
                  "--preserve-credentials", "--"]
        inner = Place(process.pid, inside)
        set_up_netns(inside)
        guest.run("sh", "-ec", f"""
            ip link add cni0 mtu {MTU} type bridge
            ip link add c0 mtu {MTU} type veth peer name eth0 mtu {MTU} \
                netns {process.pid}
            ip link set c0 master cni0 up
            ip addr add {BRIDGE}/24 dev cni0
            ip link set cni0 up
            echo 1 >/proc/sys/net/ipv4/ip_forward
            nft '{RULES}'""")
        inner.run("sh", "-ec", f"""
            ip addr add {INNER}/24 dev eth0
            ip link set eth0 up
            ip route add default via {BRIDGE}""")
        yield inner


def measure_masqueraded(bench, peer, row, reverse):
    with peer.attach(bench.world, Wish(mtu=MTU)) as link:
        with container(link.guest) as inner:
            rate, _ = iperf(bench, inner, bench.world.host, LAN[4],
                            bench.world.port(), reverse)
    return {row: rate}


def measure_direct(bench, peer, row):
    with peer.attach(bench.world, Wish(mtu=MTU)) as link:
        with container(link.guest) as inner:
            rate, _ = iperf(bench, inner, link.guest, BRIDGE,
                            bench.world.port(), False)
    return {row: rate}
