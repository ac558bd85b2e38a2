# SPDX-License-Identifier: GPL-2.0-or-later
"""What the helper itself costs: time to start, memory."""

import functools
import pathlib
import re

from peers import Wish, family_of
from rows import Row, Work
from rows_bulk import idle_connections

MTU = 65520


def works():
    ready = Row("ready", "ms", more_is_better=False)
    yield Work((ready,), needs=frozenset({"process"}),
               measure=functools.partial(measure_ready, row=ready.name))
    for count in (0, 900, 9000, 10000):
        suffix = f"-idle{count}" if count else ""
        main = Row(f"memory{suffix}", "MiB", more_is_better=False)
        whole = Row(f"memory-all{suffix}", "MiB", more_is_better=False)
        yield Work((main, whole), needs=frozenset({"out", "process"}),
                   extra=count > 900, measure=functools.partial(
                       measure_memory, main=main.name, whole=whole.name,
                       count=count))


def measure_ready(bench, peer, row):
    with peer.attach(bench.world, Wish(mtu=MTU)) as link:
        return {row: link.ready_s * 1e3}


def resident(pid):
    """VmRSS in MiB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def measure_memory(bench, peer, main, whole, count):
    with peer.attach(bench.world, Wish(mtu=MTU)) as link:
        with idle_connections(bench, link.guest, count):
            sizes = [resident(pid) for pid in family_of(link.pids[0])]
    return {main: sizes[0], whole: sum(sizes)}
