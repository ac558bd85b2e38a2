/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_seccomp_rows.h"

#include <sys/mman.h>

/* clang-format off */
const struct jail_seccomp_rule jail_seccomp_keeper[] = {
    /* --- texts that come, and the file that is replaced --- */
    CALL(close),
    CALL(fstat),
    CALL(fstat64),
    CALL(newfstatat),
    CALL(fsync),
    CALL(open),
    CALL(openat),
    CALL(poll),
    CALL(ppoll),
    CALL(ppoll_time64),
    CALL(read),
    CALL(rename),
    CALL(renameat),
    CALL(renameat2),
    CALL(unlinkat),
    CALL(write),

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
    IF1(mprotect, LACKS(2, PROT_EXEC)),
    CALL(mremap),
    CALL(munmap),
    CALL(restart_syscall),
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(sigreturn),
    END_OF_ROWS,
};
/* clang-format on */
