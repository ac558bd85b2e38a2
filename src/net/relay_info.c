/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/relay_info.h"

struct flow_info relay_info(const struct relay_flow *flow)
{
    return (struct flow_info){
        .id = flow->id,
        .proto = IPPROTO_TCP,
        .inbound = flow->inbound,
        .carrier = "relay",
        .guest = flow->guest,
        .peer = flow->peer,
        .bytes_from_guest = flow->bytes[RELAY_GUEST],
        .bytes_to_guest = flow->bytes[RELAY_HOST],
        .started_ns = flow->started_ns,
        .last_ns = flow->started_ns,
        .fd = -1,
    };
}

enum flow_end relay_info_end(enum relay_end how)
{
    static const enum flow_end ends[] = {
        [RELAY_END_CLOSED] = FLOW_END_CLOSED,
        [RELAY_END_RESET] = FLOW_END_RESET,
        [RELAY_END_STOPPED] = FLOW_END_STOPPED,
    };

    return ends[how];
}

struct adapter {
    flow_visit visit;
    flow_match match;
    void *self;
};

static bool visit_one(void *self, const struct relay_flow *flow)
{
    const struct adapter *adapter = self;
    const struct flow_info info = relay_info(flow);

    adapter->visit(adapter->self, &info);
    return false;
}

void relay_each(const struct relay_table *table, flow_visit visit, void *self)
{
    struct adapter adapter = { .visit = visit, .self = self };

    /* Ends none, and so changes nothing. */
    (void)relay_close_matching((struct relay_table *)(uintptr_t)table,
                               visit_one, &adapter);
}

static bool match_one(void *self, const struct relay_flow *flow)
{
    const struct adapter *adapter = self;
    const struct flow_info info = relay_info(flow);

    return adapter->match(adapter->self, &info);
}

size_t relay_end_matching(struct relay_table *table, flow_match match,
                          void *self)
{
    struct adapter adapter = { .match = match, .self = self };

    return relay_close_matching(table, match_one, &adapter);
}
