/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/bridges.h"

#include "agent/bridge_rules.h"
#include "agent/relay_ns.h"
#include "agent/relay_rules.h"
#include "agent/relay_socket.h"
#include "base/error.h"
#include "kern/nft.h"
#include "kern/rtnl.h"

#include <string.h>

struct bridge {
    struct agent_bridge config; /* first: its name is the key */
    unsigned link;
    unsigned ports;
};

struct port {
    struct agent_port config; /* first: its name is the key */
    struct bridge *bridge;
};

struct bridges {
    struct relay_ns *relay;
    struct rtnl *rtnl;      /* the relay namespace's, not ours */
    struct nft_socket *nft; /* of the relay namespace; NULL: not open yet */
    GHashTable *bridges, *ports;
    GHashTable *stale; /* ports whose rules could not be dropped: the tries */
};

/* Rules that are gone with their interface fail each time. */
#define STALE_TRIES 10

struct bridges *bridges_new(struct relay_ns *relay)
{
    struct bridges *bridges = g_new0(struct bridges, 1);

    bridges->relay = relay;
    bridges->rtnl = relay_ns_rtnl(relay);
    bridges->bridges =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    bridges->ports =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    bridges->stale =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return bridges;
}

void bridges_free(struct bridges *bridges)
{
    if (bridges == NULL)
        return;
    nft_socket_free(bridges->nft);
    g_hash_table_destroy(bridges->ports);
    g_hash_table_destroy(bridges->bridges);
    g_hash_table_destroy(bridges->stale);
    g_free(bridges);
}

static struct bridge *find(const struct bridges *bridges, const char *name,
                           GError **err)
{
    struct bridge *bridge = g_hash_table_lookup(bridges->bridges, name);

    if (bridge == NULL)
        error_set(err, SLIPGATE_ERROR_NOT_FOUND, "there is no bridge %s", name);
    return bridge;
}

/* --- rules of ports --- */

/*
 * Before Linux 6.16 they are gone with the interface.  Where they are not, and
 * stay for want of memory, their bridge's could never be dropped: they are
 * tried again when something else is done.
 */
static void drop_port_rules(const struct bridges *bridges, const char *name)
{
    if (bridge_rules_port_drop(bridges->nft, name, NULL) != 0)
        g_hash_table_insert(bridges->stale, g_strdup(name),
                            GINT_TO_POINTER(STALE_TRIES));
}

static void drop_stale(const struct bridges *bridges)
{
    GHashTableIter iter;
    gpointer name, tries;

    g_hash_table_iter_init(&iter, bridges->stale);
    while (g_hash_table_iter_next(&iter, &name, &tries)) {
        int left = GPOINTER_TO_INT(tries) - 1;

        if (left == 0 || g_hash_table_contains(bridges->ports, name) ||
            bridge_rules_port_drop(bridges->nft, name, NULL) == 0)
            g_hash_table_iter_remove(&iter);
        else
            g_hash_table_iter_replace(&iter, GINT_TO_POINTER(left));
    }
}

/* --- bridges --- */

static int set_up_gateway(const struct bridges *bridges, unsigned link,
                          const struct agent_prefix *gateway, GError **err)
{
    bool v6 = gateway->addr.family == AF_INET6;
    struct rtnl_route route = { .dst = gateway->addr,
                                .dst_len = gateway->len,
                                .oif = link,
                                .table = RELAY_TABLE_BRIDGES };
    uint8_t *bytes =
        v6 ? route.dst.v6.s6_addr : (uint8_t *)&route.dst.v4.s_addr;

    for (unsigned bit = gateway->len; bit < (v6 ? 128 : 32); bit++)
        bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
    if (rtnl_addr_add(bridges->rtnl, link, &gateway->addr, v6 ? 128 : 32,
                      err) != 0)
        return -1;
    return rtnl_route_add(bridges->rtnl, &route, err);
}

