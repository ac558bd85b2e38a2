# SPDX-License-Identifier: GPL-2.0-or-later
"""What slipgate is meant to reach, as ratios within one run.

They inform; they never fail a run, because a shared machine is no judge.
"""

import dataclasses
import fnmatch

from report import align, divide, number

RELAY, SLIRP = "slipgate", "slipgate-slirp"


@dataclasses.dataclass(frozen=True)
class Target:
    """`subject` in `rows` against `other` in the same row, or in `row2`.

    With `other` None the bound is absolute.  `rows` may be a pattern.
    """

    group: str
    rows: str
    subject: str
    other: str
    bound: float
    at_least: bool = True
    row2: str = ""


def at_least(group, subject, other, bounds, row2=""):
    return [Target(group, rows, subject, other, bound, True, row2)
            for rows, bound in bounds.items()]


def at_most(group, subject, other, bounds):
    return [Target(group, rows, subject, other, bound, False)
            for rows, bound in bounds.items()]


BULK_OUT = ("bulk-out-1500", "bulk-out-65520")
BULK_BACK = ("bulk-back-1500", "bulk-back-65520")
IDLE = "bulk-*-65520-idle900"
# More is better in these; those with a target of their own are not here.
SPEED = (*BULK_OUT, *BULK_BACK, "forward-*", "connect-*", "udp-echo",
         "delayed-*-1500", "delayed-*-16384", "delayed-back-65520",
         "bridge-masq-*")


def same(rows, bound):
    return dict.fromkeys(rows, bound)


TARGETS = [
    # Nothing is lost by taking slipgate for slirp4netns.
    *(target for subject in (RELAY, SLIRP) for target in [
        *at_least("drop-in", subject, "slirp4netns",
                  {**same(SPEED, 1), IDLE: 4, "delayed-out-65520": 5}),
        *at_most("drop-in", subject, "slirp4netns",
                 {"cpu-*": 1, "echo-p*": 1}),
        *at_most("drop-in", subject, None, {"ready": 10, "memory": 4}),
    ]),
    # TCP relayed by the kernel.
    *at_least("relay", RELAY, "plain",
              {**same(BULK_OUT, 0.7), **same(BULK_BACK, 0.65),
               "forward-lan-*": 0.65}),
    *at_least("relay", RELAY, "slirp4netns",
              {"bulk-*-65520": 4, "bulk-*-1500": 15, "forward-lan-*": 4,
               "connect-*": 3}),
    *at_least("relay", RELAY, "pasta",
              same((*BULK_OUT, *BULK_BACK, "forward-lan-*", "connect-*"), 1)),
    *(Target("relay", f"forward-lan-{way}-{mtu}", RELAY, "pasta", 1,
             row2=f"forward-lo-{way}-{mtu}")
      for way in ("in", "back") for mtu in (1500, 65520)),
    *at_least("relay", RELAY, "rootlesskit", {"forward-lan-*": 1}),
    *at_most("relay", RELAY, "slirp4netns", {"echo-p50": 1}),
    *at_most("relay", RELAY, "pasta", {"echo-p50": 1}),
    *at_least("relay", RELAY, None,
              {"kept-*-idle9000": 0.95, "kept-*-idle10000": 0.95}),
    *at_most("relay", RELAY, None,
             {"memory-idle9000": 24, "memory-idle10000": 24}),
    *at_least("relay", RELAY, RELAY, {"bridge-masq-*": 0.6},
              row2="bridge-direct"),
    # Names of containers: ten thousand a second and none lost.
    *at_least("names", RELAY, None, {"names-local": 10000}),
    *at_most("names", RELAY, None, {"names-local-loss": 0}),
    # TCP carried by libslirp.
    *at_least("slirp", SLIRP, "slirp4netns",
              {"bulk-out-1500": 8, "bulk-back-1500": 2.5,
               "bulk-*-65520": 1.2, "forward-*": 2, "udp-echo": 50}),
    *at_most("slirp", SLIRP, "slirp4netns",
             {"cpu-out-1500": 0.1, "cpu-back-1500": 0.25}),
    *at_least("slirp", SLIRP, None,
              {"kept-*-idle1000": 0.6, "kept-*-idle8000": 0.4}),
    *at_most("slirp", SLIRP, None, {"gap-out-65520": 50, "udp-loss": 5}),
]


def judge(results):
    """[(target, name of its row, value or None, reached)] for measured rows."""
    found = []
    for target in TARGETS:
        for row in results.rows:
            if fnmatch.fnmatchcase(row.name, target.rows):
                value = measured(results, target, row.name)
                if value is not None:
                    reached = (value >= target.bound if target.at_least
                               else value <= target.bound)
                    found.append((target, row.name, value, reached))
    return found


def measured(results, target, row):
    value = results.median(row, target.subject)
    if target.other is None:
        return value
    return divide(value, results.median(target.row2 or row, target.other))


def describe(target, row, value, reached):
    against = ""
    if target.other:
        against = f" of {target.other}"
        if target.row2:
            against += f" in {target.row2}"
    return [target.group, target.subject, row,
            f"{'at least' if target.at_least else 'at most'} "
            f"{number(target.bound)}{'x' if target.other else ''}{against}",
            number(value), "reached" if reached else "MISSED"]


def lines(results):
    """The table of targets, and how many of them were reached."""
    judged = judge(results)
    if not judged:
        return []
    reached = sum(one[-1] for one in judged)
    return [align([["group", "subject", "row", "target", "measured", ""],
                   *(describe(*one) for one in judged)]),
            f"{reached} of {len(judged)} targets reached"]
