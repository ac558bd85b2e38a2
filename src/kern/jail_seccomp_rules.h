/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <seccomp.h>
#include <stdint.h>

/*
 * The lists of kern/jail_seccomp.h as data, for jail_seccomp.c alone.  A filter
 * is built for exactly one of the first three.
 */
enum jail_seccomp_who {
    FOR_GATE = 1 << 0,
    FOR_AGENT_MAKING = 1 << 1,  /* may make and join network namespaces */
    FOR_AGENT_SETTLED = 1 << 2, /* has made what it needs */
    FOR_AGENT = FOR_AGENT_MAKING | FOR_AGENT_SETTLED,
    FOR_BOTH = FOR_GATE | FOR_AGENT,
    FOR_SETTLED = FOR_GATE | FOR_AGENT_SETTLED,
};

struct jail_seccomp_rule {
    const char *name;
    int number;
    unsigned who;       /* of enum jail_seccomp_who */
    unsigned arg_count; /* conditions; all of them must hold */
    struct scmp_arg_cmp args[3];
};

/* Rows of the same call are alternatives.  Each table ends with name NULL. */
extern const struct jail_seccomp_rule jail_seccomp_allowed[];
/* Allowed if the first argument is the caller's own process id ... */
extern const struct jail_seccomp_rule jail_seccomp_on_self[];
/* ... or that of its child. */
extern const struct jail_seccomp_rule jail_seccomp_on_child[];
/* What kills. */
extern const struct jail_seccomp_rule jail_seccomp_fatal[];
