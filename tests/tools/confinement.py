#!/usr/bin/env -S python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""How helpers are confined, read off running processes.

confinement.py [SLIPGATE]      a Markdown table: slipgate beside those of
                               slirp4netns and pasta that are installed
confinement.py look PID...     the same for processes that run already

Needs root, to read others' system call filters; the helpers themselves run as
a plain user, each for a guest of its own, with the options that its users get.
"""
import ctypes
import json
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

USER = 65534
DEADLINE = 20
FILES_MAX = 1000

# --- ptrace(2), to get at the filters ---

PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
PTRACE_DETACH, PTRACE_SECCOMP_GET_FILTER = 17, 0x420C
ARCH_X86_64 = 0xC000003E
ALLOW, LOG, ERRNO, TRAP = 0x7FFF0000, 0x7FFC0000, 0x00050000, 0x00030000
UNKNOWN = None

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
                        ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def filters_of(pid):
    """The BPF programs of a process, each a list of (code, jt, jf, k)."""
    programs = []
    if libc.ptrace(PTRACE_SEIZE, pid, None, None) != 0:
        raise OSError(ctypes.get_errno(), f"trace {pid}")
    try:
        libc.ptrace(PTRACE_INTERRUPT, pid, None, None)
        os.waitpid(pid, 0x40000000)  # __WALL
        while True:
            count = libc.ptrace(PTRACE_SECCOMP_GET_FILTER, pid,
                                len(programs), None)
            if count <= 0:
                return programs
            space = ctypes.create_string_buffer(count * 8)
            libc.ptrace(PTRACE_SECCOMP_GET_FILTER, pid, len(programs), space)
            programs.append(list(struct.iter_unpack("=HBBI", space.raw)))
    finally:
        libc.ptrace(PTRACE_DETACH, pid, None, None)


def alu(op, a, b):
    if a is UNKNOWN or b is UNKNOWN:
        return UNKNOWN
    return {0x00: a + b, 0x10: a - b, 0x20: a * b, 0x40: a | b, 0x50: a & b,
            0x60: a << (b & 31), 0x70: a >> (b & 31),
            0xA0: a ^ b}.get(op, UNKNOWN) & 0xFFFFFFFF


def jumps(op, a, b):
    """Whether a conditional jump is taken: all that is possible."""
    if a is UNKNOWN or b is UNKNOWN:
        return (True, False)
    return ({0x10: a == b, 0x20: a > b, 0x30: a >= b, 0x40: a & b != 0}[op],)


def actions(program, number):
    """What a filter may answer to a call, whatever its arguments."""
    found, seen = set(), set()
    todo = [(0, 0, 0, (UNKNOWN,) * 16)]
    while todo:
        state = todo.pop()
        if state in seen:
            continue
        seen.add(state)
        pc, a, x, mem = state
        code, jt, jf, k = program[pc]
        kind, pc = code & 7, pc + 1
        operand = x if code & 8 else k
        if kind == 6:  # ret
            found.add(a if code & 0x10 else k)
        elif kind == 5 and code & 0xF0 == 0:  # ja
            todo.append((pc + k, a, x, mem))
        elif kind == 5:
            for taken in jumps(code & 0xF0, a, operand):
                todo.append((pc + (jt if taken else jf), a, x, mem))
        elif kind == 0:  # ld
            mode = code & 0xE0
            value = {0x20: {0: number, 4: ARCH_X86_64}.get(k, UNKNOWN),
                     0x00: k, 0x60: mem[k & 15]}.get(mode, UNKNOWN)
            todo.append((pc, value, x, mem))
        elif kind == 1:  # ldx
            value = {0x00: k, 0x60: mem[k & 15]}.get(code & 0xE0, UNKNOWN)
            todo.append((pc, a, value, mem))
        elif kind in (2, 3):  # st, stx
            new = list(mem)
            new[k & 15] = a if kind == 2 else x
            todo.append((pc, a, x, tuple(new)))
        elif kind == 4:
            todo.append((pc, alu(code & 0xF0, a, operand), x, mem))
        else:  # tax, txa
            todo.append((pc, x, x, mem) if code & 0xF8 else (pc, a, a, mem))
    return found


def system_calls():
    """Number and name of what the machine's headers know."""
    for path in ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
                 "/usr/include/asm/unistd_64.h"):
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                return {int(n): name for name, n in
                        re.findall(r"#define __NR_(\w+)\s+(\d+)", file.read())}
    return {n: str(n) for n in [*range(335), *range(424, 463)]}


