# SPDX-License-Identifier: GPL-2.0-or-later
"""One scripted session of a helper, in which something may fail.

What has to hold whatever fails: the helper goes on or ends with a message, in
time; while it lives every operation works again when it is tried again;
forwards that were granted stay; descriptors come back; nothing stays behind.
"""

import contextlib
import os
import pathlib
import select
import signal
import subprocess
import time

import control
import talk
from procs import BenchError

GUEST_PORT = 7000
CLOSED_PORT = 7999
ATTEMPTS = 8
TALK_S = 4
READY_S = 20
END_S = 10
# Sockets and pipes that are kept for the next connection.
KEPT_DESCRIPTORS = 60
BULK = 600_000


# No error that it tells of; leaks cannot be looked for in what is traced.
SANITIZERS = {"ASAN_OPTIONS": "exitcode=99:detect_leaks=0",
              "UBSAN_OPTIONS": "exitcode=99:print_stacktrace=1"}


class Failed(Exception):
    """A promise was broken; the text says which."""


class NotHere(Exception):
    """This machine does not let a process be traced; the text says why."""


class Ended(Exception):
    """The helper has ended."""


class Session:
    """A helper under the fault tool, and what is done with it."""

    def __init__(self, place, options, log):
        self.place, self.options, self.log = place, options, log
        self.api = place.scratch / "api.sock"
        self.errors = place.scratch / "errors"
        self.process = self.pid = None
        self.forwards = {}

    # --- life ---

    def run(self, faults):
        """Returns how it went: "went on" or "ended: MESSAGE"."""
        self.log.unlink(missing_ok=True)
        # What an earlier one left, which has been told.
        self.api.unlink(missing_ok=True)
        self._links_go()
        with contextlib.ExitStack() as stack:
            ready = self._start(faults, stack)
            try:
                self._await_ready(ready)
                self.mark = self.log_size()
                self._live()
                self._end()
                how = "went on"
            except Ended:
                how = self._judge_end()
        self._nothing_stays()
        return how

    def log_size(self):
        return self.log.stat().st_size

    def _start(self, faults, stack):
        ready, theirs = os.pipe()
        stack.callback(os.close, ready)
        words = [word for fault in faults for word in fault.words()]
        argv = [self.place.fault, "-o", self.log, *words, "--",
                self.place.slipgate, "--configure", "--enable-ipv6",
                f"--ready-fd={theirs}", f"--api-socket={self.api}",
                *self.options, str(self.place.guest.pid), "tap0"]
        with self.errors.open("w") as sink:
            self.process = subprocess.Popen(
                list(map(str, argv)), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=sink, pass_fds=[theirs],
                env=os.environ | SANITIZERS)
        os.close(theirs)
        stack.callback(self._kill)
        return ready

    def _kill(self):
        """The tool takes with it all that it traces."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def _await_ready(self, ready):
        if not select.select([ready], [], [], READY_S)[0]:
            raise Failed(f"not ready and not ended after {READY_S} s")
        if not os.read(ready, 1):
            raise Ended
        # The tool has no other children.
        self.pid = int(pathlib.Path(
            f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        ).read_text().split()[0])

    def _end(self):
        os.kill(self.pid, signal.SIGTERM)
        try:
            status = self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            raise Failed(f"it lives {END_S} s after SIGTERM") from None
        if status != 0:
            raise Ended

    def _judge_end(self):
        try:
            status = self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            raise Failed("it is no more, and does not end") from None
        said = self.errors.read_text(errors="replace").strip().splitlines()
        if status == 125 and any(line.startswith("fault: ") for line in said):
            raise NotHere(said[-1])
        if status > 1:
            raise Failed(f"it ended with status {status}: {said[-3:]}")
        said = [line for line in said
                if not line.startswith(("WARNING: 127.0.0.1", "Starting"))]
        if status == 1 and not said:
            raise Failed("it ended and did not say why")
        return f"ended: {said[-1] if said else 'in order'}"

    def _fired(self):
        lines = self.log.read_text().splitlines()
        return {line.split()[2] for line in lines if line.startswith("fired")}

    def _links_go(self):
        deadline = time.monotonic() + 5
        while (links := self.place.links()) != ["lo"]:
            if time.monotonic() > deadline:
                raise Failed(f"left in the guest: {links}")
            time.sleep(0.01)

    def _nothing_stays(self):
        self._links_go()
        with contextlib.suppress(FileNotFoundError):
            self.api.unlink()
            # Who cannot look at the file, or not remove it, leaves it.
            if not self._fired() & {"unlinkat", "newfstatat"}:
                raise Failed("the control socket's file stays")

    # --- what is done in it ---

    def _live(self):
        before = self._descriptors()
        for by_pid in (False, True):
            self._everything(by_pid)
        self._descriptors_return(before)

    def _everything(self, by_pid):
        self._forward("tcp", 0)
        self._forward("udp", 1)
        self._forward("tcp", 2, driver="slirp")
        self._hear("outward", self._outward)
        self._hear("inward", self._inward)
        self._try("get_status", lambda: self._ask("get_status"))
        self._try("set_policy", lambda: self._ask("set_policy",
                                                  outbound="deny"))
        self._try("set_policy", lambda: self._ask("set_policy",
                                                  outbound="allow"))
        self._network(by_pid)
        self._try("list_connections", lambda: self._ask("list_connections"))
        self._all_listed()
        for name in list(self.forwards):
            self._remove(name)

    def _try(self, what, work):
        """It may fail while the fault lasts, but not for ever."""
        for left in range(ATTEMPTS - 1, -1, -1):
            try:
                return work()
            except BenchError as error:
                self._check_alive()
                if left == 0:
                    raise Failed(f"{what}: {error}") from None
        return None

    def _check_alive(self):
        # A helper that is about to end gets the time to do so.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(0.2)
            raise Ended

    def _ask(self, verb, fds=(), **arguments):
        return control.ask(self.api, verb, fds, **arguments)

    # --- a container in a network of the guest ---

    def _network(self, by_pid):
        try:
            self._container_in_network(by_pid)
        except Failed as error:
            # It may not open low ports, where /proc/sys cannot be written.
            if ("bind 10.89.0.1:53" not in str(error) or
                    "fired agent openat" not in self.log.read_text()):
                raise

    def _container_in_network(self, by_pid):
        if self._try("network_create", self._create_network) == "none":
            return
        self._try("network_attach", lambda: self._attach(by_pid))
        self._hear("container", self._from_container)
        self._try("network_detach", self._detach)
        self._try("network_remove", self._remove_network)

    def _network_names(self):
        return [network["name"]
                for network in self._ask("network_list")["networks"]]

    def _create_network(self):
        if "n" in self._network_names():
            return ""
        try:
            self._ask("network_create", name="n")
        except BenchError as error:
            if "networks: " in str(error):  # what the guest's kernel lacks
                return "none"
            raise
        return ""

    def _remove_network(self):
        if "n" in self._network_names():
            self._ask("network_remove", name="n", force=True)

    def _containers(self):
        return str(self._ask("network_inspect", name="n")["containers"])

    def _attach(self, by_pid):
        pid = self.place.container.pid
        if '"c"' in self._containers().replace("'", '"'):
            return
        if by_pid:
            self._ask("network_attach", network="n", container="c", pid=pid)
            return
        fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        try:
            self._ask("network_attach", [fd], network="n", container="c")
        finally:
            os.close(fd)

    def _detach(self):
        if '"c"' in self._containers().replace("'", '"'):
            self._ask("network_detach", network="n", container="c")

    def _from_container(self):
        yield "tcp", lambda: self.place.inner.ask("tcp", "10.0.2.2", 100,
                                                  TALK_S)

    def _port(self, number):
        return self.place.port + number

    def _forward(self, proto, number, **more):
        def add():
            port = self._port(number)
            for entry in self._ask("list_hostfwd")["entries"]:
                # The answer to an earlier attempt may have been lost.
                if entry["host_port"] == port and entry["proto"] == proto:
                    return entry["id"]
            return self._ask("add_hostfwd", proto=proto, host_port=port,
                             host_addr="127.0.0.1", guest_port=GUEST_PORT,
                             **more)["id"]
        self.forwards[proto, number] = self._try(f"add_hostfwd {proto}", add)

    def _remove(self, name):
        number = self.forwards.pop(name)

        def remove():
            known = {entry["id"]
                     for entry in self._ask("list_hostfwd")["entries"]}
            if number in known:
                self._ask("remove_hostfwd", id=number)
        self._try("remove_hostfwd", remove)

    def _all_listed(self):
        def listed():
            return {entry["id"]
                    for entry in self._ask("list_hostfwd")["entries"]}
        missing = set(self.forwards.values()) - self._try("list_hostfwd",
                                                          listed)
        if missing:
            raise Failed(f"forwards {sorted(missing)} are lost")

    def _hear(self, what, works):
        for name, work in works():
            def answered(name=name, work=work):
                answer = work()
                if answer != "ok":
                    raise BenchError(f"{name}: {answer}")
            self._try(what, answered)

    def _outward(self):
        """What the guest does."""
        guest = self.place.client
        yield "tcp", lambda: guest.ask("tcp", "10.0.2.2", 100, TALK_S)
        yield "bulk", lambda: guest.ask("tcp", "10.0.2.2", BULK, 3 * TALK_S)
        yield "tcp6", lambda: guest.ask("tcp", "fd00::2", 100, TALK_S)
        yield "udp", lambda: guest.ask("udp", "10.0.2.2", 500, 1)

    def _inward(self):
        """What others do with the forwards."""
        for proto, number in self.forwards:
            where = ("127.0.0.1", self._port(number))
            size, wait = (500, 1) if proto == "udp" else (BULK, 3 * TALK_S)
            yield (f"forward {proto} {number}",
                   lambda proto=proto, where=where, size=size, wait=wait:
                   talk.ask(proto, where, size, wait))
        yield "small", lambda: talk.ask("tcp", ("127.0.0.1", self._port(0)),
                                        100, TALK_S)

    # --- descriptors ---

    def _descriptors(self):
        with contextlib.suppress(FileNotFoundError):
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        raise Ended

    def _descriptors_return(self, before):
        # libslirp's connections have a TIME_WAIT of ten seconds, and are few.
        count = self._descriptors()
        if count > before + KEPT_DESCRIPTORS:
            raise Failed(f"{before} descriptors at the start, {count} at the "
                         f"end")
