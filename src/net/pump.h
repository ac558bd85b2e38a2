/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "kern/loop.h"
#include "net/budget.h"
#include "net/dgram.h"
#include "net/dns_guest.h"
#include "net/link.h"
#include "net/outbound.h"
#include "net/plan.h"
#include "net/policy.h"
#include "net/stack.h"
#include "net/stats.h"

/*
 * Moves frames between the guest's link and what carries them: reads in
 * batches, sends each through the guard, hands it to the stack, and writes what
 * comes back, joined where that helps.  Gate process only.
 */
struct pump;

struct pump_config {
    struct link link; /* its descriptor is owned by the pump from now on */
    const struct plan *plan;
    const struct policy *policy;
    struct budget *budget; /* kept by reference, like these; NULL: no bound */
    const struct flow_observer *observer; /* of flows; NULL: nobody */
    struct outbound outbound, outbound6;
    /* Who passes on what is asked of the resolver's addresses; kept by
       reference.  NULL: the stack does. */
    struct dns_forward *names;
    /*
     * Asked for each TCP frame of the guest that passed the guard; true takes
     * it, and the stack never sees it.  NULL: the stack gets all.
     */
    bool (*take_tcp)(void *self, struct frame *f);
    /* The guest's side of the link is gone for good; called once, and free to
       free the pump. */
    void (*gone)(void *self, int error);
    void *self;
};

/* `stats` is kept by reference.  NULL and an error when the stack refuses. */
struct pump *pump_new(struct loop *loop, const struct pump_config *config,
                      struct stats *stats, GError **err);
void pump_free(struct pump *pump);

/*
 * Writes one frame to the guest's link as it is, after what is held back: for
 * answers and frames of our own.  The bytes are only read.
 */
void pump_inject(struct pump *pump, const uint8_t *data, size_t len);

/* To be called when the policy allows less than before: see net/switches.h. */
void pump_policy_narrowed(struct pump *pump, const struct policy *wanted);
/*
 * To be called when IPv6 is switched: the stack's router, which would speak in
 * its own time, advertises itself at once, or takes leave of the guest.
 */
void pump_ipv6_on(struct pump *pump);
void pump_ipv6_off(struct pump *pump);

/* Its parts, for what is asked of them alone; they belong to it. */
struct stack *pump_stack(struct pump *pump);
struct dgram *pump_dgram(struct pump *pump);
/* NULL: names are the stack's. */
struct dns_guest *pump_names(struct pump *pump);
size_t pump_flow_count(const struct pump *pump);
/* Calls `visit` for each flow that passes the pump, in no order. */
void pump_each_flow(struct pump *pump, flow_visit visit, void *self);
/* Ends those for which `match` is true, at both sides; returns how many.  What
   the stack carries of names is left to expire. */
size_t pump_end_flows(struct pump *pump, flow_match match, void *self);
