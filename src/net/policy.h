/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/frame.h"
#include "net/plan.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What the guest may reach.  The switches may change at any time; predicates
 * read them anew for each flow or frame.
 */
struct policy {
    bool allow_host_loopback;
    bool enable_ipv6;
    bool enable_dns;
    bool outbound;
};

enum policy_verdict {
    POLICY_ALLOW,
    POLICY_UNREACHABLE, /* answer "network unreachable" */
    POLICY_DROP,        /* silently */
};

/*
 * May the guest send to this destination?  `proto` is IPPROTO_TCP, _UDP, or
 * _ICMP or _ICMPV6 for an echo request; `dst` is as the guest wrote it, before
 * any mapping.
 */
enum policy_verdict policy_outbound(const struct policy *policy,
                                    const struct plan *plan, int proto,
                                    const struct ip_endpoint *dst);

/*
 * May a packet of `f`'s kind come from this source at all?  Not from addresses
 * of many or of the host itself; from none only what is sent to get one.
 */
bool policy_accepts_source(const struct plan *plan, const struct frame *f);