static int set_up(const struct bridges *bridges, const struct bridge *bridge,
                  GError **err)
{
    const struct rtnl_link_change up = { .up = true };

    if (rtnl_link_make_router(bridges->rtnl, bridge->link,
                              relay_ns_has_ipv6(bridges->relay), err) != 0 ||
        rtnl_link_set(bridges->rtnl, bridge->link, &up, err) != 0)
        return -1;
    for (size_t i = 0; i < bridge->config.gateway_count; i++)
        if (set_up_gateway(bridges, bridge->link, &bridge->config.gateways[i],
                           err) != 0)
            return -1;
    return 0;
}

static int apply_rules(const struct bridges *bridges,
                       const struct bridge *bridge,
                       const struct agent_bridge_rules *rules, GError **err)
{
    return bridge_rules_set(bridges->nft, &bridge->config, rules,
                            relay_ns_gate_link(bridges->relay), err);
}

int bridges_drop(struct bridges *bridges, const char *name, GError **err)
{
    struct bridge *bridge = find(bridges, name, err);
    int rc;

    if (bridge == NULL)
        return -1;
    if (bridge->ports > 0)
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "the bridge %s has ports", name);
    drop_stale(bridges);
    rc = bridge_rules_drop(bridges->nft, name, err);
    if (rc == 0)
        g_hash_table_remove(bridges->bridges, name);
    return rc;
}

/* By its name: its number may be what could not be had. */
static void delete_link(const struct bridges *bridges, const char *name)
{
    unsigned link = rtnl_link_index(bridges->rtnl, name);

    if (link != 0)
        (void)rtnl_link_delete(bridges->rtnl, link, NULL);
}

static void drop_ports(struct bridges *bridges, const struct bridge *bridge)
{
    g_autoptr(GList) ports = g_hash_table_get_values(bridges->ports);

    for (GList *l = ports; l != NULL; l = l->next) {
        struct port *port = l->data;

        if (port->bridge == bridge)
            (void)bridges_drop_port(bridges, port->config.name, NULL);
    }
}

/* A bridge that should be gone, and could not be dropped at that time. */
static int make_way(struct bridges *bridges, const char *name, GError **err)
{
    const struct bridge *old = g_hash_table_lookup(bridges->bridges, name);
    unsigned link;

    if (old == NULL)
        return 0;
    if (rtnl_link_find(bridges->rtnl, name, &link, err) != 0)
        return -1;
    if (link == old->link)
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "there is a bridge %s already", name);
    drop_ports(bridges, old);
    return bridges_drop(bridges, name, err);
}

static int open_nft(struct bridges *bridges, GError **err)
{
    if (bridges->nft != NULL)
        return 0;
    if (relay_ns_enter(bridges->relay, err) != 0)
        return -1;
    bridges->nft = nft_socket_open(err);
    relay_ns_leave(bridges->relay);
    return bridges->nft == NULL ? -1 : 0;
}

int bridges_add(struct bridges *bridges, const struct agent_bridge *config,
                GError **err)
{
    static const struct agent_bridge_rules no_rules;
    g_autofree struct bridge *bridge = g_new0(struct bridge, 1);
    g_autoptr(GError) why = NULL;
    uint8_t mac[6];

    if (open_nft(bridges, err) != 0 ||
        make_way(bridges, config->name, err) != 0)
        return -1;
    bridge_rules_mac(config->number, mac);
    if (rtnl_bridge_add(bridges->rtnl, config->name, mac, config->mtu, &why) !=
        0) {
        /* It may be there: the answer was lost. */
        if (!g_error_matches(why, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT))
            delete_link(bridges, config->name);
        g_propagate_error(err, g_steal_pointer(&why));
        return -1;
    }
    bridge->config = *config;
    bridge->link = rtnl_link_index(bridges->rtnl, config->name);
    if (set_up(bridges, bridge, err) != 0 ||
        apply_rules(bridges, bridge, &no_rules, err) != 0) {
        /* Its number may be what was not to be had. */
        (void)rtnl_link_delete(
            bridges->rtnl, rtnl_link_index(bridges->rtnl, config->name), NULL);
        return -1;
    }
    g_hash_table_insert(bridges->bridges, bridge->config.name, bridge);
    (void)g_steal_pointer(&bridge);
    return 0;
}

int bridges_set_rules(struct bridges *bridges,
                      const struct agent_bridge_rules *rules, GError **err)
{
    const struct bridge *bridge = find(bridges, rules->name, err);

    return bridge == NULL ? -1 : apply_rules(bridges, bridge, rules, err);
}

