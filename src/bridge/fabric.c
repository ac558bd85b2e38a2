/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/fabric.h"

#include "base/error.h"

struct fabric {
    char *missing;
};

static int refuse(const struct fabric *fabric, GError **err)
{
    return error_set(err, SLIPGATE_ERROR_UNAVAILABLE, "no networks: %s",
                     fabric->missing);
}

struct fabric *fabric_new(const struct fabric_config *config)
{
    struct fabric *fabric = g_new0(struct fabric, 1);

    (void)config;
    fabric->missing = g_strdup("this build cannot make any");
    return fabric;
}

void fabric_free(struct fabric *fabric)
{
    if (fabric == NULL)
        return;
    g_free(fabric->missing);
    g_free(fabric);
}

const char *fabric_missing(const struct fabric *fabric)
{
    return fabric->missing;
}

uint32_t fabric_mtu(const struct fabric *fabric)
{
    (void)fabric;
    return FABRIC_MTU_MAX;
}

bool fabric_has_ipv6(const struct fabric *fabric)
{
    (void)fabric;
    return false;
}

const char *fabric_netns_path(const struct fabric *fabric)
{
    (void)fabric;
    return NULL;
}

int fabric_network_add(struct fabric *fabric,
                       const struct fabric_network *network, GError **err)
{
    (void)network;
    return refuse(fabric, err);
}

int fabric_network_update(struct fabric *fabric,
                          const struct fabric_network *network, GError **err)
{
    (void)network;
    return refuse(fabric, err);
}

int fabric_network_remove(struct fabric *fabric, const char *bridge,
                          GError **err)
{
    (void)bridge;
    return refuse(fabric, err);
}

int fabric_netns_of_pid(struct fabric *fabric, pid_t pid, GError **err)
{
    (void)pid;
    return refuse(fabric, err);
}

int fabric_netns_at_path(struct fabric *fabric, const char *path, GError **err)
{
    (void)path;
    return refuse(fabric, err);
}

int fabric_attach(struct fabric *fabric, const struct fabric_port *port,
                  struct fabric_attached *out, GError **err)
{
    (void)port;
    (void)out;
    return refuse(fabric, err);
}

void fabric_detach(struct fabric *fabric, unsigned port)
{
    (void)fabric;
    (void)port;
}

void fabric_on_port_gone(struct fabric *fabric,
                         void (*gone)(void *self, unsigned port), void *self)
{
    (void)fabric;
    (void)gone;
    (void)self;
}

int fabric_socket(struct fabric *fabric, const struct ip_endpoint *at, int type,
                  GError **err)
{
    (void)at;
    (void)type;
    return refuse(fabric, err);
}
