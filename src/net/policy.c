/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/policy.h"

#include <string.h>

#define PORT_DNS    53
#define PORT_BOOTPS 67
#define PORT_TFTP   69
#define PORT_DHCPV6 547

/* Where a destination lies, seen from the guest. */
enum place {
    PLACE_WORLD,         /* beyond the host, or one of its own addresses */
    PLACE_GATEWAY,       /* net+2, fd00::2: stands for the host's loopback */
    PLACE_DNS,           /* net+3, fd00::3 */
    PLACE_HOST_LOOPBACK, /* another spelling of the host's loopback */
    PLACE_MULTICAST,
    PLACE_NOWHERE, /* never valid on a wire */
};

static bool is_v4_zero_net(const struct ip_addr *a)
{
    return ntohl(a->v4.s_addr) >> 24 == 0;
}

static enum place place_v4(const struct plan *plan, const struct ip_addr *a)
{
    if (ip_addr_equal(a, &plan->gateway))
        return PLACE_GATEWAY;
    if (ip_addr_equal(a, &plan->dns))
        return PLACE_DNS;
    /* connect(2) takes 0.0.0.0 for the loopback, libslirp the broadcast. */
    if (ip_addr_is_loopback(a) || is_v4_zero_net(a) ||
        a->v4.s_addr == htonl(INADDR_BROADCAST))
        return PLACE_HOST_LOOPBACK;
    if (IN_MULTICAST(ntohl(a->v4.s_addr)))
        return PLACE_MULTICAST;
    return PLACE_WORLD;
}

static enum place place_v6(const struct plan *plan, const struct ip_addr *a)
{
    if (ip_addr_equal(a, &plan->gateway6) || ip_addr_equal(a, &plan->router6))
        return PLACE_GATEWAY;
    if (ip_addr_equal(a, &plan->dns6))
        return PLACE_DNS;
    /* libslirp maps the whole prefix to the host's loopback. */
    if (ip_addr_is_loopback(a) || ip_addr_is_any(a) ||
        ip_addr_in_prefix(a, &plan->network6, plan->prefix_len6))
        return PLACE_HOST_LOOPBACK;
    if (IN6_IS_ADDR_MULTICAST(&a->v6))
        return PLACE_MULTICAST;
    if (IN6_IS_ADDR_LINKLOCAL(&a->v6) || IN6_IS_ADDR_V4MAPPED(&a->v6) ||
        IN6_IS_ADDR_V4COMPAT(&a->v6))
        return PLACE_NOWHERE;
    return PLACE_WORLD;
}

static bool is_echo(int proto)
{
    return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static enum policy_verdict to_host(const struct policy *policy)
{
    return policy->allow_host_loopback ? POLICY_ALLOW : POLICY_UNREACHABLE;
}

/* DHCP and DHCPv6, which the guest sends before it has an address. */
static bool is_address_request(int proto, const struct ip_endpoint *dst)
{
    return proto == IPPROTO_UDP &&
           dst->port ==
               (dst->addr.family == AF_INET ? PORT_BOOTPS : PORT_DHCPV6);
}

static enum policy_verdict to_gateway(const struct policy *policy, int proto,
                                      const struct ip_endpoint *dst)
{
    /* The stack below answers echo itself and has a TFTP server. */
    if (is_echo(proto) || is_address_request(proto, dst))
        return POLICY_ALLOW;
    if (proto == IPPROTO_UDP && dst->port == PORT_TFTP)
        return POLICY_UNREACHABLE;
    return to_host(policy);
}

enum policy_verdict policy_outbound(const struct policy *policy,
                                    const struct plan *plan, int proto,
                                    const struct ip_endpoint *dst)
{
    bool v6 = dst->addr.family == AF_INET6;
    enum place place =
        v6 ? place_v6(plan, &dst->addr) : place_v4(plan, &dst->addr);

    if (v6 && !policy->enable_ipv6)
        return POLICY_DROP;
    switch (place) {
    case PLACE_GATEWAY:
        return to_gateway(policy, proto, dst);
    case PLACE_DNS:
        if (is_echo(proto))
            return POLICY_ALLOW;
        if (dst->port != PORT_DNS)
            return to_host(policy);
        return policy->enable_dns ? POLICY_ALLOW : POLICY_UNREACHABLE;
    case PLACE_HOST_LOOPBACK:
        return is_address_request(proto, dst) ? POLICY_ALLOW : to_host(policy);
    case PLACE_MULTICAST:
        /* Neighbour discovery stays on the link; the rest would leave it. */
        return proto == IPPROTO_ICMPV6 || (v6 && is_address_request(proto, dst))
                   ? POLICY_ALLOW
                   : POLICY_DROP;
    case PLACE_NOWHERE:
        /* Link-local neighbours answer our router's discovery. */
        return proto == IPPROTO_ICMPV6 ? POLICY_ALLOW : POLICY_UNREACHABLE;
    case PLACE_WORLD:
    default:
        return policy->outbound ? POLICY_ALLOW : POLICY_UNREACHABLE;
    }
}
