/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stdbool.h>

/*
 * How many descriptors flows may hold.  A part of what the process may open is
 * kept back, so that the control socket, forwards and the stack's short-lived
 * needs work when flows have used up their share; and no kind of flow can
 * starve the others.  Pure.
 */
enum budget_kind {
    BUDGET_STACK_STREAM,   /* TCP that the stack carries */
    BUDGET_STACK_DATAGRAM, /* names, and pings where they are restricted */
    BUDGET_UDP,
    BUDGET_ECHO,
    BUDGET_RELAY, /* relayed connections, two descriptors each and more */
    BUDGET_KIND_COUNT
};

struct budget {
    unsigned flows_max; /* for all kinds together */
    unsigned max[BUDGET_KIND_COUNT];
    unsigned used[BUDGET_KIND_COUNT]; /* kept by who opens and closes */
};

/* At least this much of the limit is kept back, a sixteenth if that is more. */
#define BUDGET_RESERVE_MIN 48u
#define BUDGET_ECHO_MAX    256u
#define BUDGET_NAMES_MAX   1024u

/* For a process that may open `descriptors` (RLIMIT_NOFILE's soft limit). */
void budget_init(struct budget *budget, unsigned long descriptors);
/* May another flow of that kind be opened? */
bool budget_has_room(const struct budget *budget, enum budget_kind kind);
