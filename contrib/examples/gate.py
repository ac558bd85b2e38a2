#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of slipgate's control socket (slipgate-api(7)) to build upon.

    with Gate("/tmp/gate.sock") as gate:
        port = gate.add_hostfwd(proto="tcp", host_port=0, guest_port=80)
        for event in gate.events("connection"):
            print(event["data"]["peer_addr"], event["data"]["change"])
"""
import array
import itertools
import json
import socket
import sys


class GateError(Exception):
    """What the gate refused; `code` is for programs, the text for people."""

    def __init__(self, error):
        super().__init__(error["desc"])
        self.code = error["code"]


class Gate:
    def __init__(self, path, timeout=10):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r", encoding="utf-8")
        self.ids = itertools.count(1)
        self.waiting = []  # events that came before an answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()

    def __getattr__(self, verb):
        """Any verb of the protocol is a method."""
        return lambda **arguments: self.call(verb, arguments)

    def call(self, verb, arguments, fds=()):
        """Sends a request, with descriptors if need be; its result."""
        number = next(self.ids)
        request = json.dumps(
            {"execute": verb, "arguments": arguments, "id": number})
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                   array.array("i", fds))] if fds else []
        sent = self.socket.sendmsg([request.encode()], rights)
        self.socket.sendall(request.encode()[sent:])
        while (answer := self._read()).get("id") != number:
            self.waiting.append(answer)
        if "error" in answer:
            raise GateError(answer["error"])
        return answer["return"]

    def events(self, *kinds):
        """Subscribes now; then yields events as they come, for ever."""
        self.call("subscribe", {"events": kinds})
        return self._events()

    def _events(self):
        self.socket.settimeout(None)
        while True:
            yield self.waiting.pop(0) if self.waiting else self._read()

    def _read(self):
        line = self.lines.readline()
        if not line:
            raise ConnectionError("slipgate has gone")
        return json.loads(line)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: gate.py SOCKET CAPTURE-FILE")
    with Gate(sys.argv[1]) as gate:
        status = gate.get_status()
        print(f"slipgate {status['version']} serves {status['target']}, "
              f"TCP by {status['outbound_tcp']['carrier']}")
        news = gate.events("forward")
        added = gate.add_hostfwd(proto="tcp", host_addr="127.0.0.1",
                                 host_port=0, guest_port=80)
        event = next(news)["data"]
        print(f"forward {event['id']} {event['change']}")
        with open(sys.argv[2], "wb") as trace:
            gate.call("start_capture", {}, [trace.fileno()])
        print(gate.stop_capture()["lost"], "frames lost")
        try:
            gate.remove_hostfwd(id=added["id"] + 1)
        except GateError as error:
            print(f"refused: {error.code}")


if __name__ == "__main__":
    main()
