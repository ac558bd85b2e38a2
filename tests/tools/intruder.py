#!/usr/bin/env -S python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tries to get at processes outside, as a guest's root would.

intruder.py PID...   prints a line for all that works
"""
import ctypes
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
                        ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long

FILES = ("mem", "maps", "environ", "auxv", "stack", "syscall", "exe")
# The list of descriptors is of numbers alone: see open_descriptor().
DIRS = ("root/", "root/etc", "cwd/", "fdinfo/", "map_files/")
NAMESPACES = ("mnt", "user", "net", "pid", "ipc", "uts", "cgroup")
PTRACE_ATTACH, PTRACE_DETACH, PTRACE_SEIZE = 16, 17, 0x4206


def read_file(pid, name):
    with open(f"/proc/{pid}/{name}", "rb") as file:
        if name == "mem":
            return True
        return len(file.read(16)) > 0


def list_dir(pid, name):
    os.listdir(f"/proc/{pid}/{name}")
    return True


def open_descriptor(pid, number):
    os.close(os.open(f"/proc/{pid}/fd/{number}", os.O_RDONLY | os.O_NONBLOCK))
    return True


def join(pid, name):
    fd = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY)
    child = os.fork()
    if child == 0:
        os._exit(0 if libc.setns(fd, 0) == 0 else 1)
    return os.waitpid(child, 0)[1] == 0


def trace(pid, request):
    if libc.ptrace(request, pid, None, None) != 0:
        return False
    if request == PTRACE_ATTACH:
        os.waitpid(pid, 0x40000000)
    libc.ptrace(PTRACE_DETACH, pid, None, None)
    return True


def take_descriptor(pid, number):
    pidfd = os.pidfd_open(pid)
    fd = libc.syscall(438, pidfd, number, 0)  # pidfd_getfd
    return fd >= 0


def read_memory(pid, _):
    class Iovec(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
    space = ctypes.create_string_buffer(16)
    mine = Iovec(ctypes.addressof(space), 16)
    theirs = Iovec(0x400000, 16)
    done = libc.process_vm_readv(pid, ctypes.byref(mine), 1,
                                 ctypes.byref(theirs), 1, 0)
    # A wrong address is told only to those who may look.
    return done >= 0 or ctypes.get_errno() == 14


ATTEMPTS = ([("read", read_file, name) for name in FILES] +
            [("list", list_dir, name) for name in DIRS] +
            [("open fd", open_descriptor, n) for n in range(16)] +
            [("take fd", take_descriptor, n) for n in range(16)] +
            [("join", join, name) for name in NAMESPACES] +
            [("attach", trace, PTRACE_ATTACH), ("seize", trace, PTRACE_SEIZE),
             ("read memory", read_memory, None)])


def main(pids):
    for pid in pids:
        os.stat(f"/proc/{pid}")  # it is in sight at all
        for what, attempt, which in ATTEMPTS:
            try:
                if attempt(pid, which):
                    print(f"{what} {which} of {pid}")
            except OSError:
                pass


main([int(pid) for pid in sys.argv[1:]])
