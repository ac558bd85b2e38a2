/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <stddef.h>

/*
 * Confinement primitive: landlock(7), which takes rights on files away from a
 * process that needs no privilege for it.  Spoken by raw system calls, since
 * libc has none.
 */

/* What stays possible; everything else on files that are not open yet ends. */
struct jail_landlock_rules {
    /* Files, and directories with all below, to read.  A missing one is left
       out. */
    const char *const *readable;
    size_t readable_count;
    /* Likewise, also to write and, if they are devices, to control. */
    const char *const *writable;
    size_t writable_count;
    /* A directory in which (and below which) files may be removed; -1: none. */
    int removable_dir_fd;
    /* One in which they may be made, written and replaced; 0: none. */
    int changeable_dir_fd;
};

/* The version of the kernel's interface; 0 when it has none (or it is off). */
int jail_landlock_abi(void);

/*
 * Restricts the calling thread and what it forks, for good; since ABI 6 also
 * from abstract UNIX sockets outside.  Wants jail_no_new_privs() first.
 * Returns 1 when in force, 0 when the kernel has no landlock, -1 and an error
 * when it has and refuses.
 */
int jail_landlock_restrict(const struct jail_landlock_rules *rules,
                           GError **err);