def allowed_calls(pid):
    """How many calls pass whatever their arguments, and how many for some."""
    programs = filters_of(pid)
    if not programs:
        return None
    whole = part = 0
    for number in system_calls():
        answers = [{a & 0xFFFF0000 for a in actions(p, number)}
                   for p in programs]
        passing = [a & {ALLOW, LOG} for a in answers]
        if all(passing):
            if passing == answers:
                whole += 1
            else:
                part += 1
    return whole, part


# --- /proc ---

CAPS = ("chown dac_override dac_read_search fowner fsetid kill setgid setuid "
        "setpcap linux_immutable net_bind_service net_broadcast net_admin "
        "net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot "
        "sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource "
        "sys_time sys_tty_config mknod lease audit_write audit_control "
        "setfcap mac_override mac_admin syslog wake_alarm block_suspend "
        "audit_read perfmon bpf checkpoint_restore").split()


def status(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file
                    if ":\t" in line)


def caps(text):
    bits = int(text, 16)
    names = [name for i, name in enumerate(CAPS) if bits >> i & 1]
    if len(names) > len(CAPS) / 2:
        return "all that the starter had"
    return " ".join(names).upper() or "none"


def files_seen(pid):
    """Regular files and sockets below its root, without proc and sys."""
    count, root = 0, f"/proc/{pid}/root"
    for where, dirs, files in os.walk(root + "/"):
        if where == root + "/":
            dirs[:] = [d for d in dirs if d not in ("proc", "sys", "dev")]
        count += len(files)
        if count > FILES_MAX:
            return f"more than {FILES_MAX}"
    return str(count)


def namespace(pid, kind):
    return os.readlink(f"/proc/{pid}/ns/{kind}")


def where(pid, kind, guest):
    here = namespace(pid, kind)
    if here == namespace("self", kind):
        return "the host's"
    return "the guest's" if here == namespace(guest, kind) else "its own"


def describe(pid, guest):
    """One column of the table."""
    facts = status(pid)
    calls = allowed_calls(pid)
    return {
        "user namespace": where(pid, "user", guest),
        "network namespace": where(pid, "net", guest),
        "mount namespace": where(pid, "mnt", guest),
        "capabilities there": caps(facts["CapEff"]),
        "bounding set": caps(facts["CapBnd"]),
        "no_new_privs": "yes" if facts["NoNewPrivs"] == "1" else "no",
        "files in sight": files_seen(pid),
        "system calls allowed":
            "all" if calls is None else
            f"{sum(calls)}, of them {calls[1]} by their arguments",
    }


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        found = [int(word) for word in file.read().split()]
    return [one for child in found for one in (child, *children(child))]


# --- the helpers, each for a guest of its own ---

scratch = tempfile.TemporaryDirectory()
os.chmod(scratch.name, 0o755)


def become_user():
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)
    libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    libc.prctl(4, 1)  # PR_SET_DUMPABLE, which setuid(2) took


def open_tun():
    """A tun device that plain users may open, as most systems have it; where
    this one has not, in a mount namespace of our own."""
    if os.stat("/dev/net/tun").st_mode & 0o006 == 0o006:
        return
    if libc.unshare(0x20000) != 0:  # CLONE_NEWNS
        sys.exit("cannot make a mount namespace")
    for command in ("mount --make-rprivate /",
                    "mount -t tmpfs -o mode=0755 tmpfs /dev/net",
                    "mknod -m 0666 /dev/net/tun c 10 200"):
        subprocess.run(command.split(), check=True)


def wait_for(condition, what):
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"waited in vain for {what}")
        time.sleep(0.02)


def new_guest():
    guest = subprocess.Popen(["unshare", "-Urn", "sleep", "infinity"],
                             preexec_fn=become_user)

    def moved():
        return (namespace(guest.pid, "net") != namespace("self", "net") and
                status(guest.pid)["Name"] == "sleep")
    wait_for(moved, "a guest")
    return guest


