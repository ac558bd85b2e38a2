/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <sys/types.h>

/*
 * Confinement primitive: a seccomp(2) allow list for each of our processes.
 * A call that is not listed fails with EPERM, and the first few are told on
 * stderr, as "refused system call ..."; one that no honest code of ours could
 * ever make, and that a hijacked process would reach for first, kills the
 * process with SIGSYS, as does a call by another architecture's entry.
 * The lists stand in the files that jail_seccomp_rules.h names.
 */
enum jail_seccomp_profile {
    JAIL_SECCOMP_GATE,
    JAIL_SECCOMP_AGENT,
    JAIL_SECCOMP_COPIER,
    JAIL_SECCOMP_PORTER,
    JAIL_SECCOMP_FINDER,
    JAIL_SECCOMP_BEARER,
    JAIL_SECCOMP_KEEPER
};

enum jail_seccomp_flags {
    /* The agent may still make and join network namespaces. */
    JAIL_SECCOMP_NAMESPACES = 1 << 0,
};

/*
 * Installs the filter for the calling thread and for what it forks; it cannot
 * be taken back.  `flags` are enum jail_seccomp_flags; `child` is a process
 * that may still be killed, 0 for none.  Wants jail_no_new_privs() first.
 * Single-threaded processes only.  0, or -1 and an error, UNAVAILABLE where the
 * kernel has no seccomp filters.
 */
int jail_seccomp_load(enum jail_seccomp_profile profile, unsigned flags,
                      pid_t child, GError **err);

/* The names of the calls that kill, joined by " "; free it with g_free(). */
char *jail_seccomp_fatal_calls(enum jail_seccomp_profile profile,
                               unsigned flags);
/* How many different calls the list allows, fully or for some arguments. */
unsigned jail_seccomp_allowed_calls(enum jail_seccomp_profile profile,
                                    unsigned flags);

/* The version of libseccomp that is running. */
void jail_seccomp_version(unsigned *major, unsigned *minor, unsigned *micro);
