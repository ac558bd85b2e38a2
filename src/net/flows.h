/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/flow_info.h"

#include <stddef.h>

/*
 * All flows, whatever carries them, as one table.  Gate process only.
 */
struct flows {
    /* Calls `visit` for each flow, in no order. */
    void (*each)(void *self, flow_visit visit, void *visitor);
    /* Ends those for which `match` is true; returns how many. */
    size_t (*end_matching)(void *self, flow_match match, void *matcher);
    int64_t (*now_ns)(void *self); /* the clock of their times */
    void *self;
};

/*
 * Copies the `room` flows with the smallest ids above `after` to `out`, in
 * order of ids, and returns how many there are; `*more` tells whether others
 * follow.  Looks at each flow once.
 */
size_t flows_page(const struct flows *flows, uint64_t after,
                  struct flow_info *out, size_t room, bool *more);
