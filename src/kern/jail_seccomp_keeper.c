/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_seccomp_rows.h"

#include <sys/mman.h>

/* clang-format off */
const struct jail_seccomp_rule jail_seccomp_keeper[] = {
    /* --- texts that come, and the file that is replaced --- */
    CALL(fsync),
    CALL(open),
    CALL(openat),
    CALL(rename),
    CALL(renameat),
    CALL(renameat2),
    CALL(unlinkat),

    /* --- more of memory: never executable --- */
    IF1(mprotect, LACKS(2, PROT_EXEC)),
    CALL(mremap),
    END_OF_ROWS,
};
/* clang-format on */
