#!/usr/bin/env -S python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays an older or stricter machine for a command.

deny.py WHAT... -- COMMAND...

WHAT is refused to the command and all that it starts:
    nfnetlink   netlink sockets of netfilter
    landlock    landlock_create_ruleset(2)
"""
import ctypes
import errno
import os
import struct
import sys

LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
NUMBER, FIRST, THIRD = 0, 16, 32  # offsets in struct seccomp_data
AF_NETLINK, NETLINK_NETFILTER = 16, 12
SOCKET = {"x86_64": 41, "aarch64": 198}[os.uname().machine]
LANDLOCK_CREATE_RULESET = 444


def equal(offset, value, skip):
    """Goes on if it is so, else `skip` instructions further."""
    return [(LOAD, 0, 0, offset), (EQUAL, 0, skip, value)]


def refuse(number):
    return [(RETURN, 0, 0, ERRNO | number)]


RULES = {
    "nfnetlink": equal(NUMBER, SOCKET, 5) + equal(FIRST, AF_NETLINK, 3) +
    equal(THIRD, NETLINK_NETFILTER, 1) + refuse(errno.EPROTONOSUPPORT),
    "landlock": equal(NUMBER, LANDLOCK_CREATE_RULESET, 1) +
    refuse(errno.ENOSYS),
}


def main():
    split = sys.argv.index("--")
    code = [step for what in sys.argv[1:split] for step in RULES[what]]
    code.append((RETURN, 0, 0, ALLOW))
    packed = b"".join(struct.pack("=HBBI", *step) for step in code)
    space = ctypes.create_string_buffer(packed)
    program = struct.pack("@HP", len(code), ctypes.addressof(space))
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = [ctypes.c_ulong(n) for n in (1, 0, 0, 0)]
    if (libc.prctl(38, *arguments) != 0  # PR_SET_NO_NEW_PRIVS
            or libc.prctl(22, ctypes.c_ulong(2), program) != 0):
        sys.exit(os.strerror(ctypes.get_errno()))
    os.execvp(sys.argv[split + 1], sys.argv[split + 1:])


main()
