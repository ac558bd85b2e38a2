/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/switches.h"

static bool narrows(const struct policy *from, const struct policy *to)
{
    return (from->allow_host_loopback && !to->allow_host_loopback) ||
           (from->enable_ipv6 && !to->enable_ipv6) ||
           (from->enable_dns && !to->enable_dns) ||
           (from->outbound && !to->outbound);
}

static bool equals(const struct policy *a, const struct policy *b)
{
    return !narrows(a, b) && !narrows(b, a);
}

static bool is_forbidden(void *self, const struct flow_info *flow)
{
    const struct switches *switches = self;

    if (!switches->policy->enable_ipv6 && flow->guest.addr.family == AF_INET6)
        return true;
    return !flow->inbound &&
           policy_outbound(switches->policy, switches->plan, flow->proto,
                           &flow->peer) != POLICY_ALLOW;
}

int switches_set(const struct switches *switches, const struct policy *wanted,
                 size_t *ended, GError **err)
{
    const struct policy before = *switches->policy;

    *ended = 0;
    if (equals(&before, wanted))
        return 0;
    /* While both sides still hear each other. */
    switches->policy->enable_ipv6 = true;
    if (before.enable_ipv6 != wanted->enable_ipv6 &&
        switches->set_ipv6(switches->self, wanted->enable_ipv6, err) != 0) {
        *switches->policy = before;
        return -1;
    }
    *switches->policy = *wanted;
    if (narrows(&before, wanted)) {
        switches->narrowed(switches->self);
        *ended = switches->flows->end_matching(
            switches->flows->self, is_forbidden, (void *)(uintptr_t)switches);
    }
    switches->changed(switches->self, *ended);
    return 0;
}
