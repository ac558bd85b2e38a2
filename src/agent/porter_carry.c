/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/porter_carry.h"

#include "agent/porter_leaving.h"
#include "base/error.h"
#include "base/own.h"
#include "kern/netns.h"
#include "kern/netns_socket.h"
#include "kern/rtnl.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define NUMBERS_MAX 256

static int refuse(GError **err, const char *why)
{
    return error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "%s", why);
}

static bool is_name(const char name[IFNAMSIZ])
{
    return name[0] != '\0' && memchr(name, '\0', IFNAMSIZ) != NULL &&
           strpbrk(name, "/ \t\n") == NULL;
}

/* --- namespaces --- */

static int set_relay(struct porter_state *state, struct porter_call *call,
                     GError **err)
{
    struct rtnl *relay = rtnl_adopt(call->fds[0], err);

    if (relay == NULL)
        return -1;
    call->fd_count = 0; /* kept */
    rtnl_close(state->relay);
    state->relay = relay;
    return 0;
}

/* --- plugging --- */

static void let_go(struct porter_state *state)
{
    rtnl_close(state->container);
    state->container = NULL;
}

/* "eth%d" becomes the first of these that is free. */
static int choose_name(struct rtnl *container, const char *wanted,
                       char name[IFNAMSIZ], GError **err)
{
    const char *percent = strchr(wanted, '%');
    unsigned link;

    (void)g_strlcpy(name, wanted, IFNAMSIZ);
    if (percent == NULL) {
        if (rtnl_link_find(container, name, &link, err) != 0)
            return -1;
        if (link == 0)
            return 0;
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "the container has an interface %s already", name);
    }
    if (strcmp(percent, "%d") != 0)
        return refuse(err, "not an interface name");
    for (int i = 0; i < NUMBERS_MAX; i++) {
        if (g_snprintf(name, IFNAMSIZ, "%.*s%d", (int)(percent - wanted),
                       wanted, i) >= IFNAMSIZ)
            break;
        if (rtnl_link_find(container, name, &link, err) != 0)
            return -1;
        if (link == 0)
            return 0;
    }
    return error_set(err, SLIPGATE_ERROR_CONFLICT,
                     "no name of the form %s is free in the container", wanted);
}

static int adopt_socket(struct porter_state *state, int netns_fd, GError **err)
{
    int fd = netns_socket_rtnl(netns_fd, err);

    if (fd < 0)
        return -1;
    state->container = rtnl_adopt(fd, err);
    if (state->container == NULL)
        (void)close(fd);
    return state->container == NULL ? -1 : 0;
}

static int make_pair(struct porter_state *state, const struct porter_plug *c,
                     int netns_fd, char name[IFNAMSIZ], GError **err)
{
    if (choose_name(state->container, c->interface, name, err) != 0)
        return -1;
    if (rtnl_veth_add(state->relay, c->port, NULL, name, c->mac, c->mtu,
                      netns_fd, err) != 0)
        return -1;
    return rtnl_link_find(state->container, name, &state->link, err);
}

static int plug(struct porter_state *state, struct porter_call *call,
                GError **err)
{
    const struct porter_plug *c = &call->request->plug;

    let_go(state);
    if (state->relay == NULL)
        return refuse(err, "there is no relay namespace");
    if (!is_name(c->port) || !is_name(c->interface) ||
        strchr(c->port, '%') != NULL)
        return refuse(err, "not an interface name");
    /* Root's porter could do that, too. */
    if (netns_is_own(call->fds[0]))
        return error_set(err, SLIPGATE_ERROR_DENIED,
                         "the host's own network namespace is no container's");
    if (adopt_socket(state, call->fds[0], err) != 0)
        return -1;
    if (make_pair(state, c, call->fds[0], call->reply.answer.name, err) == 0)
        return 0;
    let_go(state);
    return -1;
}

