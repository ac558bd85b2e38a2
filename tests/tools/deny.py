#!/usr/bin/env -S python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays an older or stricter machine for a command.

deny.py WHAT... -- COMMAND...

WHAT is refused to the command and all that it starts:
    nfnetlink   netlink sockets of netfilter
    tproxy      transparent sockets
    unshare     new namespaces
    landlock    landlock_create_ruleset(2)
"""
import ctypes
import errno
import os
import struct
import sys

LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
NUMBER, ARGUMENTS = 0, 16  # offsets in struct seccomp_data
AF_NETLINK, NETLINK_NETFILTER = 16, 12
IP_TRANSPARENT, IPV6_TRANSPARENT = (0, 19), (41, 75)
CALLS = {
    "x86_64": {"socket": 41, "setsockopt": 54, "unshare": 272},
    "aarch64": {"socket": 198, "setsockopt": 208, "unshare": 97},
}[os.uname().machine]
CALLS["landlock_create_ruleset"] = 444


def refuse(call, error, arguments=()):
    """The call fails if its arguments are these; None is any."""
    checks = [(NUMBER, CALLS[call])]
    checks += [(ARGUMENTS + 8 * i, value)
               for i, value in enumerate(arguments) if value is not None]
    code = []
    for left, (offset, value) in zip(range(len(checks) - 1, -1, -1), checks):
        code += [(LOAD, 0, 0, offset), (EQUAL, 0, 2 * left + 1, value)]
    return code + [(RETURN, 0, 0, ERRNO | error)]


RULES = {
    "nfnetlink": refuse("socket", errno.EPROTONOSUPPORT,
                        (AF_NETLINK, None, NETLINK_NETFILTER)),
    "tproxy": refuse("setsockopt", errno.EPERM, (None, *IP_TRANSPARENT)) +
    refuse("setsockopt", errno.EPERM, (None, *IPV6_TRANSPARENT)),
    "unshare": refuse("unshare", errno.EPERM),
    "landlock": refuse("landlock_create_ruleset", errno.ENOSYS),
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
