/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/policy.h"

#include <netinet/icmp6.h>
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
    PLACE_BROADCAST, /* of the guest's network */
    PLACE_NOWHERE,   /* on the guest's side of the link, or on no wire */
};

static bool is_v4_zero_net(const struct ip_addr *a)
{
    return ntohl(a->v4.s_addr) >> 24 == 0;
}

/* The guest's network is behind us; the host may have one of that number. */
static enum place place_in_network(const struct plan *plan,
                                   const struct ip_addr *a)
{
    uint32_t host_bits = a->v4.s_addr & ~plan->netmask.v4.s_addr;

    return host_bits == ~plan->netmask.v4.s_addr ? PLACE_BROADCAST
                                                 : PLACE_NOWHERE;
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
    if (ip_addr_in_prefix(a, &plan->network, plan->prefix_len))
        return place_in_network(plan, a);
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

static enum policy_verdict to_host(const struct policy *policy, int proto,
                                   const struct ip_endpoint *dst)
{
    /* The stack below has a file server there, which nobody asked for. */
    if (proto == IPPROTO_UDP && dst->port == PORT_TFTP)
        return POLICY_UNREACHABLE;
    return policy->allow_host_loopback ? POLICY_ALLOW : POLICY_UNREACHABLE;
}

/*
 * DHCP and DHCPv6, which the stack below answers itself, but only at these
 * addresses: at any other the same ports lead to the host.
 */
static bool is_address_request(const struct plan *plan, int proto,
                               const struct ip_endpoint *dst)
{
    static const struct in6_addr all_dhcp = {
        .s6_addr = { 0xff, 0x02, [13] = 1, [15] = 2 }
    };

    if (proto != IPPROTO_UDP)
        return false;
    if (dst->addr.family == AF_INET6)
        return dst->port == PORT_DHCPV6 &&
               IN6_ARE_ADDR_EQUAL(&dst->addr.v6, &all_dhcp);
    return dst->port == PORT_BOOTPS &&
           (dst->addr.v4.s_addr == htonl(INADDR_BROADCAST) ||
            ip_addr_equal(&dst->addr, &plan->gateway));
}

static enum policy_verdict to_resolver(const struct policy *policy, int proto,
                                       const struct ip_endpoint *dst)
{
    if (is_echo(proto))
        return POLICY_ALLOW;
    return policy->enable_dns && dst->port == PORT_DNS ? POLICY_ALLOW
                                                       : POLICY_UNREACHABLE;
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
    if (is_address_request(plan, proto, dst))
        return POLICY_ALLOW;
    switch (place) {
    case PLACE_GATEWAY:
        /* The stack below answers echo itself. */
        return is_echo(proto) ? POLICY_ALLOW : to_host(policy, proto, dst);
    case PLACE_DNS:
        return to_resolver(policy, proto, dst);
    case PLACE_HOST_LOOPBACK:
        return to_host(policy, proto, dst);
    case PLACE_MULTICAST:
    case PLACE_BROADCAST:
        return POLICY_DROP;
    case PLACE_NOWHERE:
        return POLICY_UNREACHABLE;
    case PLACE_WORLD:
    default:
        return policy->outbound ? POLICY_ALLOW : POLICY_UNREACHABLE;
    }
}

/* Solicitations of RFC 4862 5.4.2 and RFC 4861 4.1, and DHCP's. */
static bool may_lack_source(const struct plan *plan, const struct frame *f)
{
    if (f->proto == IPPROTO_ICMPV6)
        return f->data[f->l4] == ND_ROUTER_SOLICIT ||
               f->data[f->l4] == ND_NEIGHBOR_SOLICIT;
    return is_address_request(plan, f->proto, &f->dst);
}

static bool is_source_v4(const struct plan *plan, const struct ip_addr *a)
{
    /* 224.0.0.0/3: multicast, reserved, the broadcast address. */
    return !is_v4_zero_net(a) && !ip_addr_is_loopback(a) &&
           ntohl(a->v4.s_addr) >> 29 != 7 &&
           (!ip_addr_in_prefix(a, &plan->network, plan->prefix_len) ||
            place_in_network(plan, a) != PLACE_BROADCAST);
}

bool policy_accepts_source(const struct plan *plan, const struct frame *f)
{
    const struct ip_addr *a = &f->src.addr;

    if (ip_addr_is_any(a))
        return f->l4 != 0 && may_lack_source(plan, f);
    if (a->family == AF_INET)
        return is_source_v4(plan, a);
    return !ip_addr_is_loopback(a) && !IN6_IS_ADDR_MULTICAST(&a->v6) &&
           !IN6_IS_ADDR_V4MAPPED(&a->v6) && !IN6_IS_ADDR_V4COMPAT(&a->v6);
}
