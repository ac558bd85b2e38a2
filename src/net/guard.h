/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/flow.h"
#include "net/plan.h"
#include "net/policy.h"
#include "net/segments.h"
#include "net/stats.h"

/*
 * The one pass that every frame of the guest takes before anything else of ours
 * looks at it: form, fragments, policy, order.  What is not let through is
 * counted by reason, and answered where a guest's call waits for an answer.
 * Gate process only.
 */
struct guard;

struct guard_sink {
    /* A frame that passed; its view may be used and its bytes changed. */
    void (*pass)(void *self, struct frame *f);
    /* An answer to the guest. */
    void (*answer)(void *self, const uint8_t *data, size_t len);
    /* Is this UDP frame an answer to a client outside?  NULL: not known. */
    bool (*expects)(void *self, const struct frame *f);
    void *self;
};

/* Echo requests that the guest may send at once, and per second. */
#define GUARD_ECHO_BURST 1000
#define GUARD_ECHO_PER_S 1000

/*
 * `plan`, `policy`, `flows` and `stats` are kept by reference.
 * `strict_order`: guard_admits_order() judges, for a stack that must not see
 * TCP segments out of order.
 */
struct guard *guard_new(const struct plan *plan, const struct policy *policy,
                        struct flow_table *flows, struct stats *stats,
                        const struct guard_sink *sink, bool strict_order);
void guard_free(struct guard *guard);
/* Frames come from these as well as from the guest; kept by reference. */
void guard_set_segments(struct guard *guard, const struct segments *segments);

/* Takes one frame of the guest, any bytes at all. */
void guard_input(struct guard *guard, uint8_t *data, size_t len,
                 int64_t now_ns);
/*
 * The last word on a TCP frame that passed, for what goes to the stack itself:
 * false for a segment that it must not see, which is counted or answered.
 */
bool guard_admits_order(struct guard *guard, const struct frame *f);
/* The policy allows less now: what was let through as a reply no longer is. */
void guard_forget_replies(struct guard *guard);
/* Notes a frame that goes to the guest, whose answer will be let through. */
void guard_note_to_guest(struct guard *guard, const struct frame *f,
                         int64_t now_ns);
