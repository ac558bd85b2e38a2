/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_seccomp_rows.h"

#include <sys/mman.h>

/* clang-format off */
const struct jail_seccomp_rule jail_seccomp_copier[] = {
    /* --- the two files, and news of one of them --- */
    CALL(close),
    CALL(fstat),
    CALL(fstat64),
    CALL(newfstatat),
    CALL(inotify_add_watch),
    CALL(open),
    CALL(openat),
    CALL(read),
    CALL(readlink),
    CALL(readlinkat),
    CALL(rename),
    CALL(renameat),
    CALL(renameat2),
    CALL(unlinkat),
    CALL(write),

    /* --- waiting, answering once --- */
    CALL(clock_nanosleep),
    CALL(clock_nanosleep_time64),
    CALL(nanosleep),
    CALL(poll),
    CALL(ppoll),
    CALL(ppoll_time64),
    CALL(sendmsg),

    /* --- the process itself --- */
    CALL(brk),
    CALL(exit),
    CALL(exit_group),
    CALL(futex),
    /* The allocator, when it first asks for memory. */
    CALL(getrandom),
    CALL(madvise),
    IF1(mmap, LACKS(2, PROT_EXEC)),
    IF1(mmap2, LACKS(2, PROT_EXEC)),
    CALL(munmap),
    CALL(restart_syscall),
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(sigreturn),
    END_OF_ROWS,
};
/* clang-format on */
