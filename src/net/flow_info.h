/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"

#include <stdbool.h>
#include <stdint.h>

/* What can be told of a flow; addresses are as the guest sees them. */
struct flow_info {
    uint64_t id; /* from 1, growing, never reused: stats.flows_opened */
    int proto;   /* IPPROTO_TCP, _UDP, _ICMP or _ICMPV6 */
    bool inbound;
    const char *carrier;            /* "relay", "slirp" or "udp" */
    struct ip_endpoint guest, peer; /* the guest's port is an echo's id */
    uint64_t bytes_from_guest, bytes_to_guest; /* of payload */
    int64_t started_ns, last_ns;               /* loop_now_ns() */
    int fd; /* the host's socket; -1: not known */
};

typedef bool (*flow_match)(void *self, const struct flow_info *flow);
typedef void (*flow_visit)(void *self, const struct flow_info *flow);

enum flow_end {
    FLOW_END_CLOSED,  /* both sides have finished */
    FLOW_END_RESET,   /* one side failed or vanished */
    FLOW_END_IDLE,    /* forgotten: silent for long, or it had to give way */
    FLOW_END_STOPPED, /* ended by us: policy, or a request */
    FLOW_END_COUNT
};

/* Who wants to know; the flow is valid during the call only, and no flow may be
   opened or ended inside it. */
struct flow_observer {
    void (*opened)(void *self, const struct flow_info *flow);
    void (*closed)(void *self, const struct flow_info *flow, enum flow_end how);
    void *self;
};
