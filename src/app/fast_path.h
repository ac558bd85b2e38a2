/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "app/attach.h"
#include "net/fwd_driver.h"
#include "net/policy.h"
#include "net/pump.h"
#include "net/relay.h"

/*
 * TCP at the kernel's speed, where the attachment has a relay namespace: joins
 * the table of relayed flows, the guest's own connections (net/intercept) and
 * the forwards (net/fwd_relay).
 */
struct fast_path;

struct fast_path_config {
    struct attachment *attachment; /* its relay descriptors are taken over */
    const struct plan *plan;
    const struct policy *policy;     /* kept by reference, like the plan */
    const struct segments *segments; /* likewise; NULL: none */
    struct outbound outbound, outbound6;
    struct stats *stats;
    struct budget *budget; /* kept by reference, like the statistics */
    const struct relay_observer *observer; /* copied */
    /* The guest's interface is gone; called once. */
    void (*gone)(void *self);
    void *self;
};

/* NULL and an error; or NULL and none, when there is no relay namespace. */
struct fast_path *fast_path_new(struct loop *loop,
                                const struct fast_path_config *config,
                                GError **err);
/* Its forwards must have been stopped. */
void fast_path_free(struct fast_path *fast);

/* Where its frames go; before the loop runs. */
void fast_path_set_pump(struct fast_path *fast, struct pump *pump);
/* For pump_config.take_tcp; `self` is the fast path. */
bool fast_path_take_tcp(void *self, struct frame *f);

/* Driver "relay"; good as long as the fast path. */
struct fwd_driver fast_path_fwd_driver(struct fast_path *fast);
/* What it relays; belongs to it. */
struct relay_table *fast_path_relays(struct fast_path *fast);
/* To be called when the policy allows less than before. */
void fast_path_policy_narrowed(struct fast_path *fast);
/* Descriptors that it holds for flows. */
size_t fast_path_descriptors(const struct fast_path *fast);
