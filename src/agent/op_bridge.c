/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/op.h"

#include "agent/bridges.h"
#include "agent/relay_ns.h"
#include "base/error.h"
#include "kern/rtnl.h"
#include "kern/rtnl_watch.h"

#include <string.h>
#include <unistd.h>

static const char *const reserved[] = { "lo", "r0", "tap1" };

static int refuse(GError **err, const char *why)
{
    return error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "bridges: %s", why);
}

static int need_bridges(const struct agent_state *state, GError **err)
{
    if (state->bridges != NULL)
        return 0;
    return error_set(err, SLIPGATE_ERROR_CONFLICT,
                     "there is no relay namespace");
}

static bool is_port_name(const char *name)
{
    return op_name_is_valid(name) && g_str_has_prefix(name, "port") &&
           name[4] != '\0' &&
           strspn(name + 4, "0123456789") == strlen(name + 4);
}

static bool is_bridge_name(const char *name)
{
    /* "%d" would make the kernel choose. */
    if (!op_name_is_valid(name) || strpbrk(name, "%/ \t") != NULL ||
        is_port_name(name))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(reserved); i++)
        if (strcmp(name, reserved[i]) == 0)
            return false;
    return true;
}

static bool is_addr(const struct agent_state *state, const struct ip_addr *addr)
{
    if (ip_addr_is_any(addr))
        return false;
    return addr->family == AF_INET ||
           (addr->family == AF_INET6 && relay_ns_has_ipv6(state->relay));
}

static bool are_prefixes(const struct agent_state *state,
                         const struct agent_prefix *prefixes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_addr(state, &prefixes[i].addr) ||
            prefixes[i].len > (prefixes[i].addr.family == AF_INET6 ? 128 : 32))
            return false;
    return true;
}

static int open_rtnl(GError **err)
{
    struct rtnl *rtnl = rtnl_open(err);

    return rtnl == NULL ? -1 : rtnl_release(rtnl);
}

/* Those that were opened go with the answer, or are closed with it. */
static int open_sockets(struct op_call *call, GError **err)
{
    int (*const open[])(GError * *err) = { open_rtnl, open_rtnl,
                                           rtnl_watch_open };

    for (size_t i = 0; i < G_N_ELEMENTS(open); i++) {
        int fd = open[i](err);

        if (fd < 0)
            return -1;
        call->reply_fds[call->reply_fd_count++] = fd;
    }
    return 0;
}

int op_bridges_open(struct agent_state *state, struct op_call *call,
                    GError **err)
{
    int rc;

    if (need_bridges(state, err) != 0 || relay_ns_enter(state->relay, err) != 0)
        return -1;
    rc = open_sockets(call, err);
    relay_ns_leave(state->relay);
    while (rc != 0 && call->reply_fd_count > 0)
        (void)close(call->reply_fds[--call->reply_fd_count]);
    return rc;
}

int op_bridge_add(struct agent_state *state, struct op_call *call, GError **err)
{
    const struct agent_bridge *c = &call->request->bridge;

    if (need_bridges(state, err) != 0)
        return -1;
    if (!is_bridge_name(c->name))
        return refuse(err, "the name cannot be a bridge's");
    if (c->number == 0 || c->mtu < AGENT_BRIDGE_MTU_MIN ||
        c->mtu > AGENT_MTU_MAX)
        return refuse(err, "number or MTU out of range");
    if (c->gateway_count < 1 || c->gateway_count > AGENT_PREFIXES_MAX ||
        !are_prefixes(state, c->gateways, c->gateway_count))
        return refuse(err, "malformed gateways");
    return bridges_add(state->bridges, c, err);
}

int op_bridge_rules(struct agent_state *state, struct op_call *call,
                    GError **err)
{
    const struct agent_bridge_rules *c = &call->request->bridge_rules;

    if (need_bridges(state, err) != 0)
        return -1;
    if (!is_bridge_name(c->name) || c->dns > 1)
        return refuse(err, "malformed");
    if (c->peer_count > AGENT_PEERS_MAX ||
        !are_prefixes(state, c->peers, c->peer_count))
        return refuse(err, "malformed networks to be reached");
    return bridges_set_rules(state->bridges, c, err);
}

int op_bridge_drop(struct agent_state *state, struct op_call *call,
                   GError **err)
{
    const struct agent_bridge_drop *c = &call->request->bridge_drop;

    if (need_bridges(state, err) != 0)
        return -1;
    if (!is_bridge_name(c->name))
        return refuse(err, "the name cannot be a bridge's");
    return bridges_drop(state->bridges, c->name, err);
}

int op_port_add(struct agent_state *state, struct op_call *call, GError **err)
{
    const struct agent_port *c = &call->request->port;

    if (need_bridges(state, err) != 0)
        return -1;
    if (!is_port_name(c->name) || !is_bridge_name(c->bridge) ||
        c->isolated > 1 || (c->mac[0] & 1) != 0)
        return refuse(err, "malformed port");
    if (c->address_count < 1 || c->address_count > AGENT_PREFIXES_MAX)
        return refuse(err, "number of addresses out of range");
    for (size_t i = 0; i < c->address_count; i++)
        if (!is_addr(state, &c->addresses[i]))
            return refuse(err, "malformed address");
    return bridges_add_port(state->bridges, c, &call->reply.link, err);
}

int op_port_isolate(struct agent_state *state, struct op_call *call,
                    GError **err)
{
    const struct agent_port_isolate *c = &call->request->port_isolate;

    if (need_bridges(state, err) != 0)
        return -1;
    if (!is_port_name(c->name) || c->isolated > 1)
        return refuse(err, "malformed port");
    return bridges_isolate_port(state->bridges, c->name, c->isolated != 0, err);
}

int op_port_drop(struct agent_state *state, struct op_call *call, GError **err)
{
    const struct agent_port_drop *c = &call->request->port_drop;

    if (need_bridges(state, err) != 0)
        return -1;
    if (!is_port_name(c->name))
        return refuse(err, "malformed port");
    return bridges_drop_port(state->bridges, c->name, err);
}

int op_bridge_socket(struct agent_state *state, struct op_call *call,
                     GError **err)
{
    const struct agent_bridge_socket *c = &call->request->bridge_socket;
    int fd;

    if (need_bridges(state, err) != 0)
        return -1;
    if (c->stream > 1 || !is_addr(state, &c->at.addr))
        return refuse(err, "malformed socket");
    fd = bridges_socket(state->bridges, &c->at, c->stream != 0, err);
    if (fd < 0)
        return -1;
    call->reply_fds[0] = fd;
    call->reply_fd_count = 1;
    return 0;
}
