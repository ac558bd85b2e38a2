# SPDX-License-Identifier: GPL-2.0-or-later
"""What comes and goes during a soak run: forwards, networks with containers,
clients of the control socket.  Each method of Churn is one round, which leaves
nothing and raises when something was not as it should be.
"""

import contextlib
import json
import pathlib
import socket
import sys

import control
import traffic
from procs import BenchError, wait_for
from worlds import Place

HERE = pathlib.Path(__file__).resolve().parent
DNS = HERE.parent / "tools" / "dns.py"
ECHO_PORT, PUBLISHED_PORT = 7000, 8100
FORWARD_PORTS = range(8000, 8008)
WORLD = ("10.0.2.2", "fd00::2")  # where the host is, for guest and containers
TALK_S = 0.3
GONE_S = 20


def expect(true, what):
    if not true:
        raise AssertionError(what)


@contextlib.contextmanager
def container(guest):
    """A namespace as an engine makes it for a container of this guest."""
    holder = ["unshare", "-n", "sh", "-c",
              "ip link set lo up; echo there; exec cat"]
    with guest.background(*holder, ready_line="there") as process:
        yield Place(process.pid, ["nsenter", "-t", str(process.pid), "-U", "-n",
                                  "--preserve-credentials", "--"])


def talk_from(place, address, seed):
    """(rounds, bytes) of mixed clients in a namespace."""
    words = place.run(sys.executable, HERE / "traffic.py", "talk", address,
                      ECHO_PORT, TALK_S, seed, timeout=60).split()
    return tuple(int(word.split("=")[1]) for word in words)


class Churn:
    """All that comes and goes at one helper."""

    def __init__(self, guest, api, note):
        """note: takes the rounds and bytes of checked traffic."""
        self.guest, self.api, self.note = guest, api, note
        self.no_networks = ""  # why there are none on this machine

    def ask(self, verb, fds=(), **arguments):
        return control.ask(self.api, verb, fds, **arguments)

    def forwards(self, number):
        """A forward of each protocol is added, used, and removed."""
        port = FORWARD_PORTS[number % len(FORWARD_PORTS)]
        ids = [self.ask("add_hostfwd", proto=proto, host_addr="127.0.0.1",
                        host_port=port, guest_port=ECHO_PORT)["id"]
               for proto in ("tcp", "udp")]
        self.note(*traffic.talk(("127.0.0.1", port), 2, number))
        for one in ids:
            self.ask("remove_hostfwd", id=one)

    # --- networks and containers ---

    def networks(self, number, quiet=False):
        """A network gets two containers, which talk, and end or are detached.

        Its name, and theirs, come again and again.
        """
        name = f"soak{number % 2}"
        try:
            self.ask("network_create", name=name, ipv6_enabled=True)
        except BenchError as error:
            if "'unavailable'" not in str(error):
                raise
            self.no_networks = str(error)
            return
        try:
            with container(self.guest) as one, container(self.guest) as two:
                addresses, server = self.attach_both(name, one, two)
                if not quiet:
                    self.use_network(name, one, two, addresses, server, number)
                if number % 2:
                    for which in ("one", "two"):
                        self.ask("network_detach", network=name,
                                 container=which)
            wait_for("containers to be gone",
                     lambda: not self.containers_of(name), GONE_S)
            expect(not [entry for entry in self.ask("list_hostfwd")["entries"]
                        if "container" in entry], "a dead container's forward")
        finally:
            self.ask("network_remove", name=name, force=True)

    def containers_of(self, name):
        return self.ask("network_inspect", name=name)["containers"]

    def attach_both(self, name, one, two):
        """The addresses of the first, IPv4 first, and where to ask for names.

        One is handed over, the other has to be found.
        """
        with open(f"/proc/{one.pid}/ns/net", "rb") as netns:
            got = self.ask("network_attach", [netns.fileno()], network=name,
                           container="one", aliases=["one-also"])
        self.ask("network_attach", network=name, container="two", pid=two.pid)
        subnets = got["interfaces"]["eth0"]["subnets"]
        return ([one["ipnet"].split("/")[0] for one in subnets],
                got["dns_server_ips"][0])

    def use_network(self, name, one, two, addresses, server, number):
        for proto in ("tcp", "udp"):
            self.ask("add_hostfwd", proto=proto, host_addr="127.0.0.1",
                     host_port=PUBLISHED_PORT, guest_port=ECHO_PORT,
                     container="one", network=name)
        with one.background(sys.executable, HERE / "traffic.py", "serve",
                            ECHO_PORT, ready_line="there"):
            for address in (*addresses, WORLD[number % 2]):
                self.note(*talk_from(two, address, number))
            self.note(*traffic.talk(("127.0.0.1", PUBLISHED_PORT), TALK_S,
                                    number))
            found = two.run(DNS, "find", server, "one-also").strip()
            expect(found == addresses[0], f"one-also is {found}, "
                   f"not {addresses[0]}")

    # --- clients of the control socket ---

    def clients(self, number):
        """Some that behave, and some that do not, side by side."""
        with contextlib.ExitStack() as stack:
            def connect():
                client = stack.enter_context(socket.socket(socket.AF_UNIX))
                client.settimeout(control.TIMEOUT)
                client.connect(str(self.api))
                return client

            reader, deaf, half = (connect() for _ in range(3))
            for client in (reader, deaf):
                tell(client, "subscribe", events=["forward"])
            lines = reader.makefile()
            expect(json.loads(lines.readline())["id"] == 1, "no subscription")
            half.sendall(b'{"execute": "get_status", "argu')
            for broken in (b"}{", b'{"execute": 7}', b"[]"):
                client = connect()
                client.sendall(broken)
                expect("error" in client.makefile().readline(),
                       f"{broken} was no error")
            added = self.ask("add_hostfwd", proto="udp", host_port=0,
                             host_addr="127.0.0.1", guest_port=ECHO_PORT)
            self.ask("remove_hostfwd", id=added["id"])
            for change in ("added", "removed"):
                self.await_change(lines, added["id"], change)
            many = connect()
            for verb in ("get_status", "get_stats", "list_connections"):
                tell(many, verb)
            many.shutdown(socket.SHUT_WR)
            answers = many.makefile().readlines()
            expect(len(answers) == 3 and all('"return"' in answer
                                             for answer in answers),
                   f"three requests were answered by {answers}")

    @staticmethod
    def await_change(lines, number, change):
        """Other rounds cause such events, too."""
        while True:
            line = lines.readline()
            expect(line, f"no event {change}")
            data = json.loads(line)["data"]
            if data.get("id") == number and data["change"] == change:
                return


def tell(client, verb, **arguments):
    """Sends a request whose answer leaves the connection open."""
    client.sendall(json.dumps({"execute": verb, "id": 1,
                               "arguments": arguments}).encode() + b"\n")
