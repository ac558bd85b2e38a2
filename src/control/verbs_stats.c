/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/verbs_stats.h"

static int get_stats(void *self, struct verb_call *call, GError **err)
{
    const struct stats *stats = self;

    (void)err;
#define PUT(name, meaning) json_out_uint(call->ret, #name, stats->name);
    STATS_COUNTERS(PUT)
#undef PUT
    return 0;
}

static const struct verb rows[] = {
    { "get_stats", VERB_READ, NULL, get_stats },
};

void verbs_stats_add(struct verbs *verbs, const struct stats *stats)
{
    /* Handlers get a plain pointer; this one only reads. */
    verbs_add(verbs, rows, G_N_ELEMENTS(rows), (void *)(uintptr_t)stats, NULL);
}
