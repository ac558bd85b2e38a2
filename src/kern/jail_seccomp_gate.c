/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_seccomp_rows.h"

#include <linux/sockios.h>
#include <signal.h>

/* clang-format off */
const struct jail_seccomp_rule jail_seccomp_gate[] = {
    /* --- descriptors that are there already --- */
    FCNTL(F_GETPIPE_SZ),
    FCNTL(F_SETPIPE_SZ),
    CALL(pread64),
    CALL(pipe2),
    CALL(splice),
    CALL(tee),

    /*
     * --- files ---
     * resolv.conf is opened again and again, and no file ever written.  A
     * directory that is open may lie outside our root: nothing may be opened
     * from there, and only the control socket be removed.
     */
    IF1(open, LACKS(1, O_ACCMODE | O_CREAT | O_TRUNC)),
    IF2(openat, IS(0, AT_FDCWD), LACKS(2, O_ACCMODE | O_CREAT | O_TRUNC)),
    CALL(stat),
    CALL(stat64),
    CALL(lstat),
    CALL(lstat64),
    CALL(unlinkat),

    /* --- events --- */
    CALL(epoll_create1),
    CALL(epoll_ctl),
    CALL(epoll_pwait),
#ifdef __SNR_epoll_pwait2
    CALL(epoll_pwait2),
#endif
    CALL(epoll_wait),
    CALL(eventfd2),
    CALL(signalfd4),
    CALL(timerfd_create),
    CALL(timerfd_gettime),
    CALL(timerfd_gettime64),
    CALL(timerfd_settime),
    CALL(timerfd_settime64),

    /* --- sockets --- */
    INET_SOCKET(AF_INET, SOCK_DGRAM, IPPROTO_ICMP),
    INET_SOCKET(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6),
    CALL(accept),
    CALL(accept4),
    CALL(connect),
    CALL(recvmmsg),
    CALL(recvmmsg_time64),
    CALL(sendmmsg),
    IOCTL(SIOCOUTQ),

    /* --- the process itself, and the agent when it is gone --- */
    CALL(getrusage),
    CALL(wait4),
    CALL(waitid),
    END_OF_ROWS,
};

/* Ends an agent that does not answer. */
const struct jail_seccomp_rule jail_seccomp_gate_on_child[] = {
    IF1(kill, IS(1, SIGKILL)),
    END_OF_ROWS,
};
/* clang-format on */
