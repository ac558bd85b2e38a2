/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_seccomp_rows.h"

/* clang-format off */
const struct jail_seccomp_rule jail_seccomp_copier[] = {
    /* --- the two files, and news of one of them --- */
    CALL(inotify_add_watch),
    CALL(open),
    CALL(openat),
    CALL(readlink),
    CALL(readlinkat),
    CALL(rename),
    CALL(renameat),
    CALL(renameat2),
    CALL(unlinkat),

    /* --- waiting, answering once --- */
    CALL(clock_nanosleep),
    CALL(clock_nanosleep_time64),
    CALL(nanosleep),
    CALL(sendmsg),
    END_OF_ROWS,
};
/* clang-format on */
