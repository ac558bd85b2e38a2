# SPDX-License-Identifier: GPL-2.0-or-later
"""What a helper holds: read off its processes and its network namespaces."""

import contextlib
import dataclasses
import os
import pathlib

from procs import BenchError, run

GROWTH_MAX_KB = 8192
# UDP flows are kept for three minutes, so memory grows for that time: after it,
# it must stay as it is.
STEADY_S, STEADY_MAX_KB = 240, 1024
# What is kept for the next connections: sockets towards the guest, which are
# made in batches, and the ends of pipes, of which few were in use at a time.
KEPT = {"sockets and the like": 16, "pipes": 32}
# What a namespace tracks, where this kernel can, and what is plugged into it.
LOOK_INSIDE = """cat /proc/sys/net/netfilter/nf_conntrack_count 2>&- || echo 0
tail -n +3 /proc/net/dev | wc -l"""


@dataclasses.dataclass(frozen=True)
class Figures:
    """What all processes of the helper hold together."""

    resident: int  # KB
    processes: int
    descriptors: int
    pipes: int  # descriptors of them
    namespaces: frozenset  # of the network, that a descriptor keeps
    interfaces: int  # in these namespaces
    tracked: int  # connections there

    def __str__(self):
        return (f"resident {self.resident} KB  processes {self.processes}"
                f"  descriptors {self.descriptors}  pipes {self.pipes}"
                f"  namespaces {len(self.namespaces)}"
                f"  interfaces {self.interfaces}  tracked {self.tracked}")

    def counts(self):
        """What must be back: {name: how many}."""
        return {"processes": self.processes, "interfaces": self.interfaces,
                "tracked connections": self.tracked, "pipes": self.pipes,
                "sockets and the like": self.descriptors - self.pipes}

    def leaks(self, before):
        """What is more than it was before, in words."""
        were = before.counts()
        found = [f"{name}: {were[name]} before, {now} after"
                 for name, now in self.counts().items()
                 if now > were[name] + KEPT.get(name, 0)]
        if self.namespaces != before.namespaces:
            found.append(f"namespaces: {sorted(before.namespaces)} before, "
                         f"{sorted(self.namespaces)} after")
        return found

    def growth(self, before, seen):
        """What memory was added, in words; nothing if it is within bounds.

        before: as it was without any traffic; seen: [(seconds, figures)]
        """
        steady = [one.resident for seconds, one in seen
                  if seconds >= STEADY_S]
        most = before.resident + GROWTH_MAX_KB
        if len(steady) >= 8:
            most = max(steady[:len(steady) // 2]) + STEADY_MAX_KB
        elif seen:
            most = max(most, seen[0][1].resident)
        if self.resident <= most:
            return []
        return [f"resident: {self.resident} KB, more than {most} KB"]


def look_inside(netns):
    """(interfaces, tracked connections) of a namespace, a path below /proc."""
    tracked, interfaces = map(int, run(
        ["nsenter", f"--net={netns}", "sh", "-c", LOOK_INSIDE]).split())
    return interfaces, tracked


def figures(pids):
    """What these processes hold now; those that are gone hold nothing."""
    resident = processes = descriptors = pipes = interfaces = tracked = 0
    namespaces = {}
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            resident += int(status.split("VmRSS:")[1].split()[0])
            processes += 1
            for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(FileNotFoundError):
                    kind = os.readlink(entry)
                    descriptors += 1
                    pipes += kind.startswith("pipe:")
                    if kind.startswith("net:"):
                        namespaces[kind] = entry
    for netns in namespaces.values():
        with contextlib.suppress(BenchError):  # it was closed meanwhile
            inside = look_inside(netns)
            interfaces, tracked = interfaces + inside[0], tracked + inside[1]
    return Figures(resident, processes, descriptors, pipes,
                   frozenset(namespaces), interfaces, tracked)
