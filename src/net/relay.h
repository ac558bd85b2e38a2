/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"
#include "kern/loop.h"
#include "net/budget.h"

/*
 * Relayed TCP flows: two connected sockets, one of the host and one of the
 * guest's side, joined until both streams have ended.  Half-closes, resets and
 * urgent data (inline) pass through; an idle flow holds its two descriptors and
 * a few hundred bytes.  Gate process only; nothing here blocks.
 */
struct relay_table;

enum relay_side { RELAY_HOST, RELAY_GUEST, RELAY_SIDE_COUNT };

/* What is known of a flow; addresses as the guest sees them. */
struct relay_flow {
    uint64_t id; /* set by relay_start(): from 1, growing, never reused */
    bool inbound;
    struct ip_endpoint guest, peer;
    int64_t started_ns;               /* set by relay_start(); loop_now_ns() */
    uint64_t bytes[RELAY_SIDE_COUNT]; /* that this side has sent */
    const void *owner; /* whose flow it is, for relay_close_matching(); may be
                          NULL */
};

enum relay_end {
    RELAY_END_CLOSED, /* both streams ended in order */
    RELAY_END_RESET,  /* one side failed or vanished; the other was reset */
    RELAY_END_STOPPED /* relay_close_matching() or relay_table_free() */
};

/* Who wants to know; any function may be NULL.  The flow is valid during the
   call only; a flow must not be started or closed inside it. */
struct relay_observer {
    void *self;
    void (*opened)(void *self, const struct relay_flow *flow);
    void (*closed)(void *self, const struct relay_flow *flow,
                   enum relay_end how);
};

/* `observer` is copied.  SIGPIPE must be ignored in the process. */
struct relay_table *relay_table_new(struct loop *loop,
                                    const struct relay_observer *observer);
/* From now on ids come from `*last_id`, shared with other tables of flows
   (stats.flows_opened). */
void relay_table_number_from(struct relay_table *table, uint64_t *last_id);
/* Flows are counted there from now on, as descriptors of BUDGET_RELAY. */
void relay_table_count_in(struct relay_table *table, struct budget *budget);
/* Resets all flows. */
void relay_table_free(struct relay_table *table);

/*
 * Joins two connected, non-blocking sockets, prepared by
 * relay_prepare_socket(), and takes them over.  0, or -errno: both are reset
 * and closed then.
 */
int relay_start(struct relay_table *table, const struct relay_flow *flow,
                int host_fd, int guest_fd);

size_t relay_count(const struct relay_table *table);
/* Flows of that owner. */
size_t relay_count_owned(const struct relay_table *table, const void *owner);
/* The flow with the smallest id above `after`; false: there is none. */
bool relay_next(const struct relay_table *table, uint64_t after,
                struct relay_flow *out);
/* Resets each flow for which `match` is true; returns how many. */
size_t relay_close_matching(struct relay_table *table,
                            bool (*match)(void *self,
                                          const struct relay_flow *flow),
                            void *self);
