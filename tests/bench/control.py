# SPDX-License-Identifier: GPL-2.0-or-later
"""The control socket of slirp4netns and of whatever speaks like it."""

import json
import socket

from procs import BenchError

TIMEOUT = 10


def ask(path, verb, fds=(), **arguments):
    """What the verb returns; an error answer becomes a BenchError.

    fds: descriptors that go with the request.
    """
    request = json.dumps({"execute": verb, "arguments": arguments})
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(TIMEOUT)
            client.connect(str(path))
            if fds:
                socket.send_fds(client, [request.encode()], fds)
            else:
                client.sendall(request.encode())
            client.shutdown(socket.SHUT_WR)
            answer = json.loads(client.makefile().read())
    except (OSError, ValueError) as error:
        raise BenchError(f"{verb}: {error}") from None
    if "return" not in answer:
        raise BenchError(f"{verb}: {answer.get('error', answer)}")
    return answer["return"]


def publish(path, proto, port):
    """Leads a port of the host to the same port of the guest."""
    ask(path, "add_hostfwd", proto=proto, host_addr="0.0.0.0", host_port=port,
        guest_port=port)
