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
    const char *carrier;            /* "slirp" or "udp" */
    struct ip_endpoint guest, peer; /* the guest's port is an echo's id */
    uint64_t bytes_from_guest, bytes_to_guest; /* of payload */
    int64_t started_ns, last_ns;               /* loop_now_ns() */
    int fd; /* the host's socket; -1: not known */
};

typedef bool (*flow_match)(void *self, const struct flow_info *flow);
typedef void (*flow_visit)(void *self, const struct flow_info *flow);
