# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs that are compared, each attached to a fresh guest."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time

import control
from procs import BenchError, background, stop, wait_for
from worlds import LAN, Place, listens

READY_TIMEOUT = 10


@dataclasses.dataclass
class Link:
    """A guest with a network."""

    guest: Place
    pids: list = dataclasses.field(default_factory=list)  # main process first
    ready_s: float = None
    resolver: str = "10.0.2.3"  # where the guest asks for names


@dataclasses.dataclass(frozen=True)
class Wish:
    """What a measurement wants of the helper."""

    mtu: int = 1500
    family: int = 4
    tcp_ports: tuple = ()  # published under the same number on the host
    udp_ports: tuple = ()


def family_of(pid):
    """A process and its descendants, the oldest first."""
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        with contextlib.suppress(OSError):
            for task in pathlib.Path(f"/proc/{one}/task").iterdir():
                text = task.joinpath("children").read_text()
                todo.extend(map(int, text.split()))
    return found


class Peer:
    """One program.  A subclass says how it is started and what it can do."""

    name = ""
    program = None  # its path, where it has one
    can = frozenset()

    def missing(self):
        """Why it cannot take part; an empty text if it can."""
        if self.program and not shutil.which(self.program):
            return f"{self.program} is not there"
        return ""

    def version(self, world):
        return first_line([self.program, "--version"])

    def attach(self, world, wish):
        """A context manager that gives a Link."""
        raise NotImplementedError


def first_line(argv):
    """The first line of what a command prints, its name if it prints none."""
    with contextlib.suppress(OSError):
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.DEVNULL)
        if done.stdout.strip():
            return done.stdout.strip().splitlines()[0]
    return argv[0]


class Plain(Peer):
    """No guest at all: the host talks to itself.  The limit of the machine."""

    name = "plain"
    can = frozenset({"out", "forward", "udp", "names"})

    def version(self, world):
        return "the host's own loopback"

    @contextlib.contextmanager
    def attach(self, world, wish):
        yield Link(world.host, resolver=LAN[4])


class Slirp4netns(Peer):
    """slirp4netns, and whatever is started and spoken to as it is."""

    can = frozenset({"out", "forward", "udp", "names", "process"})

    def __init__(self, name="slirp4netns", program="slirp4netns", options=()):
        self.name, self.program, self._options = name, program, options

    def socket(self, world):
        return world.scratch / "api.sock"

    @contextlib.contextmanager
    def attach(self, world, wish):
        with world.guest() as guest:
            api = self.socket(world)
            with self._started(guest, wish, api) as (process, ready_s):
                for port in wish.tcp_ports:
                    control.publish(api, "tcp", port)
                for port in wish.udp_ports:
                    control.publish(api, "udp", port)
                if wish.family == 6:
                    set_ipv6(guest)
                yield Link(guest, family_of(process.pid), ready_s)

    @contextlib.contextmanager
    def _started(self, guest, wish, api):
        ready, theirs = os.pipe()
        argv = [self.program, "--configure", f"--mtu={wish.mtu}",
                f"--ready-fd={theirs}", f"--api-socket={api}", *self._options]
        if wish.family == 6:
            argv.append("--enable-ipv6")
        log = api.with_suffix(".log")
        began = time.monotonic()
        with log.open("w") as sink:
            process = subprocess.Popen([*argv, str(guest.pid), "tap0"],
                                       stdin=subprocess.DEVNULL, stdout=sink,
                                       stderr=sink, pass_fds=[theirs])
        os.close(theirs)
        try:
            if not os.read(ready, 1):
                raise BenchError(f"{self.name} did not start: "
                                 f"{last_words(log)}")
            yield process, time.monotonic() - began
            if process.poll() is not None:
                raise BenchError(f"{self.name} ended: {last_words(log)}")
        finally:
            os.close(ready)
            stop(process)


def last_words(log):
    text = log.read_text(errors="replace").strip()
    return text.splitlines()[-1] if text else "it said nothing"


def set_ipv6(guest):
    """The address that autoconfiguration would give only after a while."""
    if "fd00::" not in guest.run("ip", "-6", "addr", "show", "dev", "tap0"):
        guest.run("ip", "-6", "addr", "add", "fd00::64/64", "dev", "tap0")
    if "default" not in guest.run("ip", "-6", "route"):
        guest.run("ip", "-6", "route", "add", "default", "via", "fd00::2",
                  "dev", "tap0")


