# SPDX-License-Identifier: GPL-2.0-or-later
"""Which calls are made to fail, and how.

A plan is made from what one session without a fault has called: for each call
of each process, some of its occurrences, each with an error that this call may
give on a machine in trouble.
"""

import collections
import dataclasses
import errno
import itertools

NEW_FD = ("EMFILE", "ENFILE", "ENOMEM")
SOCKETS = ("ENOBUFS", "ENOMEM", "EPERM")
# Errors that the manual pages name, or that filters and machines answer.  What
# cannot fail on a good descriptor (getsockname(2), F_GETFL ...) is left out, and
# so is memory: without that the program ends, as GLib does.
ERRORS = {
    "accept4": ("EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "EINTR", "EAGAIN",
                "ECONNABORTED", "EPERM"),
    "access": ("ENOMEM", "EACCES"),
    "bind": ("ENOMEM", "EPERM", "EADDRINUSE", "EADDRNOTAVAIL", "ENOBUFS"),
    "capget": ("EPERM",),
    "capset": ("EPERM",),
    "clone": ("EAGAIN", "ENOMEM", "EPERM"),
    "clone3": ("ENOSYS",),
    "close_range": ("ENOSYS", "EPERM"),
    "connect": ("ENOBUFS", "ENOMEM", "EPERM", "EADDRNOTAVAIL", "ENETUNREACH",
                "EAGAIN"),
    "dup2": ("EMFILE", "EINTR"),
    "epoll_create1": NEW_FD,
    "epoll_ctl": ("ENOMEM", "ENOSPC"),
    "epoll_pwait": ("EINTR",),
    "epoll_wait": ("EINTR",),
    "fchmod": ("EPERM",),
    "fcntl:406": ("EMFILE",),  # F_DUPFD_CLOEXEC
    "fcntl:407": ("EPERM", "ENOMEM", "EBUSY"),  # F_SETPIPE_SZ
    "fstat": ("ENOMEM",),
    "getrandom": ("ENOSYS", "EINTR", "EAGAIN"),
    "getsockopt": ("ENOMEM", "EPERM"),
    "inotify_add_watch": ("ENOSPC", "ENOMEM"),
    "inotify_init1": NEW_FD,
    "ioctl:400454ca": ("EPERM", "EBUSY", "ENOMEM", "EINTR"),  # TUNSETIFF
    "ioctl:400454d0": ("EINVAL", "EPERM"),  # TUNSETOFFLOAD
    "ioctl:400454d8": ("EINVAL", "ENOTTY"),  # TUNSETVNETHDRSZ
    "ioctl:800454cf": ("ENOTTY",),  # TUNGETFEATURES
    "ioctl:800454d2": ("EPERM",),  # TUNGETIFF
    "ioctl:8927": ("EPERM",),  # SIOCGIFHWADDR
    "ioctl:8943": ("EPERM",),  # SIOCSIFTXQLEN
    "ioctl:b703": ("ENOTTY", "EPERM"),  # NS_GET_NSTYPE
    "landlock_add_rule": ("ENOMEM", "EPERM"),
    "landlock_create_ruleset": ("ENOSYS", "EOPNOTSUPP", "EMFILE"),
    "landlock_restrict_self": ("EPERM", "E2BIG"),
    "listen": ("EADDRINUSE", "EPERM"),
    "mkdir": ("EACCES", "ENOSPC"),
    "mount": ("EPERM", "ENOMEM"),
    "newfstatat": ("ENOMEM", "EACCES"),
    "openat": ("EMFILE", "ENFILE", "ENOMEM", "EPERM", "EINTR"),
    "openat2": ("ENOSYS", "EPERM"),
    "pidfd_open": ("ENOSYS", "EMFILE", "ENOMEM"),
    "pipe2": NEW_FD,
    "pivot_root": ("EPERM",),
    "ppoll": ("EINTR", "ENOMEM"),
    "poll": ("EINTR", "ENOMEM"),
    "prctl": ("EPERM",),
    "prlimit64:7": ("EPERM",),  # RLIMIT_NOFILE
    "read": ("EINTR", "EAGAIN", "ENOMEM", "ENOSYS"),
    "readlink": ("ENOMEM", "EACCES"),
    "readv": ("EINTR", "EAGAIN", "ENOMEM"),
    "recvfrom": ("EINTR", "EAGAIN", "ENOMEM", "ENOBUFS", "short"),
    "recvmmsg": ("EINTR", "EAGAIN", "ENOMEM", "ENOSYS"),
    "recvmsg": ("EINTR", "EAGAIN", "ENOMEM", "ENOBUFS"),
    "seccomp": ("ENOSYS", "ENOMEM", "EPERM"),
    "sendmmsg": ("EINTR", "EAGAIN", "ENOMEM", "ENOBUFS", "EPERM"),
    "sendmsg": ("EINTR", "EAGAIN", "ENOMEM", "ENOBUFS", "EPERM"),
    "sendto": ("EINTR", "EAGAIN", "ENOMEM", "ENOBUFS", "EPERM", "short"),
    "setns": ("EPERM", "ENOMEM"),
    "setsockopt": ("EPERM", "ENOMEM", "ENOPROTOOPT"),
    "shutdown": ("ENOBUFS",),
    "signalfd4": NEW_FD,
    "socket": ("EMFILE", "ENFILE", *SOCKETS, "EAFNOSUPPORT"),
    "socketpair": ("EMFILE", "ENOMEM"),
    "splice": ("EINTR", "EAGAIN", "ENOMEM", "short"),
    "statx": ("ENOSYS", "ENOMEM"),
    "timerfd_create": NEW_FD,
    "umount2": ("EPERM",),
    "unlinkat": ("EPERM",),
    "unshare": ("EPERM", "ENOSPC", "ENOMEM"),
    "write": ("EINTR", "EAGAIN", "ENOMEM", "ENOSPC"),
    "writev": ("EINTR", "EAGAIN", "ENOMEM", "ENOBUFS"),
}


