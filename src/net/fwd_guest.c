/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/fwd_guest.h"

#include "base/error.h"

static bool is_single(const struct ip_addr *a)
{
    if (ip_addr_is_any(a))
        return false;
    if (a->family == AF_INET6)
        return !IN6_IS_ADDR_MULTICAST(&a->v6);
    return !IN_MULTICAST(ntohl(a->v4.s_addr)) &&
           a->v4.s_addr != htonl(INADDR_BROADCAST);
}

int fwd_set_guest(struct fwd_request *request, const struct ip_addr *wanted,
                  const struct plan *plan, const struct policy *policy,
                  GError **err)
{
    const struct ip_addr *own6 =
        policy->enable_ipv6 ? &plan->guest6 : &plan->guest;
    struct fwd_rule *rule = &request->rule;

    if (wanted->family == AF_UNSPEC) {
        rule->guest.addr =
            rule->host.addr.family == AF_INET6 ? *own6 : plan->guest;
        request->guest6 = *own6;
        return 0;
    }
    if (!is_single(wanted))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "must be one address, not one of many or none");
    rule->guest.addr = request->guest6 = *wanted;
    return 0;
}
