/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/op.h"

#include "base/error.h"
#include "kern/rtnl.h"

#include <string.h>

static int refuse(GError **err, const char *why)
{
    return error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "link configuration: %s",
                     why);
}

static int check(const struct agent_link_config *c, GError **err)
{
    if (!op_name_is_valid(c->name))
        return refuse(err, "not an interface name");
    if (c->mtu < 1 || c->mtu > AGENT_MTU_MAX)
        return refuse(err, "MTU out of range");
    if (c->set_mac > 1)
        return refuse(err, "malformed");
    if (c->addr.family != AF_INET || c->gateway.family != AF_INET)
        return refuse(err, "not an IPv4 address");
    if (c->prefix_len < 1 || c->prefix_len > 32)
        return refuse(err, "IPv4 prefix length out of range");
    if (c->addr6.family != c->gateway6.family ||
        (c->addr6.family != AF_UNSPEC && c->addr6.family != AF_INET6))
        return refuse(err, "not an IPv6 address");
    if (c->addr6.family == AF_INET6 &&
        (c->prefix_len6 < 1 || c->prefix_len6 > 128))
        return refuse(err, "IPv6 prefix length out of range");
    return 0;
}

static int bring_up(struct rtnl *rtnl, unsigned index,
                    const struct agent_link_config *c, GError **err)
{
    const struct rtnl_link_change lo_up = { .up = true };
    struct rtnl_link_change change = { .mtu = c->mtu,
                                       .set_mac = c->set_mac != 0,
                                       .up = true };
    unsigned lo = rtnl_link_index(rtnl, "lo");

    memcpy(change.mac, c->mac, sizeof(change.mac));
    /* A network namespace without lo cannot be, but it may be renamed. */
    if (lo != 0 && rtnl_link_set(rtnl, lo, &lo_up, err) != 0)
        return -1;
    /* The MAC before the first up: the link-local address comes from it. */
    return rtnl_link_set(rtnl, index, &change, err);
}

static int give_address(struct rtnl *rtnl, unsigned index,
                        const struct ip_addr *addr, unsigned prefix_len,
                        const struct ip_addr *gateway, GError **err)
{
    const struct rtnl_route route = { .family = addr->family,
                                      .gateway = *gateway,
                                      .oif = index };

    if (rtnl_addr_add(rtnl, index, addr, prefix_len, err) != 0)
        return -1;
    return rtnl_route_add(rtnl, &route, err);
}

/*
 * Static, and without duplicate address detection, so that IPv6 works when
 * ready is signalled, and where the guest forwards and so ignores router
 * advertisements.  Not fatal: the guest's kernel may be without IPv6.
 */
static void try_ipv6(struct rtnl *rtnl, unsigned index,
                     const struct agent_link_config *c, char *warning)
{
    g_autoptr(GError) err = NULL;

    if (give_address(rtnl, index, &c->addr6, c->prefix_len6, &c->gateway6,
                     &err) != 0)
        g_snprintf(warning, AGENT_REASON_MAX, "no IPv6 on %s: %s", c->name,
                   err->message);
}

int op_link_configure(struct agent_state *state, struct op_call *call,
                      GError **err)
{
    const struct agent_link_config *c = &call->request->link_configure;
    unsigned index;

    if (check(c, err) != 0)
        return -1;
    index = rtnl_link_index(state->guest, c->name);
    if (index == 0)
        return error_set(err, SLIPGATE_ERROR_NOT_FOUND,
                         "configure %s: no such interface in the namespace",
                         c->name);
    if (bring_up(state->guest, index, c, err) != 0 ||
        give_address(state->guest, index, &c->addr, c->prefix_len, &c->gateway,
                     err) != 0) {
        g_prefix_error(err, "configure %s: ", c->name);
        return -1;
    }
    if (c->addr6.family != AF_UNSPEC)
        try_ipv6(state->guest, index, c, call->reply.warning);
    return 0;
}

/* --- IPv6, on and off again --- */

static int check_ipv6(const struct agent_link_ipv6 *c, GError **err)
{
    if (!op_name_is_valid(c->name))
        return refuse(err, "not an interface name");
    if (c->on > 1)
        return refuse(err, "malformed");
    if (c->addr.family != AF_INET6 || c->gateway.family != AF_INET6)
        return refuse(err, "not an IPv6 address");
    if (c->prefix_len < 1 || c->prefix_len > 128)
        return refuse(err, "IPv6 prefix length out of range");
    return 0;
}

/* What is gone already need not be taken away. */
static void take_ipv6(struct rtnl *rtnl, unsigned index,
                      const struct agent_link_ipv6 *c)
{
    const struct rtnl_route route = { .family = AF_INET6,
                                      .gateway = c->gateway,
                                      .oif = index };

    (void)rtnl_route_del(rtnl, &route, NULL);
    (void)rtnl_addr_del(rtnl, index, &c->addr, c->prefix_len, NULL);
}

int op_link_ipv6(struct agent_state *state, struct op_call *call, GError **err)
{
    const struct agent_link_ipv6 *c = &call->request->link_ipv6;
    unsigned index;

    if (check_ipv6(c, err) != 0)
        return -1;
    index = rtnl_link_index(state->guest, c->name);
    if (index == 0)
        return error_set(err, SLIPGATE_ERROR_NOT_FOUND,
                         "IPv6 of %s: no such interface in the namespace",
                         c->name);
    if (!c->on) {
        take_ipv6(state->guest, index, c);
        return 0;
    }
    if (give_address(state->guest, index, &c->addr, c->prefix_len, &c->gateway,
                     err) == 0)
        return 0;
    take_ipv6(state->guest, index, c);
    g_prefix_error(err, "IPv6 of %s: ", c->name);
    return -1;
}
