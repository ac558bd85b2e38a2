/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_seccomp_rows.h"

#include "base/sanitized.h"

#include <sys/mman.h>

/* clang-format off */
const struct jail_seccomp_rule jail_seccomp_any[] = {
    /* --- memory: never executable --- */
    CALL(brk),
    CALL(madvise),
    IF1(mmap, LACKS(2, PROT_EXEC)),
    IF1(mmap2, LACKS(2, PROT_EXEC)),
    CALL(munmap),
    /* The allocator, when it first asks for memory. */
    CALL(getrandom),

    /* --- descriptors that are there already --- */
    CALL(close),
    CALL(fstat),
    CALL(fstat64),
    CALL(newfstatat),
    CALL(read),
    CALL(write),

    /* --- waiting --- */
    CALL(futex),
    CALL(poll),
    CALL(ppoll),
    CALL(ppoll_time64),

    /* --- signals and the end --- */
    CALL(exit),
    CALL(exit_group),
    CALL(restart_syscall),
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(sigreturn),
    END_OF_ROWS,
};

/* Their reports, and their search for leaks at exit. */
const struct jail_seccomp_rule jail_seccomp_sanitizers[] = {
#if SANITIZED
    CALL(clone),
    CALL(getcwd),
    CALL(getdents),
    CALL(getdents64),
    CALL(kill),
    CALL(open),
    CALL(openat),
    CALL(pipe),
    CALL(pipe2),
    CALL(prctl),
    CALL(process_vm_readv),
    CALL(ptrace),
    CALL(readlink),
    CALL(readlinkat),
    CALL(sched_getaffinity),
    CALL(setrlimit),
    CALL(sigaltstack),
    CALL(tgkill),
    CALL(wait4),
#endif
    END_OF_ROWS,
};

/* abort(3) and raise(3). */
const struct jail_seccomp_rule jail_seccomp_on_self[] = {
    CALL(kill),
    CALL(tgkill),
    END_OF_ROWS,
};
/* clang-format on */
