/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/budget.h"

#include <glib.h>

/* Larger tables than anybody needs; also keeps the sums in range. */
#define DESCRIPTORS_MAX (1u << 20)
/* Connections leave an eighth to other flows, which on a large table is more
   than those will want. */
#define OTHERS_MAX 512u

void budget_init(struct budget *budget, unsigned long descriptors)
{
    unsigned all = (unsigned)MIN(descriptors, DESCRIPTORS_MAX);
    unsigned reserve = MAX(BUDGET_RESERVE_MIN, all / 16);
    unsigned flows = all > reserve ? all - reserve : 0;
    unsigned connections = flows - MIN(flows / 8, OTHERS_MAX);

    *budget = (struct budget){ .flows_max = flows };
    budget->max[BUDGET_STACK_STREAM] = connections;
    budget->max[BUDGET_STACK_DATAGRAM] = MIN(BUDGET_NAMES_MAX, flows / 4);
    budget->max[BUDGET_UDP] = flows / 2;
    budget->max[BUDGET_ECHO] = MIN(BUDGET_ECHO_MAX, flows / 8);
    budget->max[BUDGET_RELAY] = connections;
}

bool budget_has_room(const struct budget *budget, enum budget_kind kind)
{
    unsigned used = 0;

    for (int i = 0; i < BUDGET_KIND_COUNT; i++)
        used += budget->used[i];
    return used < budget->flows_max && budget->used[kind] < budget->max[kind];
}