@dataclasses.dataclass(frozen=True)
class Fault:
    """The `first` to `first + count - 1`st `call` of `role` fails."""

    role: str
    call: str
    first: int
    count: int
    error: str

    def words(self):
        number = (self.error if self.error == "short"
                  else getattr(errno, self.error))
        return [self.role, self.call, *map(str, (self.first, self.count,
                                                 number))]

    def __str__(self):
        times = f" to {self.first + self.count - 1}" if self.count > 1 else ""
        return (f"{self.role}: {self.call} number {self.first}{times}: "
                f"{self.error}")


def called(lines):
    """{(role, call): occurrences} of fault's log."""
    pairs = (tuple(line.split()) for line in lines)
    return collections.Counter(pair for pair in pairs
                               if len(pair) == 2 and pair[1] in ERRORS)


def _spread(first, last, most):
    """At most `most` numbers from first to last, evenly, both included."""
    count = last - first + 1
    if count <= most or most == 1:
        return list(range(first, last + 1))[:most]
    return sorted({first + i * (count - 1) // (most - 1)
                   for i in range(most)})


def _for_call(role, call, at_start, in_all, most):
    errors = itertools.cycle(ERRORS[call])
    spots = _spread(1, at_start, most) if at_start else []
    if in_all > at_start:
        spots += _spread(at_start + 1, in_all, most)
    # Each error at least once, each spot at least once.
    for spot, _ in itertools.zip_longest(
            spots, range(len(ERRORS[call])), fillvalue=spots[-1]):
        error = next(errors)
        # What speaks at the start speaks to netlink, in whole messages.
        if error != "short" or spot > at_start:
            yield Fault(role, call, spot, 1, error)
    if in_all > at_start:
        # A while of trouble, as when descriptors or memory have run out.
        yield Fault(role, call, at_start + 1, 6, ERRORS[call][0])


def make(at_start, in_all, most):
    """`most` occurrences of each call and phase are made to fail."""
    return [fault for (role, call), count in sorted(in_all.items())
            for fault in _for_call(role, call, at_start.get((role, call), 0),
                                   count, most)]