static int add_route(struct rtnl *container, unsigned link,
                     const struct porter_route *r, GError **err)
{
    struct rtnl_route route = { .family = r->to.addr.family,
                                .gateway = r->gateway,
                                .oif = link,
                                .metric = r->metric };

    if (r->to.len > 0) {
        route.dst = r->to.addr;
        route.dst_len = r->to.len;
    }
    return rtnl_route_add(container, &route, err);
}

static int set_up(struct porter_state *state, const struct porter_settle *c,
                  GError **err)
{
    const struct rtnl_link_change up = { .up = true };

    (void)rtnl_link_set(state->container,
                        rtnl_link_index(state->container, "lo"), &up, NULL);
    /* The link-local address must be the one that the port lets pass. */
    (void)rtnl_link_derive_ipv6(state->container, state->link, NULL);
    for (size_t i = 0; i < c->address_count; i++)
        if (rtnl_addr_add(state->container, state->link, &c->addresses[i].addr,
                          c->addresses[i].len, err) != 0)
            return -1;
    if (rtnl_link_set(state->container, state->link, &up, err) != 0)
        return -1;
    for (size_t i = 0; i < c->route_count; i++)
        if (add_route(state->container, state->link, &c->routes[i], err) != 0)
            return -1;
    return 0;
}

static int settle(struct porter_state *state, struct porter_call *call,
                  GError **err)
{
    const struct porter_settle *c = &call->request->settle;
    int rc;

    if (state->container == NULL)
        return refuse(err, "nothing was plugged");
    if (c->address_count > AGENT_PREFIXES_MAX ||
        c->route_count > PORTER_ROUTES_MAX)
        return refuse(err, "too many addresses or routes");
    rc = set_up(state, c, err);
    let_go(state);
    return rc;
}

static int unplug(struct porter_state *state, struct porter_call *call,
                  GError **err)
{
    static const char *const kept[] = { "lo", "r0", "tap1" };
    const char *name = call->request->unplug;

    if (state->relay == NULL || !is_name(name))
        return refuse(err, "not an interface name");
    for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
        if (strcmp(name, kept[i]) == 0)
            return refuse(err, "not an interface to be deleted");
    if (porter_leaving_add(state->leaving, name))
        return 0;
    (void)porter_carry_idle(state);
    return porter_leaving_add(state->leaving, name)
               ? 0
               : refuse(err, "too many interfaces are to be deleted");
}

unsigned porter_carry_idle(struct porter_state *state)
{
    return state->relay == NULL
               ? 0
               : porter_leaving_work(state->leaving, state->relay);
}

static int sync_all(struct porter_state *state, struct porter_call *call,
                    GError **err)
{
    (void)call;
    return porter_leaving_check(state->leaving, err);
}

/* --- one after the other --- */

static const struct {
    size_t fds_wanted;
    bool silent;
    int (*run)(struct porter_state *state, struct porter_call *call,
               GError **err);
} ops[] = {
    /* those of the finder are not done here */
    [PORTER_OP_RELAY] = { 1, false, set_relay },
    [PORTER_OP_PLUG] = { 1, false, plug },
    [PORTER_OP_SETTLE] = { 0, false, settle },
    [PORTER_OP_UNPLUG] = { 0, true, unplug },
    [PORTER_OP_SYNC] = { 0, false, sync_all },
};

static_assert(G_N_ELEMENTS(ops) == PORTER_OP_COUNT, "a place for each");

bool porter_carry(struct porter_state *state, struct porter_call *call)
{
    uint32_t op = call->request->op;
    g_autoptr(GError) err = NULL;
    int rc;

    /* What is asked for may bear the name of what is to go. */
    if (op != PORTER_OP_UNPLUG)
        call->reply.leaving = porter_carry_idle(state);
    if (op >= PORTER_OP_COUNT || ops[op].run == NULL ||
        call->fd_count != ops[op].fds_wanted)
        rc = refuse(&err, "the porter received a malformed request");
    else
        rc = ops[op].run(state, call, &err);
    if (rc != 0)
        porter_refuse(&call->reply.answer, err);
    return op >= PORTER_OP_COUNT || !ops[op].silent;
}