class Slipgate(Slirp4netns):
    """The subject, which can tell more about itself, and do more."""

    can = Slirp4netns.can | {"control", "networks"}

    def version(self, world):
        text = super().version(world)
        try:
            with self.attach(world, Wish()):
                status = control.ask(self.socket(world), "get_status")
        except BenchError as error:
            return f"{text}, status unknown: {error}"
        return f"{text}, TCP by {status['outbound_tcp']['carrier']}"


class SlipgateSlirp(Slipgate):
    """The same without a relay namespace, and so without networks."""

    can = Slipgate.can - {"networks"}


class Pasta(Peer):
    """pasta, with the guest's addresses and without its scan for ports."""

    name = "pasta"
    program = "pasta"
    can = frozenset({"out", "forward", "udp", "names", "process"})

    @contextlib.contextmanager
    def attach(self, world, wish):
        with world.guest() as guest:
            pid_file = world.scratch / "pasta.pid"
            pid_file.unlink(missing_ok=True)
            ports = ",".join(map(str, wish.tcp_ports)) or "none"
            udp_ports = ",".join(map(str, wish.udp_ports)) or "none"
            argv = [self.program, "--config-net", "--quiet",
                    "--ns-ifname", "tap0", "--mtu", str(wish.mtu),
                    "--tcp-ports", ports, "--udp-ports", udp_ports,
                    "--tcp-ns", "none", "--udp-ns", "none",
                    "--pid", str(pid_file), *_pasta_addresses(wish.family),
                    str(guest.pid)]
            ready_s = _time_to_exit(argv)
            pid = int(pid_file.read_text())
            try:
                yield Link(guest, family_of(pid), ready_s)
            finally:
                end_orphan(pid)


def _time_to_exit(argv):
    """pasta is ready when the process that was started has gone."""
    null = subprocess.DEVNULL
    began = time.monotonic()
    process = subprocess.Popen(argv, stdin=null, stdout=null, stderr=null)
    alarm = threading.Timer(READY_TIMEOUT, process.kill)
    alarm.start()
    status = process.wait()
    took = time.monotonic() - began
    alarm.cancel()
    if status != 0:
        raise BenchError(f"pasta did not start: status {status}")
    return took


def _pasta_addresses(family):
    if family == 6:
        return ["--ipv6-only", "--address", "fd00::64", "--gateway", "fd00::2"]
    return ["--ipv4-only", "--address", "10.0.2.100", "--netmask", "24",
            "--gateway", "10.0.2.2", "--dns-forward", "10.0.2.3"]


def end_orphan(pid):
    """Ends a daemon, which is a child of process 1, that is, of this one."""
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


class RootlessKit(Peer):
    """Only its builtin port driver, which does not use the network driver."""

    name = "rootlesskit"
    program = "rootlesskit"
    can = frozenset({"forward"})

    def missing(self):
        if pathlib.Path("/proc/self/uid_map").read_text().split()[2] == "1":
            return "it needs more ids than an unprivileged user can map"
        return super().missing()

    @contextlib.contextmanager
    def attach(self, world, wish):
        state = world.scratch / "rootlesskit"
        shutil.rmtree(state, ignore_errors=True)
        argv = [self.program, f"--state-dir={state}", "--net=slirp4netns",
                f"--mtu={wish.mtu}", "--disable-host-loopback",
                "--port-driver=builtin"]
        argv += [f"--publish=0.0.0.0:{port}:{port}/tcp"
                 for port in wish.tcp_ports]
        with background([*argv, "sleep", "infinity"]) as process:
            for port in wish.tcp_ports:
                wait_for("RootlessKit's forward",
                         lambda port=port: listens(os.getpid(), port))
            child = int((state / "child_pid").read_text())
            inside = ["nsenter", "-t", str(child), "-U", "-n",
                      "--preserve-credentials", "--"]
            pids = family_of(process.pid)
            try:
                yield Link(Place(child, inside), pids)
            finally:
                for pid in reversed(pids):
                    end_orphan(pid)


def slipgate_peers(program, options):
    """slipgate as it comes, and with libslirp made to carry TCP."""
    peers = [Slipgate("slipgate", program, options)]
    help_text = subprocess.run([program, "--help"], text=True, check=False,
                               stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE).stdout
    if "--tcp" in help_text:
        peers.append(SlipgateSlirp("slipgate-slirp", program,
                                   [*options, "--tcp=slirp"]))
    return peers


def all_peers(slipgate, options=()):
    """Every peer, the subject first; slipgate only where it is built."""
    found = []
    if slipgate and os.access(slipgate, os.X_OK):
        found = slipgate_peers(slipgate, list(options))
    return found + [Slirp4netns(), Pasta(), RootlessKit(), Plain()]
