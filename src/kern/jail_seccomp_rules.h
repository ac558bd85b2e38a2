/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <seccomp.h>
#include <stdint.h>

/*
 * The lists of kern/jail_seccomp.h as data, for jail_seccomp*.c alone.  One
 * file for each process (jail_seccomp_gate.c, jail_seccomp_agent.c,
 * jail_seccomp_copier.c, jail_seccomp_porter.c), and jail_seccomp_both.c for
 * what they share.  To allow a call, add a row to the narrowest of them; rows
 * of the same call are alternatives.
 */
struct jail_seccomp_rule {
    const char *name; /* NULL: the end of the table */
    int number;
    unsigned arg_count; /* conditions; all of them must hold */
    struct scmp_arg_cmp args[3];
};

/* Allowed to all processes. */
extern const struct jail_seccomp_rule jail_seccomp_both[];
/* What the sanitizers do; empty in a usual build. */
extern const struct jail_seccomp_rule jail_seccomp_sanitizers[];
/* Allowed if the first argument is the caller's own process id. */
extern const struct jail_seccomp_rule jail_seccomp_on_self[];

extern const struct jail_seccomp_rule jail_seccomp_gate[];
/* Allowed to the gate if the first argument is the agent's process id. */
extern const struct jail_seccomp_rule jail_seccomp_gate_on_child[];

extern const struct jail_seccomp_rule jail_seccomp_agent[];
/* ... and as long as it may make and join network namespaces. */
extern const struct jail_seccomp_rule jail_seccomp_agent_making[];

/* All that the copier of resolv.conf is allowed (app/resolv_copier.h). */
extern const struct jail_seccomp_rule jail_seccomp_copier[];
/* ... and the keeper of a file (kern/file_keeper.h). */
extern const struct jail_seccomp_rule jail_seccomp_keeper[];

extern const struct jail_seccomp_rule jail_seccomp_porter[];

/* What kills, and what kills whoever makes and joins no namespaces. */
extern const struct jail_seccomp_rule jail_seccomp_fatal[];
extern const struct jail_seccomp_rule jail_seccomp_fatal_settled[];
/* ... and what kills whoever holds on to no processes. */
extern const struct jail_seccomp_rule jail_seccomp_fatal_pidfd[];
