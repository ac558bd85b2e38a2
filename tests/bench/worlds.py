# SPDX-License-Identifier: GPL-2.0-or-later
"""The worlds a benchmark runs in, all of them namespaces of its own.

    guest --- helper --- host --- delay line --- remote

The host world is a new user, mount, PID and network namespace, in which the
suite is process 1: when it ends, however it ends, the kernel ends everything in
there.  Guests are child user and network namespaces, as a container engine
makes them; the remote is a network namespace one millisecond away.
"""

import contextlib
import ctypes
import itertools
import os
import pathlib
import signal

from procs import BenchError, background, run, wait_for

LAN = {4: "198.51.100.2", 6: "2001:db8:51::2"}  # the host's own addresses
REMOTE = {4: "198.51.100.1", 6: "2001:db8:51::1"}
DELAY_US = 1000
# The first that the kernel lets a new namespace have: where its default is
# another than cubic, only the machine's administrator can allow cubic.
CONGESTION = ("cubic", "reno")
SETTINGS = {"ipv4/ip_local_port_range": "10000 65000",
            # Addresses that are set by hand are usable at once.
            "ipv6/conf/all/accept_dad": "0",
            "ipv6/conf/default/accept_dad": "0"}

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG = 1
ENDINGS = (signal.SIGTERM, signal.SIGHUP)
# RootlessKit wants sub-ids, which only root can map without a set-uid helper.
MAPPED_IDS, SUB_IDS = 1000000, "root:100000:65536\n"

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name, *args):
    if getattr(_libc, name)(*args) != 0:
        raise BenchError(f"{name}: {os.strerror(ctypes.get_errno())}")


def enter_host_world(scratch):
    """Goes on as process 1 of a new host world.

    Two processes of the caller stay outside it and pass on its exit status,
    so this returns only inside.
    """
    uid, gid = os.geteuid(), os.getegid()
    mine, theirs = os.pipe(), os.pipe()
    child = os.fork()
    if child:
        os.close(theirs[1])
        if os.read(theirs[0], 1):
            _write_maps(child, uid, gid)
            os.write(mine[1], b"1")
        _wait_outside(child)
    os.close(mine[1])
    _call("unshare", CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET)
    os.write(theirs[1], b"1")
    if not os.read(mine[0], 1):
        raise BenchError("no id map for a user namespace")
    os.setgid(0)
    os.setuid(0)
    _call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL)
    first = os.fork()
    if first:
        _wait_outside(first)
    _call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL)
    for ending in ENDINGS:
        signal.signal(ending, signal.default_int_handler)
    _call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
    _call("mount", b"proc", b"/proc", b"proc", 0, None)
    if uid == 0:
        _provide_sub_ids(scratch)
    _provide_resolver(scratch)
    set_up_netns()


def _write_maps(child, uid, gid):
    proc = pathlib.Path(f"/proc/{child}")
    if uid == 0:
        with contextlib.suppress(PermissionError):
            proc.joinpath("uid_map").write_text(f"0 0 {MAPPED_IDS}\n")
            proc.joinpath("gid_map").write_text(f"0 0 {MAPPED_IDS}\n")
            return
    proc.joinpath("setgroups").write_text("deny")
    proc.joinpath("uid_map").write_text(f"0 {uid} 1\n")
    proc.joinpath("gid_map").write_text(f"0 {gid} 1\n")


def _wait_outside(child):
    # An interrupt from the terminal reaches every process: the one inside
    # reports what it has and ends, and its end is what is waited for here.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for ending in ENDINGS:
        signal.signal(ending, lambda *_: os.kill(child, signal.SIGTERM))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    raise SystemExit(status if status >= 0 else 128 - status)


def _provide_sub_ids(scratch):
    table = scratch / "subid"
    table.write_text(SUB_IDS)
    for name in ("/etc/subuid", "/etc/subgid"):
        if os.path.exists(name):
            _call("mount", bytes(table), name.encode(), None, MS_BIND, None)


