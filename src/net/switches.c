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

struct verdict {
    const struct policy *policy;
    const struct switches *switches;
};

/* The ports that others publish, at its gateway and at the guest's address, a
   container may ask whatever the switches say: see net/guard.c. */
static bool is_published(const struct switches *switches,
                         const struct flow_info *flow)
{
    const struct segment *from =
        segments_of(switches->segments, &flow->guest.addr);

    return from != NULL &&
           (segment_is_gateway(from, &flow->peer.addr) ||
            ip_addr_equal(&flow->peer.addr, &switches->plan->guest));
}

static bool is_forbidden(void *self, const struct flow_info *flow)
{
    const struct verdict *verdict = self;

    if (!verdict->policy->enable_ipv6 && flow->guest.addr.family == AF_INET6)
        return true;
    return !flow->inbound && !is_published(verdict->switches, flow) &&
           policy_outbound(verdict->policy, verdict->switches->plan,
                           flow->proto, &flow->peer) != POLICY_ALLOW;
}

static size_t narrow(const struct switches *switches,
                     const struct policy *wanted)
{
    struct verdict verdict = { wanted, switches };
    bool had_ipv6 = switches->policy->enable_ipv6;

    *switches->policy = *wanted;
    switches->policy->enable_ipv6 |= had_ipv6;
    switches->narrowed(switches->self, wanted);
    return switches->flows->end_matching(switches->flows->self, is_forbidden,
                                         &verdict);
}

int switches_set(const struct switches *switches, const struct policy *wanted,
                 size_t *ended, GError **err)
{
    const struct policy before = *switches->policy;
    bool comes = !before.enable_ipv6 && wanted->enable_ipv6;
    bool goes = before.enable_ipv6 && !wanted->enable_ipv6;

    *ended = 0;
    if (equals(&before, wanted))
        return 0;
    switches->policy->enable_ipv6 |= comes;
    if (comes && switches->set_ipv6(switches->self, true, err) != 0) {
        *switches->policy = before;
        return -1;
    }
    if (narrows(&before, wanted))
        *ended = narrow(switches, wanted);
    if (goes)
        (void)switches->set_ipv6(switches->self, false, NULL);
    *switches->policy = *wanted;
    switches->changed(switches->self, *ended);
    return 0;
}
