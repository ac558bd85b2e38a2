# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured: the rows of the table, and the works that fill them.

A new row is a new Work in one of the rows_*.py files; a new file is one more
name in all_works().
"""

import dataclasses
import fnmatch
import typing


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    unit: str
    more_is_better: bool = True
    about: str = ""


@dataclasses.dataclass(frozen=True)
class Work:
    """One measurement, which may fill several rows."""

    rows: tuple
    # (bench, peer) -> {name of a row: value}
    measure: typing.Callable
    # What a peer must be able to do: "out", "forward", "udp", "names",
    # "networks", "process", "control".
    needs: frozenset = frozenset({"out"})
    # Only when asked for by name.
    extra: bool = False


@dataclasses.dataclass
class Bench:
    """Where and for how long a Work measures."""

    world: typing.Any
    seconds: int


def all_works():
    import rows_bulk
    import rows_control
    import rows_cost
    import rows_nested
    import rows_networks
    import rows_small
    return [work for family in (rows_bulk, rows_small, rows_cost, rows_control,
                                rows_nested, rows_networks)
            for work in family.works()]


def select(works, patterns):
    """The works to run and the names of the rows to show.

    Without patterns, all but the extra ones.
    """
    if not patterns:
        works = [work for work in works if not work.extra]
        patterns = ["*"]
    chosen, names = [], []
    for work in works:
        matching = [row.name for row in work.rows
                    if any(fnmatch.fnmatchcase(row.name, pattern)
                           for pattern in patterns)]
        if matching:
            chosen.append(work)
            names += matching
    return chosen, names
