#!/usr/bin/env -S python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a command on a kernel that lacks something.

deny.py WHAT COMMAND...
    nft       nfnetlink sockets: EPROTONOSUPPORT
    tproxy    transparent sockets: EPERM
    unshare   new namespaces: EPERM, for the command and what it forks
    tun-vnet  no frame headers on taps: EINVAL

By seccomp(2), which a later filter of the command itself only adds to.
"""
import ctypes
import errno
import os
import platform
import struct
import sys

LD, JEQ, RET = 0x20, 0x15, 0x06
NR, ARGS = 0, 16
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 38, 22

NUMBERS = {
    "x86_64": {"socket": 41, "setsockopt": 54, "unshare": 272, "ioctl": 16},
    "aarch64": {"socket": 198, "setsockopt": 208, "unshare": 97, "ioctl": 29},
}[platform.machine()]

# What: the call, the arguments that must match, and its error.
DENIALS = {
    "nft": [("socket", {0: 16, 2: 12}, errno.EPROTONOSUPPORT)],
    "tproxy": [("setsockopt", {1: 0, 2: 19}, errno.EPERM),
               ("setsockopt", {1: 41, 2: 75}, errno.EPERM)],
    "unshare": [("unshare", {}, errno.EPERM)],
    "tun-vnet": [("ioctl", {1: 0x400454D8}, errno.EINVAL)],
}


def rule(call, args, error):
    """Instructions for one denial; a mismatch jumps behind them."""
    checks = [(NR, NUMBERS[call])]
    checks += [(ARGS + 8 * arg, value) for arg, value in args.items()]
    code = []
    for i, (offset, value) in enumerate(checks):
        left = 2 * (len(checks) - i - 1) + 1
        code += [(LD, 0, 0, offset), (JEQ, 0, left, value)]
    return code + [(RET, 0, 0, ERRNO | error)]


def install(what):
    code = [step for denial in DENIALS[what] for step in rule(*denial)]
    code.append((RET, 0, 0, ALLOW))
    text = b"".join(struct.pack("=HBBI", *step) for step in code)
    buffer = ctypes.create_string_buffer(text, len(text))
    program = struct.pack("@HP", len(code), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if (libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            or libc.prctl(PR_SET_SECCOMP, 2, program, 0, 0)):
        sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")


install(sys.argv[1])
os.execvp(sys.argv[2], sys.argv[2:])