def _provide_resolver(scratch):
    """The host's name server is the host world's own."""
    path = os.path.realpath("/etc/resolv.conf")
    if os.path.exists(path):
        (scratch / "resolv.conf").write_text(f"nameserver {LAN[4]}\n")
        _call("mount", bytes(scratch / "resolv.conf"), path.encode(), None,
              MS_BIND, None)


def set_up_netns(inside=()):
    """What every namespace here has: loopback, and the same way to send."""
    script = "ip link set lo up || exit 1\n"
    script += " || ".join(
        f"echo {name} 2>&- >/proc/sys/net/ipv4/tcp_congestion_control"
        for name in CONGESTION) + " || exit 1\n"
    for name, value in SETTINGS.items():
        if os.path.exists(f"/proc/sys/net/{name}"):
            script += f"echo {value} >/proc/sys/net/{name} || exit 1\n"
    run([*inside, "sh", "-c", script])


def listens(pid, port, kind="tcp"):
    """Whether a socket of the process's network namespace waits on a port."""
    wanted, state = f":{port:04X}", "0A" if kind == "tcp" else "07"
    for family in ("", "6"):
        with contextlib.suppress(OSError):
            table = pathlib.Path(f"/proc/{pid}/net/{kind}{family}").read_text()
            for line in table.splitlines()[1:]:
                words = line.split()
                if words[1].endswith(wanted) and words[3] == state:
                    return True
    return False


class Place:
    """A network namespace: a process in it, and the way to run things there."""

    def __init__(self, pid, inside):
        self.pid, self.inside = pid, inside

    def command(self, *words):
        return [*self.inside, *map(str, words)]

    def run(self, *words, timeout=30):
        return run(self.command(*words), timeout)

    def background(self, *words, ready_line=None, timeout=60):
        return background(self.command(*words), ready_line, timeout)

    @contextlib.contextmanager
    def server(self, port, *words):
        """A program that listens; the block begins when it does."""
        with self.background(*words) as process:
            wait_for(f"{words[0]} on port {port}",
                     lambda: listens(self.pid, port))
            yield process


class World:
    """The host world, once inside it, and what it makes."""

    def __init__(self, scratch, tools):
        self.scratch, self._tools = scratch, tools
        self.host = Place(os.getpid(), [])
        self.remote = None
        self._ports = itertools.cycle(range(5000, 9900))

    def port(self):
        """A port that no earlier measurement has used lately."""
        return next(self._ports)

    def ports(self, count):
        """The same for many: numbers in a row."""
        while True:
            found = tuple(itertools.islice(self._ports, count))
            if found[-1] - found[0] == count - 1:
                return found

    def tool(self, name):
        """The path of one of the suite's own programs."""
        return str(self._tools / name)

    @contextlib.contextmanager
    def outside(self):
        """The remote behind the delay line, and the host's way there."""
        holder = ["unshare", "-n", "sh", "-c", "echo there; exec cat"]
        with background(holder, "there") as process:
            inside = ["nsenter", "-t", str(process.pid), "-n", "--"]
            self.remote = Place(process.pid, inside)
            set_up_netns(inside)
            line = [self.tool("delayline"), "lan0", "lan1",
                    f"/proc/{process.pid}/ns/net", str(DELAY_US)]
            with background(line, "ready"):
                _configure(self.host, "lan0", LAN, REMOTE)
                _configure(self.remote, "lan1", REMOTE, LAN)
                yield

    @contextlib.contextmanager
    def guest(self):
        """A namespace as an engine makes it, with nothing but loopback."""
        holder = ["unshare", "-Urn", "sh", "-c", "echo there; exec cat"]
        with background(holder, "there") as process:
            inside = ["nsenter", "-t", str(process.pid), "-U", "-n",
                      "--preserve-credentials", "--"]
            set_up_netns(inside)
            yield Place(process.pid, inside)


def _configure(place, device, own, router):
    place.run("ip", "link", "set", device, "up")
    place.run("ip", "addr", "add", f"{own[4]}/24", "dev", device)
    place.run("ip", "route", "add", "default", "via", router[4])
    if os.path.exists("/proc/sys/net/ipv6"):
        place.run("ip", "-6", "addr", "add", f"{own[6]}/64", "dev", device)
        place.run("ip", "-6", "route", "add", "default", "via", router[6])
