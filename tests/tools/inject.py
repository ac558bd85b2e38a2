#!/usr/bin/env -S python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""Has a running process make system calls that are not its own, by ptrace(2):
what an intruder in it would try.  Needs root and x86-64.

inject.py refused PID...    calls that nothing must let through: prints what
                            came of those that something did
inject.py reach PID PATH... opens files for reading: prints what was opened
inject.py deadly NAME PID   a call that must kill; prints what came of it
"""
import ctypes
import errno
import os
import signal
import struct
import sys

PEEK, POKE, SINGLESTEP, GETREGS, SETREGS = 1, 4, 9, 12, 13
DETACH, SEIZE, INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000

REGS = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax "
        "rip cs eflags rsp ss fs_base gs_base ds es fs gs").split()
ARGS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")
AT_FDCWD, RED_ZONE = -100, 128
FAILURES = (errno.EPERM, errno.EACCES, errno.EROFS)

# Name: number and arguments; a text is put into the process's memory.
REFUSED = {
    "a UNIX socket": (41, 1, 1, 0),
    "a UNIX socket pair": (53, 1, 2, 0),
    "a packet socket": (41, 17, 3, 0),
    "a raw socket": (41, 2, 3, 1),
    "a netlink socket of the audit system": (41, 16, 3, 9),
    "executable memory": (9, 0, 4096, 5, 0x22, -1, 0),
    "a process": (56, 17, 0, 0, 0, 0),
    "a process, by fork": (57,),
    "a process, by vfork": (58,),
    "a process, by clone3": (435, 0, 0),
    "a signal to init": (62, 1, 0),
    "a signal to everybody": (62, -1, 0),
    "typing into a terminal": (16, 0, 0x5412, "x"),
    "a directory": (83, "/x", 0o700),
    "a file": (85, "/x", 0o600),
    "a file, by openat": (257, AT_FDCWD, "/x", 0o101, 0o600),
    "another name": (86, "/etc/resolv.conf", "/x"),
    "a symbolic link": (88, "/etc/resolv.conf", "/x"),
    "a device": (133, "/x", 0o20666, 0x103),
    "a mode": (90, "/etc/resolv.conf", 0o777),
    "an owner": (92, "/etc/resolv.conf", 0, 0),
    "a file without a name": (319, "x", 0),
    "another user": (105, 0),
    "capabilities": (126, 0, 0),
    "a limit": (160, 7, "xxxxxxxxxxxxxxxx"),
    "the host's name": (170, "x", 1),
    "another filter": (317, 1, 0, 0),
    "another root directory": (81, 3),
    "a terminal's session": (112,),
    "shared memory": (29, 0, 4096, 0o1600),
}
DEADLY = {
    "execve": (59, "/bin/true", 0, 0),
    "execveat": (322, AT_FDCWD, "/bin/true", 0, 0, 0),
    "ptrace": (101, 16, 1, 0, 0),
    "process_vm_readv": (310, 1, 0, 0, 0, 0, 0),
    "pidfd_open": (434, 1, 0),
    "mount": (165, "none", "/etc", "tmpfs", 0, 0),
    "umount2": (166, "/etc", 2),
    "pivot_root": (155, ".", "."),
    "chroot": (161, "/etc"),
    "bpf": (321, 0, 0, 0),
    "io_uring_setup": (425, 1, 0),
    "unshare-user": (272, 0x10000000),
    "keyctl": (250, 0, 0),
    "prctl": (157, 4, 1),
}

# It makes children that enter containers (agent/porter.h).
ALLOWED = {"slipgate-porter": ("a process", "a UNIX socket pair")}

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
                        ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


class Killed(Exception):
    """The process is gone; the argument is its wait status."""


class Process:
    """A process that is stopped for us, and goes on afterwards as before."""

    def __init__(self, pid):
        self.pid = pid
        self.ptrace(SEIZE)
        self.ptrace(INTERRUPT)
        self.wait()
        self.before = self.get_regs()
        # It waits in a system call, or has just come out of one.
        self.entry = self.before["rip"] - 2
        if self.peek(self.entry) & 0xFFFF != 0x050F:
            sys.exit(f"{pid} is not in a system call")

    def ptrace(self, request, addr=0, data=0):
        ctypes.set_errno(0)
        result = libc.ptrace(request, self.pid, addr, data)
        if ctypes.get_errno() != 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request:#x}")
        return result

    def wait(self):
        status = os.waitpid(self.pid, WALL)[1]
        if not os.WIFSTOPPED(status):
            raise Killed(status)
        return os.WSTOPSIG(status)

    def peek(self, addr):
        return self.ptrace(PEEK, addr) & 0xFFFFFFFFFFFFFFFF

    def get_regs(self):
        space = ctypes.create_string_buffer(8 * len(REGS))
        self.ptrace(GETREGS, 0, ctypes.addressof(space))
        return dict(zip(REGS, struct.unpack(f"{len(REGS)}Q", space.raw)))

    def set_regs(self, regs):
        space = ctypes.create_string_buffer(
            struct.pack(f"{len(REGS)}Q", *(regs[name] for name in REGS)))
        self.ptrace(SETREGS, 0, ctypes.addressof(space))

    def put_text(self, addr, text):
        raw = text.encode() + b"\0" * (8 - len(text) % 8)
        for i in range(0, len(raw), 8):
            self.ptrace(POKE, addr + i, int.from_bytes(raw[i:i + 8], "little"))

    def call(self, number, *args):
        """The result, or None if the filter refused it."""
        regs = dict(self.before)
        below = (regs["rsp"] - RED_ZONE - 4096) & ~15
        regs.update(rax=number, orig_rax=(1 << 64) - 1, rip=self.entry,
                    rsp=below)
        for name, value in zip(ARGS, args):
            if isinstance(value, str):
                below -= 256
                self.put_text(below, value)
                value = below
            regs[name] = value & 0xFFFFFFFFFFFFFFFF
        self.set_regs(regs)
        stop, after = signal.SIGTRAP, regs
        # The trap of the step before may still be due.
        while stop == signal.SIGTRAP and after["rip"] == self.entry:
            self.ptrace(SINGLESTEP)
            stop, after = self.wait(), self.get_regs()
        result = after["rax"]
        self.set_regs(self.before)
        if stop == signal.SIGSYS:
            return None
        if stop != signal.SIGTRAP:
            sys.exit(f"stopped by signal {stop}")
        return result - (1 << 64) if result >> 63 else result

    def let_go(self):
        self.call(39)  # getpid, with which no trap is due any more
        self.ptrace(DETACH)


def refused(pids):
    for pid in pids:
        process = Process(int(pid))
        with open(f"/proc/{pid}/comm", encoding="ascii") as file:
            allowed = ALLOWED.get(file.read().strip(), ())
        for name, call in REFUSED.items():
            if name in allowed:
                continue
            result = process.call(*call)
            if result is not None and -result not in FAILURES:
                print(f"{pid}: {name}: {result}")
        process.let_go()


def reach(pid, *paths):
    process = Process(int(pid))
    for path in paths:
        fd = process.call(257, AT_FDCWD, path, 0, 0)
        if fd is not None and fd >= 0:
            print(path)
            process.call(3, fd)
    process.let_go()


def deadly(name, pid):
    process = Process(int(pid))
    try:
        result = process.call(*DEADLY[name])
    except Killed as end:
        print("killed" if os.WTERMSIG(end.args[0]) == signal.SIGSYS
              else f"status {end.args[0]}")
        return
    print(f"lives: {result}")
    process.let_go()


if len(sys.argv) == 2 and sys.argv[1] == "names":
    print(*DEADLY)
elif sys.argv[1] == "refused":
    refused(sys.argv[2:])
elif sys.argv[1] == "reach":
    reach(*sys.argv[2:])
else:
    deadly(*sys.argv[2:])