/* --- ports --- */

static void forget_neighbours(const struct bridges *bridges,
                              const struct bridge *bridge,
                              const struct agent_port *config)
{
    for (size_t i = 0; i < config->address_count; i++)
        (void)rtnl_neigh_del(bridges->rtnl, bridge->link, &config->addresses[i],
                             NULL);
}

static int connect_port(const struct bridges *bridges,
                        const struct bridge *bridge,
                        const struct agent_port *config, unsigned link,
                        GError **err)
{
    const struct rtnl_link_change up = { .up = true };

    if (rtnl_link_make_router(bridges->rtnl, link,
                              relay_ns_has_ipv6(bridges->relay), err) != 0 ||
        rtnl_bridge_join(bridges->rtnl, link, bridge->link, err) != 0 ||
        (config->isolated &&
         rtnl_bridge_isolate(bridges->rtnl, link, true, err) != 0))
        return -1;
    for (size_t i = 0; i < config->address_count; i++)
        if (rtnl_neigh_add(bridges->rtnl, bridge->link, &config->addresses[i],
                           config->mac, err) != 0)
            return -1;
    return rtnl_link_set(bridges->rtnl, link, &up, err);
}

int bridges_add_port(struct bridges *bridges, const struct agent_port *config,
                     uint32_t *index, GError **err)
{
    struct bridge *bridge = find(bridges, config->bridge, err);
    unsigned link = rtnl_link_index(bridges->rtnl, config->name);
    struct port *port;

    if (bridge == NULL)
        return -1;
    if (link == 0 || g_hash_table_contains(bridges->ports, config->name))
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "no interface %s waits to be a port", config->name);
    /* Nothing passes before the rules are there. */
    if (bridge_rules_port(bridges->nft, &bridge->config, config, err) != 0) {
        drop_port_rules(bridges, config->name); /* if the answer was lost */
        return -1;
    }
    if (connect_port(bridges, bridge, config, link, err) != 0) {
        forget_neighbours(bridges, bridge, config);
        drop_port_rules(bridges, config->name);
        return -1;
    }
    port = g_new0(struct port, 1);
    port->config = *config;
    port->bridge = bridge;
    bridge->ports++;
    g_hash_table_insert(bridges->ports, port->config.name, port);
    *index = link;
    return 0;
}

int bridges_isolate_port(struct bridges *bridges, const char *name,
                         bool isolated, GError **err)
{
    unsigned link = rtnl_link_index(bridges->rtnl, name);

    if (link == 0 || !g_hash_table_contains(bridges->ports, name))
        return error_set(err, SLIPGATE_ERROR_NOT_FOUND, "there is no port %s",
                         name);
    return rtnl_bridge_isolate(bridges->rtnl, link, isolated, err);
}

int bridges_drop_port(struct bridges *bridges, const char *name, GError **err)
{
    struct port *port = g_hash_table_lookup(bridges->ports, name);

    if (port == NULL)
        return error_set(err, SLIPGATE_ERROR_NOT_FOUND, "there is no port %s",
                         name);
    forget_neighbours(bridges, port->bridge, &port->config);
    drop_port_rules(bridges, name);
    port->bridge->ports--;
    g_hash_table_remove(bridges->ports, name);
    return 0;
}

/* --- sockets --- */

static bool is_gateway(const struct bridges *bridges, const struct ip_addr *at)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, bridges->bridges);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct agent_bridge *config = &((struct bridge *)value)->config;

        for (size_t i = 0; i < config->gateway_count; i++)
            if (ip_addr_equal(&config->gateways[i].addr, at))
                return true;
    }
    return false;
}

int bridges_socket(struct bridges *bridges, const struct ip_endpoint *at,
                   bool stream, GError **err)
{
    int fd;

    if (!is_gateway(bridges, &at->addr))
        return error_set(err, SLIPGATE_ERROR_NOT_FOUND,
                         "no bridge has the address to bind to");
    if (relay_ns_enter(bridges->relay, err) != 0)
        return -1;
    fd = relay_socket_bound(at, stream, err);
    relay_ns_leave(bridges->relay);
    return fd;
}
