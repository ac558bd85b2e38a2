/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/fabric_internal.h"

#include "base/error.h"
#include "base/log.h"
#include "kern/rtnl_watch.h"

#include <string.h>

/* --- namespaces --- */

int fabric_netns_of_pid(struct fabric *fabric, pid_t pid, GError **err)
{
    if (fabric_need(fabric, err) != 0)
        return -1;
    return porter_open_pid(fabric->config.porter, pid, err);
}

int fabric_netns_at_path(struct fabric *fabric, const char *path, GError **err)
{
    if (fabric_need(fabric, err) != 0)
        return -1;
    return porter_open_path(fabric->config.porter, path, err);
}

/* --- making a port --- */

static int check_port(const struct fabric_port *port, GError **err)
{
    if (port->address_count < 1 || port->address_count > FABRIC_ADDRESSES_MAX)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "a container needs 1 to %d addresses",
                         FABRIC_ADDRESSES_MAX);
    if (port->route_count > FABRIC_ROUTES_MAX)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "a container takes %d routes at most",
                         FABRIC_ROUTES_MAX);
    if (port->interface[0] == '\0')
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "the container's interface needs a name");
    if (port->set_mac && (port->mac[0] & 1) != 0)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "the MAC address is not one station's");
    return 0;
}

/* Of the first address, so that it stays the same from run to run. */
static void choose_mac(const struct fabric_port *port, uint8_t mac[6])
{
    const struct ip_addr *addr = &port->addresses[0].addr;

    if (port->set_mac) {
        memcpy(mac, port->mac, 6);
        return;
    }
    mac[0] = 0x02; /* local, one station's */
    mac[1] = addr->family == AF_INET6 ? 0x76 : 0x74;
    memcpy(mac + 2,
           addr->family == AF_INET6 ? &addr->v6.s6_addr[12]
                                    : (const uint8_t *)&addr->v4,
           4);
}

static void fill_plug(struct porter_plug *plug, const struct fabric_plug *own,
                      const struct fabric_port *port)
{
    memset(plug, 0, sizeof(*plug));
    memcpy(plug->port, own->name, IFNAMSIZ);
    memcpy(plug->interface, port->interface, IFNAMSIZ);
    plug->mtu = own->net->config.mtu;
    choose_mac(port, plug->mac);
}

static int join(struct fabric *fabric, struct fabric_plug *plug,
                const struct fabric_port *port, const uint8_t mac[6],
                GError **err)
{
    struct agent_port config = { .isolated = !plug->net->config.icc,
                                 .address_count =
                                     (uint32_t)port->address_count };

    memcpy(config.name, plug->name, IFNAMSIZ);
    memcpy(config.bridge, plug->net->config.bridge, IFNAMSIZ);
    memcpy(config.mac, mac, 6);
    for (size_t i = 0; i < port->address_count; i++)
        config.addresses[i] = port->addresses[i].addr;
    return agent_port_add(fabric->config.agent, &config, &plug->link, err);
}

static bool has_family(const struct fabric_port *port, sa_family_t family)
{
    for (size_t i = 0; i < port->address_count; i++)
        if (port->addresses[i].addr.family == family)
            return true;
    return false;
}

static void add_route(struct porter_settle *settle, struct agent_prefix to,
                      const struct ip_addr *gateway, uint32_t metric)
{
    g_assert(settle->route_count < PORTER_ROUTES_MAX);
    settle->routes[settle->route_count++] =
        (struct porter_route){ to, *gateway, metric };
}

static void add_defaults(struct porter_settle *settle,
                         const struct fabric_network *network,
                         const struct fabric_port *port)
{
    static const sa_family_t families[] = { AF_INET, AF_INET6 };

    for (size_t f = 0; f < G_N_ELEMENTS(families); f++) {
        const struct agent_prefix all = { .addr.family = families[f] };

        for (size_t i = 0; i < network->gateway_count; i++) {
            const struct ip_addr *gateway = &network->gateways[i].addr;

            if (gateway->family != families[f] ||
                !has_family(port, families[f]))
                continue;
            add_route(settle, all, gateway, port->metric);
            break;
        }
    }
}

static int settle(struct fabric *fabric, const struct fabric_plug *plug,
                  const struct fabric_port *port, GError **err)
{
    struct porter_settle config = { .address_count =
                                        (uint32_t)port->address_count };

    for (size_t i = 0; i < port->address_count; i++)
        config.addresses[i] =
            (struct agent_prefix){ port->addresses[i].addr,
                                   port->addresses[i].prefix_len };
    for (size_t i = 0; i < port->route_count; i++) {
        const struct fabric_route *route = &port->routes[i];

        add_route(&config,
                  (struct agent_prefix){ route->to.addr, route->to.prefix_len },
                  &route->gateway, route->metric);
    }
    if (port->default_route && !plug->net->config.internal)
        add_defaults(&config, &plug->net->config, port);
    return porter_settle(fabric->config.porter, &config, err);
}

/*
 * Whoever asks for a link makes the kernel notice at once that its other end is
 * up (Linux 6.7), and then the first port's bridge that it has one; else the
 * first packets might come too early.
 */
