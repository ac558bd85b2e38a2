/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rtnl.h"

#include "base/error.h"
#include "kern/rtnl_request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#define MAC_LEN      6
#define ADD_OR_ALTER (NLM_F_CREATE | NLM_F_REPLACE)

static unsigned family_bits(sa_family_t family)
{
    return family == AF_INET6 ? 128 : 32;
}

/* What ioctl(SIOCSIFADDR) does by itself and rtnetlink leaves to the asker. */
static void put_broadcast(struct rtnl_request *req, const struct ip_addr *addr,
                          unsigned prefix_len)
{
    uint32_t host_bits =
        prefix_len == 0 ? UINT32_MAX : (UINT32_C(1) << (32 - prefix_len)) - 1;
    struct ip_addr broadcast = *addr;

    broadcast.v4.s_addr |= htonl(host_bits);
    rtnl_put_addr(req, IFA_BROADCAST, &broadcast);
}

int rtnl_addr_add(struct rtnl *rtnl, unsigned index, const struct ip_addr *addr,
                  unsigned prefix_len, GError **err)
{
    char text[IP_ADDR_TEXT_MAX];
    struct rtnl_request req;
    struct ifaddrmsg *ifa =
        rtnl_request_init(&req, RTM_NEWADDR, ADD_OR_ALTER, sizeof(*ifa));

    if (prefix_len > family_bits(addr->family))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "address %s: prefix length %u is too long",
                         ip_addr_format(addr, text), prefix_len);
    ifa->ifa_family = (uint8_t)addr->family;
    ifa->ifa_prefixlen = (uint8_t)prefix_len;
    ifa->ifa_index = index;
    ifa->ifa_scope =
        ip_addr_is_loopback(addr) ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
    if (addr->family == AF_INET6)
        ifa->ifa_flags = IFA_F_NODAD;
    rtnl_put_addr(&req, IFA_LOCAL, addr);
    rtnl_put_addr(&req, IFA_ADDRESS, addr);
    /* A /31 is a point-to-point link, a /32 has no network (RFC 3021). */
    if (addr->family == AF_INET && prefix_len < 31 &&
        !ip_addr_is_loopback(addr))
        put_broadcast(&req, addr, prefix_len);
    return rtnl_perform(rtnl, &req, err, "add address %s/%u to interface %u",
                        ip_addr_format(addr, text), prefix_len, index);
}

int rtnl_addr_del(struct rtnl *rtnl, unsigned index, const struct ip_addr *addr,
                  unsigned prefix_len, GError **err)
{
    char text[IP_ADDR_TEXT_MAX];
    struct rtnl_request req;
    struct ifaddrmsg *ifa =
        rtnl_request_init(&req, RTM_DELADDR, 0, sizeof(*ifa));

    ifa->ifa_family = (uint8_t)addr->family;
    ifa->ifa_prefixlen = (uint8_t)prefix_len;
    ifa->ifa_index = index;
    rtnl_put_addr(&req, IFA_LOCAL, addr);
    return rtnl_perform(rtnl, &req, err, "delete address %s/%u of interface %u",
                        ip_addr_format(addr, text), prefix_len, index);
}

static sa_family_t route_family(const struct rtnl_route *route)
{
    return route->dst.family != AF_UNSPEC ? route->dst.family : route->family;
}

static uint8_t route_scope(const struct rtnl_route *route)
{
    if (route->local)
        return RT_SCOPE_HOST;
    if (route->unreachable)
        return RT_SCOPE_UNIVERSE;
    return route->gateway.family != AF_UNSPEC ? RT_SCOPE_UNIVERSE
                                              : RT_SCOPE_LINK;
}

static uint8_t route_type(const struct rtnl_route *route)
{
    if (route->local)
        return RTN_LOCAL;
    return route->unreachable ? RTN_UNREACHABLE : RTN_UNICAST;
}

/* "10.0.0.0/8 via 10.0.2.2" for errors; the caller frees it. */
static char *route_text(const struct rtnl_route *route)
{
    char dst[IP_ADDR_TEXT_MAX], via[IP_ADDR_TEXT_MAX];
    g_autofree char *net = NULL;

    if (route->dst.family == AF_UNSPEC)
        net = g_strdup_printf("default (IPv%c)",
                              route->family == AF_INET6 ? '6' : '4');
    else
        net = g_strdup_printf("%s/%u", ip_addr_format(&route->dst, dst),
                              route->dst_len);
    if (route->gateway.family == AF_UNSPEC)
        return g_strdup_printf("%s dev %u", net, route->oif);
    return g_strdup_printf("%s via %s", net,
                           ip_addr_format(&route->gateway, via));
}

