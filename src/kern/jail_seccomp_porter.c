/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_seccomp_rows.h"

#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* Read-only opens have none of these (O_TMPFILE needs write access). */
#define OPEN_CHANGES (O_ACCMODE | O_CREAT | O_TRUNC)

/*
 * fork(3), and nothing that makes a thread, a namespace, or a child of somebody
 * else: musl says SIGCHLD alone, glibc also where to note the child's number.
 */
#define FORK_NOTES ((unsigned)(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID))
#define FORKS      MASKED(0, UINT32_MAX & ~FORK_NOTES, SIGCHLD)

/* clang-format off */
const struct jail_seccomp_rule jail_seccomp_finder[] = {
    /* --- handles of namespaces, below /proc and elsewhere --- */
    IF1(open, LACKS(1, OPEN_CHANGES)),
    IF2(openat, IS(0, AT_FDCWD), LACKS(2, OPEN_CHANGES)),
    IOCTL(NS_GET_NSTYPE),
    CALL(pidfd_open),

    /* --- requests and answers --- */
    CALL(recvmsg),
    CALL(sendmsg),
    /* In its place stands a call that is to fail (tests/tools/fault.c). */
    CALL(getpid),
    END_OF_ROWS,
};

const struct jail_seccomp_rule jail_seccomp_bearer[] = {
    /* --- a child that enters a container, and returns a socket --- */
    IOCTL(NS_GET_NSTYPE),
    IOCTL(NS_GET_USERNS),
    IF1(clone, FORKS),
    CALL(fork),
    CALL(set_robust_list),
    IF1(setns, IS(1, CLONE_NEWNET)),
    IF1(setns, IS(1, CLONE_NEWUSER)),
    CALL(socketpair),
    CALL(wait4),
    IF2(setsockopt, IS(1, SOL_NETLINK), AT_MOST(2, 12)),
    END_OF_ROWS,
};

const struct jail_seccomp_rule jail_seccomp_porter[] = {
    /* --- hands that are ended, and that confine themselves --- */
    IF1(kill, IS(1, SIGKILL)),
    CALL(capget),
    CALL(capset),
    CALL(landlock_create_ruleset),
    CALL(landlock_restrict_self),
    CALL(seccomp),
    IF1(prctl, IS(0, PR_CAPBSET_READ)),
    IF1(prctl, IS(0, PR_CAPBSET_DROP)),
    IF1(prctl, IS(0, PR_CAP_AMBIENT)),
    IF1(prctl, IS(0, PR_GET_NO_NEW_PRIVS)),
    IF1(prctl, IS(0, PR_SET_DUMPABLE)),
    IF1(prctl, IS(0, PR_SET_NAME)),
    IF1(prctl, IS(0, PR_SET_NO_NEW_PRIVS)),
    IF1(prctl, IS(0, PR_SET_PDEATHSIG)),
    IF1(prctl, IS(0, PR_SET_SECCOMP)),
    END_OF_ROWS,
};
/* clang-format on */