def start(command, guest, ready, prefix=()):
    """`ready`: the helper tells by descriptor READY that it is; else it is so
    when the guest's interface is there and the helper, without a prefix,
    confined."""
    read_end, write_end = os.pipe()
    names = {"PID": str(guest.pid), "READY": str(write_end),
             "DIR": tempfile.mkdtemp(dir=scratch.name)}
    os.chown(names["DIR"], USER, USER)
    words = [*prefix, *(re.sub("PID|READY|DIR", lambda m: names[m[0]], word)
                        for word in command)]
    helper = subprocess.Popen(words, preexec_fn=become_user, cwd="/",
                              pass_fds=[write_end],
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE)
    os.close(write_end)
    if ready:
        select.select([read_end], [], [], DEADLINE)
        if os.read(read_end, 1) != b"1":
            sys.exit(f"{words[0]} did not start: "
                     f"{helper.stderr.read().decode()}")
    else:
        wait_for(lambda: interface_is_up(guest.pid), words[0])
        if not prefix:
            wait_for(lambda: status(helper.pid)["Seccomp"] == "2",
                     f"the filter of {words[0]}")
    os.close(read_end)
    api = names["DIR"] + "/api"
    if os.path.exists(api):
        wake_hands(api, guest.pid)
    return helper


def wake_hands(api, pid):
    """The hands of the porter are there once somebody needed them."""
    for verb, arguments in (("create", {"name": "n"}),
                            ("attach", {"network": "n", "container": "c",
                                        "pid": pid})):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(DEADLINE)
            client.connect(api)
            client.sendall(json.dumps({"execute": f"network_{verb}",
                                       "arguments": arguments}).encode())
            client.recv(65536)


def interface_is_up(pid):
    with open(f"/proc/{pid}/net/dev", encoding="ascii") as file:
        return any(line.split(":")[0].strip() not in ("lo", "")
                   for line in file.readlines()[2:])


def uses_landlock(command, ready):
    """The names of its processes that restrict themselves so, by strace(1);
    None: it cannot be told."""
    if shutil.which("strace") is None:
        return None
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o777)
        out = directory + "/out"
        guest = new_guest()
        helper = start(command, guest, ready,
                       ("strace", "-f", "-Y", "-qq", "-o", out, "-e",
                        "trace=landlock_restrict_self"))
        end(helper)
        end(guest)
        with open(out, encoding="utf-8") as file:
            return set(re.findall(r"^\d+<(.*?)> .* = 0$", file.read(), re.M))


def end(process):
    for pid in children(process.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.kill()
    process.wait()


def helpers(slipgate):
    # With all processes that it may have: the last two are there for networks.
    yield "slipgate", [slipgate, "-c", "--ready-fd=READY",
                       "--api-socket=DIR/api", "--state=DIR/state", "PID",
                       "tap0"], True
    slirp = shutil.which("slirp4netns")
    if slirp is not None:
        yield "slirp4netns", [slirp, "-c", "--ready-fd=READY", "PID",
                              "tap0"], True
        yield ("slirp4netns, sandbox and seccomp",
               [slirp, "-c", "--ready-fd=READY", "--enable-sandbox",
                "--enable-seccomp", "PID", "tap0"], True)
    pasta = shutil.which("pasta")
    if pasta is not None:
        yield "pasta", [pasta, "-f", "-q", "--config-net", "PID"], False


def survey(name, command, ready):
    guest = new_guest()
    helper = start(command, guest, ready)
    restricted = uses_landlock(command, ready)
    roles = ["slipgate", "agent", "copier", "porter", "finder", "bearer",
             "state"]
    pids = {status(pid)["Name"].removeprefix("slipgate-"): pid
            for pid in [helper.pid, *children(helper.pid)]}
    for role, pid in sorted(pids.items(), key=lambda pair: roles.index(pair[0])
                            if pair[0] in roles else 0):
        column = describe(pid, guest.pid)
        column["landlock"] = "?" if restricted is None else \
            "yes" if status(pid)["Name"] in restricted else "no"
        title = name
        if name == "slipgate":
            title = f"{name}: {'gate' if role == 'slipgate' else role}"
        yield title, column
    end(helper)
    end(guest)


def print_table(columns):
    print("| |", " | ".join(title for title, _ in columns), "|")
    print("|---" * (len(columns) + 1) + "|")
    for row in columns[0][1]:
        print(f"| {row} |", " | ".join(c[row] for _, c in columns), "|")


def main(args):
    if args and args[0] == "look":
        print_table([(f"{status(int(pid))['Name']} ({pid})",
                      describe(int(pid), int(pid))) for pid in args[1:]])
        return
    slipgate = args[0] if args else shutil.which("slipgate")
    open_tun()
    print_table([column for helper in helpers(os.path.abspath(slipgate))
                 for column in survey(*helper)])


main(sys.argv[1:])
