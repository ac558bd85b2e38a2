/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/fabric_internal.h"

#include "base/error.h"

#include <errno.h>
#include <sys/epoll.h>

int fabric_need(const struct fabric *fabric, GError **err)
{
    if (fabric->config.missing == NULL)
        return 0;
    return error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                     "there can be no networks: %s", fabric->config.missing);
}

struct fabric *fabric_new(const struct fabric_config *config)
{
    struct fabric *fabric = g_new0(struct fabric, 1);

    fabric->config = *config;
    fabric->news_fd = -1;
    fabric->nets = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    fabric->plugs = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return fabric;
}

void fabric_let_go(struct fabric *fabric)
{
    fabric->ending = true;
}

void fabric_free(struct fabric *fabric)
{
    if (fabric == NULL)
        return;
    /* The relay namespace is about to go, with all that is in it; that takes
       the interfaces in containers along. */
    if (fabric->news_fd >= 0)
        loop_unwatch(fabric->config.loop, &fabric->news);
    own_close(&fabric->news_fd);
    rtnl_close(fabric->rtnl);
    g_hash_table_destroy(fabric->plugs);
    g_hash_table_destroy(fabric->nets);
    g_free(fabric);
}

const char *fabric_missing(const struct fabric *fabric)
{
    return fabric->config.missing;
}

uint32_t fabric_mtu(const struct fabric *fabric)
{
    return CLAMP(fabric->config.mtu, FABRIC_MTU_MIN, FABRIC_MTU_MAX);
}

bool fabric_has_ipv6(const struct fabric *fabric)
{
    return fabric->config.ipv6;
}

const char *fabric_netns_path(const struct fabric *fabric)
{
    return fabric->config.netns_path;
}

struct fabric_net *fabric_find_net(const struct fabric *fabric,
                                   const char *bridge, GError **err)
{
    struct fabric_net *net = g_hash_table_lookup(fabric->nets, bridge);

    if (net == NULL)
        error_set(err, SLIPGATE_ERROR_NOT_FOUND, "there is no bridge %s",
                  bridge);
    return net;
}

/* --- the way to the relay namespace, opened when it is needed --- */

static int watch_news(struct fabric *fabric, GError **err)
{
    int rc;

    fabric->news =
        (struct loop_watch){ .ready = fabric_news_ready, .self = fabric };
    rc = loop_watch(fabric->config.loop, &fabric->news, fabric->news_fd,
                    EPOLLIN);
    if (rc == 0)
        return 0;
    errno = -rc;
    return error_set_errno(err, "watch the relay namespace");
}

int fabric_open(struct fabric *fabric, GError **err)
{
    struct agent_bridges sockets;
    int rc;

    if (fabric_need(fabric, err) != 0)
        return -1;
    if (fabric->rtnl != NULL)
        return 0;
    if (agent_bridges_open(fabric->config.agent, &sockets, err) != 0)
        return -1;
    rc = porter_set_relay(fabric->config.porter, sockets.rtnl_fd[0], err);
    own_close(&sockets.rtnl_fd[0]);
    fabric->news_fd = sockets.news_fd;
    if (rc == 0)
        fabric->rtnl = rtnl_adopt(sockets.rtnl_fd[1], err);
    if (fabric->rtnl == NULL)
        own_close(&sockets.rtnl_fd[1]);
    else if (watch_news(fabric, err) == 0)
        return 0;
    g_clear_pointer(&fabric->rtnl, rtnl_close);
    own_close(&fabric->news_fd);
    return -1;
}

void fabric_delete_link(struct fabric *fabric, const char *name)
{
    if (fabric->ending)
        return;
    porter_unplug(fabric->config.porter, name);
}

/* --- sockets --- */

int fabric_socket(struct fabric *fabric, const struct ip_endpoint *at, int type,
                  GError **err)
{
    if (fabric_need(fabric, err) != 0)
        return -1;
    return agent_bridge_socket(fabric->config.agent, at, type == SOCK_STREAM,
                               err);
}