static void notice_ends(const struct fabric *fabric,
                        const struct fabric_plug *plug)
{
    (void)rtnl_link_index(fabric->rtnl, plug->name);
    (void)rtnl_link_index(fabric->rtnl, plug->net->config.bridge);
}

/* From the moment on that there is an interface. */
static int set_up(struct fabric *fabric, struct fabric_plug *plug,
                  const struct fabric_port *port, const uint8_t mac[6],
                  GError **err)
{
    if (join(fabric, plug, port, mac, err) != 0)
        return -1;
    if (settle(fabric, plug, port, err) == 0) {
        notice_ends(fabric, plug);
        return 0;
    }
    (void)agent_port_drop(fabric->config.agent, plug->name, NULL);
    return -1;
}

int fabric_attach(struct fabric *fabric, const struct fabric_port *port,
                  struct fabric_attached *out, GError **err)
{
    g_autofree struct fabric_plug *plug = g_new0(struct fabric_plug, 1);
    struct porter_plug config;

    if (fabric_need(fabric, err) != 0 || check_port(port, err) != 0)
        return -1;
    plug->net = fabric_find_net(fabric, port->bridge, err);
    if (plug->net == NULL)
        return -1;
    plug->number = ++fabric->last_plug;
    (void)g_snprintf(plug->name, sizeof(plug->name), "port%u", plug->number);
    fill_plug(&config, plug, port);
    /* It may have been made although it was not answered so. */
    if (porter_plug(fabric->config.porter, &config, port->netns_fd, err) != 0 ||
        set_up(fabric, plug, port, config.mac, err) != 0) {
        fabric_delete_link(fabric, plug->name);
        return -1;
    }
    *out = (struct fabric_attached){ .port = plug->number,
                                     .mtu = plug->net->config.mtu };
    memcpy(out->host_name, plug->name, IFNAMSIZ);
    memcpy(out->interface, config.interface, IFNAMSIZ);
    memcpy(out->mac, config.mac, 6);
    g_hash_table_insert(fabric->plugs, GUINT_TO_POINTER(plug->number), plug);
    (void)g_steal_pointer(&plug);
    return 0;
}

/* --- and unmaking it --- */

void fabric_drop_plug(struct fabric *fabric, struct fabric_plug *plug,
                      bool there)
{
    g_autoptr(GError) err = NULL;

    if (!fabric->ending &&
        agent_port_drop(fabric->config.agent, plug->name, &err) != 0)
        LOG_LIMITED("%s", err->message);
    if (there)
        fabric_delete_link(fabric, plug->name);
    g_hash_table_remove(fabric->plugs, GUINT_TO_POINTER(plug->number));
}

void fabric_detach(struct fabric *fabric, unsigned port)
{
    struct fabric_plug *plug =
        g_hash_table_lookup(fabric->plugs, GUINT_TO_POINTER(port));

    if (plug != NULL)
        fabric_drop_plug(fabric, plug, true);
}

void fabric_isolate_ports(struct fabric *fabric, const struct fabric_net *net)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, fabric->plugs);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct fabric_plug *plug = value;
        g_autoptr(GError) err = NULL;

        /* One that has just gone is told of in a moment. */
        if (plug->net == net &&
            agent_port_isolate(fabric->config.agent, plug->name,
                               !net->config.icc, &err) != 0)
            LOG_LIMITED("%s", err->message);
    }
}

/* --- news --- */

void fabric_on_port_gone(struct fabric *fabric,
                         void (*gone)(void *self, unsigned port), void *self)
{
    fabric->gone = gone;
    fabric->self = self;
}

static void plug_gone(struct fabric *fabric, struct fabric_plug *plug)
{
    unsigned number = plug->number;

    fabric_drop_plug(fabric, plug, false);
    if (fabric->gone != NULL)
        fabric->gone(fabric->self, number);
}

static gboolean has_link(gpointer key, gpointer value, gpointer link)
{
    const struct fabric_plug *plug = value;

    (void)key;
    return plug->link == *(const unsigned *)link;
}

static void link_deleted(void *self, unsigned link)
{
    struct fabric *fabric = self;
    struct fabric_plug *plug =
        g_hash_table_find(fabric->plugs, has_link, &link);

    if (plug != NULL)
        plug_gone(fabric, plug);
}

static void look_for_all(struct fabric *fabric)
{
    g_autoptr(GList) numbers = g_hash_table_get_keys(fabric->plugs);

    for (GList *l = numbers; l != NULL; l = l->next) {
        struct fabric_plug *plug = g_hash_table_lookup(fabric->plugs, l->data);
        unsigned link;

        if (plug != NULL &&
            rtnl_link_find(fabric->rtnl, plug->name, &link, NULL) == 0 &&
            link == 0)
            plug_gone(fabric, plug);
    }
}

void fabric_news_ready(void *self, uint32_t events)
{
    struct fabric *fabric = self;

    (void)events;
    if (!rtnl_watch_each_deleted(fabric->news_fd, link_deleted, fabric))
        look_for_all(fabric);
}
