#!/usr/bin/env -S python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""Opens a tap in a namespace, comes back out, and runs a program that has it as
descriptor 5.

tapfd.py PID FLAGS COMMAND...

PID is in the namespace; FLAGS are those of TUNSETIFF: 0x1002 for a tap without
a header, 0x5002 for one with the header of offloads.
"""
import os
import socket
import sys

THERE = """
import fcntl, os, socket, struct
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", b"tap0", {flags}))
socket.send_fds(socket.socket(fileno={channel}), [b"x"], [tun])
"""


def main():
    pid, flags, command = sys.argv[1], int(sys.argv[2], 0), sys.argv[3:]
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        channel = os.dup2(theirs.fileno(), 9)
        os.execvp("nsenter", [
            "nsenter", "-t", pid, "-U", "-n", "--preserve-credentials",
            "python3", "-c", THERE.format(flags=flags, channel=channel)])
    theirs.close()
    tun = socket.recv_fds(ours, 1, 1)[1][0]
    os.dup2(tun, 5)
    os.execv(command[0], command)


main()
