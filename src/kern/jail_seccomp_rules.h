/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <seccomp.h>
#include <stdint.h>

/*
 * The lists of kern/jail_seccomp.h as data, for jail_seccomp*.c alone.  One
 * file for each process (jail_seccomp_gate.c, _agent.c, _porter.c, _copier.c,
 * _keeper.c), jail_seccomp_sockets.c for what the first three share, and
 * jail_seccomp_any.c for what all do.  To allow a call, add a row to the
 * narrowest of them; rows of the same call are alternatives.
 */
struct jail_seccomp_rule {
    const char *name; /* NULL: the end of the table */
    int number;
    unsigned arg_count; /* conditions; all of them must hold */
    struct scmp_arg_cmp args[3];
};

/* Allowed to all processes. */
extern const struct jail_seccomp_rule jail_seccomp_any[];
/* What the sanitizers do; empty in a usual build. */
extern const struct jail_seccomp_rule jail_seccomp_sanitizers[];
/* Allowed if the first argument is the caller's own process id. */
extern const struct jail_seccomp_rule jail_seccomp_on_self[];

/* Allowed to those that have to do with sockets: gate, agent, porter. */
extern const struct jail_seccomp_rule jail_seccomp_sockets[];

extern const struct jail_seccomp_rule jail_seccomp_gate[];
/* Allowed to the gate if the first argument is the agent's process id. */
extern const struct jail_seccomp_rule jail_seccomp_gate_on_child[];

extern const struct jail_seccomp_rule jail_seccomp_agent[];
/* ... and as long as it may make and join network namespaces. */
extern const struct jail_seccomp_rule jail_seccomp_agent_making[];

/* The porter (agent/porter.h): its hands, and what its head may do besides. */
extern const struct jail_seccomp_rule jail_seccomp_finder[];
extern const struct jail_seccomp_rule jail_seccomp_bearer[];
extern const struct jail_seccomp_rule jail_seccomp_porter[];
/* The copier of resolv.conf (app/resolv_copier.h). */
extern const struct jail_seccomp_rule jail_seccomp_copier[];
/* The keeper of a file (kern/file_keeper.h). */
extern const struct jail_seccomp_rule jail_seccomp_keeper[];

/* What kills, and what kills whoever makes and joins no namespaces. */
extern const struct jail_seccomp_rule jail_seccomp_fatal[];
extern const struct jail_seccomp_rule jail_seccomp_fatal_settled[];
/* ... and what kills whoever does not start others that confine themselves. */
extern const struct jail_seccomp_rule jail_seccomp_fatal_prctl[];
/* ... and what kills whoever holds on to no processes. */
extern const struct jail_seccomp_rule jail_seccomp_fatal_pidfd[];