int rtnl_route_add(struct rtnl *rtnl, const struct rtnl_route *route,
                   GError **err)
{
    g_autofree char *text = route_text(route);
    unsigned table = route->table != 0 ? route->table : RT_TABLE_MAIN;
    struct rtnl_request req;
    struct rtmsg *rtm =
        rtnl_request_init(&req, RTM_NEWROUTE, ADD_OR_ALTER, sizeof(*rtm));

    if (route->dst_len > family_bits(route_family(route)))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "route %s: prefix length is too long", text);
    rtm->rtm_family = (uint8_t)route_family(route);
    rtm->rtm_dst_len = (uint8_t)route->dst_len;
    rtm->rtm_table = table < 256 ? (uint8_t)table : RT_TABLE_UNSPEC;
    rtm->rtm_protocol = RTPROT_BOOT;
    rtm->rtm_scope = route_scope(route);
    rtm->rtm_type = route_type(route);
    rtm->rtm_flags = route->onlink ? RTNH_F_ONLINK : 0;
    rtnl_put_addr(&req, RTA_DST, &route->dst);
    rtnl_put_addr(&req, RTA_GATEWAY, &route->gateway);
    mnl_attr_put_u32(&req.head, RTA_TABLE, table);
    if (route->oif != 0)
        mnl_attr_put_u32(&req.head, RTA_OIF, route->oif);
    if (route->metric != 0)
        mnl_attr_put_u32(&req.head, RTA_PRIORITY, route->metric);
    return rtnl_perform(rtnl, &req, err, "add route %s", text);
}

int rtnl_route_del(struct rtnl *rtnl, const struct rtnl_route *route,
                   GError **err)
{
    g_autofree char *text = route_text(route);
    struct rtnl_request req;
    struct rtmsg *rtm = rtnl_request_init(&req, RTM_DELROUTE, 0, sizeof(*rtm));

    rtm->rtm_family = (uint8_t)route_family(route);
    rtm->rtm_dst_len = (uint8_t)route->dst_len;
    rtm->rtm_table = RT_TABLE_MAIN;
    rtm->rtm_scope = RT_SCOPE_NOWHERE;
    rtnl_put_addr(&req, RTA_DST, &route->dst);
    rtnl_put_addr(&req, RTA_GATEWAY, &route->gateway);
    mnl_attr_put_u32(&req.head, RTA_OIF, route->oif);
    return rtnl_perform(rtnl, &req, err, "delete route %s", text);
}

/* A rule for all packets of the family; the caller narrows it down. */
static void start_rule(struct rtnl_request *req, sa_family_t family,
                       unsigned table, unsigned priority)
{
    struct fib_rule_hdr *rule = rtnl_request_init(
        req, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, sizeof(*rule));

    rule->family = (uint8_t)family;
    rule->action = FR_ACT_TO_TBL;
    rule->table = table < 256 ? (uint8_t)table : RT_TABLE_UNSPEC;
    mnl_attr_put_u32(&req->head, FRA_TABLE, table);
    mnl_attr_put_u32(&req->head, FRA_PRIORITY, priority);
}

int rtnl_rule_add_fwmark(struct rtnl *rtnl, sa_family_t family, uint32_t mark,
                         unsigned table, unsigned priority, GError **err)
{
    struct rtnl_request req;

    start_rule(&req, family, table, priority);
    mnl_attr_put_u32(&req.head, FRA_FWMARK, mark);
    return rtnl_perform(rtnl, &req, err, "add rule fwmark %u lookup %u", mark,
                        table);
}

int rtnl_rule_add_own(struct rtnl *rtnl, sa_family_t family, unsigned table,
                      unsigned priority, GError **err)
{
    struct rtnl_request req;

    start_rule(&req, family, table, priority);
    mnl_attr_put_strz(&req.head, FRA_IIFNAME, "lo");
    return rtnl_perform(rtnl, &req, err, "add rule iif lo lookup %u", table);
}

int rtnl_neigh_add(struct rtnl *rtnl, unsigned index,
                   const struct ip_addr *addr, const uint8_t mac[6],
                   GError **err)
{
    char text[IP_ADDR_TEXT_MAX];
    struct rtnl_request req;
    struct ndmsg *ndm =
        rtnl_request_init(&req, RTM_NEWNEIGH, ADD_OR_ALTER, sizeof(*ndm));

    ndm->ndm_family = (uint8_t)addr->family;
    ndm->ndm_ifindex = (int)index;
    ndm->ndm_state = NUD_PERMANENT;
    rtnl_put_addr(&req, NDA_DST, addr);
    mnl_attr_put(&req.head, NDA_LLADDR, MAC_LEN, mac);
    return rtnl_perform(rtnl, &req, err, "add neighbour %s to interface %u",
                        ip_addr_format(addr, text), index);
}

int rtnl_neigh_del(struct rtnl *rtnl, unsigned index,
                   const struct ip_addr *addr, GError **err)
{
    char text[IP_ADDR_TEXT_MAX];
    struct rtnl_request req;
    struct ndmsg *ndm = rtnl_request_init(&req, RTM_DELNEIGH, 0, sizeof(*ndm));

    ndm->ndm_family = (uint8_t)addr->family;
    ndm->ndm_ifindex = (int)index;
    rtnl_put_addr(&req, NDA_DST, addr);
    return rtnl_perform(rtnl, &req, err, "delete neighbour %s of interface %u",
                        ip_addr_format(addr, text), index);
}
