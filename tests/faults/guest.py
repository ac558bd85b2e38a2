# SPDX-License-Identifier: GPL-2.0-or-later
"""What runs in the guest: a server that echoes, and a client on demand.

    guest.py PORT

Reads lines "tcp|udp ADDRESS PORT BYTES SECONDS" and answers each with "ok" or
with what went wrong.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import talk  # noqa: E402


def main():
    talk.serve(int(sys.argv[1]))
    print("there", flush=True)
    for line in sys.stdin:
        proto, address, port, size, seconds = line.split()
        print(talk.ask(proto, (address, int(port)), int(size),
                       float(seconds)), flush=True)


main()
