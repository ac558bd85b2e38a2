/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/flows.h"
#include "net/plan.h"
#include "net/policy.h"
#include "net/segments.h"

#include <glib.h>

/*
 * The policy's switches while the gate runs: what changes with them besides the
 * predicates of net/policy.h, which read them anew each time.  Gate process
 * only.
 */
struct switches {
    struct policy *policy; /* the one that the data plane reads */
    const struct plan *plan;
    const struct segments *segments; /* NULL: none */
    const struct flows *flows;
    /*
     * Gives the guest its IPv6 addresses or takes them away; may fail only when
     * `on`, with nothing changed.
     */
    int (*set_ipv6)(void *self, bool on, GError **err);
    /*
     * What was allowed may not be any more: what waits must be judged anew.
     * The policy is `wanted` now, but that IPv6 goes only afterwards, for the
     * guest to hear of what ends.
     */
    void (*narrowed)(void *self, const struct policy *wanted);
    /* Told after each change. */
    void (*changed)(void *self, size_t ended);
    void *self;
};

/*
 * Makes `wanted` the policy.  Flows that it forbids are ended, and counted in
 * `*ended`.  0, or -1 and an error, with nothing changed.
 */
int switches_set(const struct switches *switches, const struct policy *wanted,
                 size_t *ended, GError **err);
