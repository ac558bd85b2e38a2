/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "bridge/networks_internal.h"

#include <string.h>

void networks_free_port(struct port *port)
{
    attachment_clear(&port->attachment);
    g_free(port);
}

size_t network_attachment_count(const struct network *network)
{
    return network->ports->len;
}

const struct net_attachment *network_attachment_at(
    const struct network *network, size_t index)
{
    const struct port *port = g_ptr_array_index(network->ports, index);

    return &port->attachment;
}

static struct port *find_port(const struct network *network,
                              const char *container)
{
    for (guint i = 0; i < network->ports->len; i++) {
        struct port *port = g_ptr_array_index(network->ports, i);

        if (strcmp(port->attachment.container, container) == 0)
            return port;
    }
    return NULL;
}

static struct port *lookup_port(const struct networks *networks,
                                const char *name, const char *container,
                                GError **err)
{
    const struct network *network = networks_lookup(networks, name, err);
    struct port *port;

    if (network == NULL)
        return NULL;
    port = find_port(network, container);
    if (port == NULL)
        error_set(err, SLIPGATE_ERROR_NOT_FOUND,
                  "no container %s is attached to the network %s", container,
                  network->spec.name);
    return port;
}

const struct net_attachment *networks_attachment(
    const struct networks *networks, const char *name, const char *container,
    GError **err)
{
    const struct port *port = lookup_port(networks, name, container, err);

    return port == NULL ? NULL : &port->attachment;
}

const struct net_attachment *networks_find_container(
    const struct networks *networks, const char **name, const char *container,
    GError **err)
{
    const struct port *port = NULL;

    if (*name != NULL)
        port = lookup_port(networks, *name, container, err);
    for (guint i = 0; *name == NULL && i < networks->list->len; i++) {
        const struct network *network = g_ptr_array_index(networks->list, i);

        port = find_port(network, container);
        if (port != NULL)
            break;
    }
    if (port == NULL && *name == NULL)
        error_set(err, SLIPGATE_ERROR_NOT_FOUND,
                  "no network has a container %s", container);
    if (port == NULL)
        return NULL;
    *name = port->network->spec.name;
    return &port->attachment;
}

/* --- addresses --- */

static void drop_addrs(struct network *network,
                       struct net_attachment *attachment)
{
    for (size_t i = 0; i < attachment->addr_count; i++)
        leases_drop(network->leases, &attachment->addrs[i]);
    attachment->addr_count = 0;
}

/* All that were asked for, so that a pick does not take the next one. */
static int take_asked(struct network *network,
                      struct net_attachment *attachment,
                      const struct net_attachment *asked, GError **err)
{
    for (size_t i = 0; i < asked->addr_count; i++) {
        if (leases_take(network->leases, &asked->addrs[i], asked->container,
                        err) != 0)
            return -1;
        attachment->addrs[attachment->addr_count++] = asked->addrs[i];
    }
    return 0;
}

static bool has_addr_of(const struct net_attachment *attachment,
                        const struct ip_prefix *net)
{
    for (size_t i = 0; i < attachment->addr_count; i++)
        if (ip_prefix_contains(net, &attachment->addrs[i]))
            return true;
    return false;
}

static int take_addrs(struct network *network,
                      struct net_attachment *attachment,
                      const struct net_attachment *asked, GError **err)
{
    attachment->addr_count = 0;
    if (take_asked(network, attachment, asked, err) != 0)
        return -1;
    for (size_t i = 0; i < network->spec.subnet_count; i++) {
        struct ip_addr *to = &attachment->addrs[attachment->addr_count];

        if (has_addr_of(attachment, &network->spec.subnets[i].net))
            continue;
        if (attachment->addr_count == ATTACHMENT_ADDRS_MAX)
            return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                             "a container has at most %d addresses in a "
                             "network",
                             ATTACHMENT_ADDRS_MAX);
        if (leases_pick(network->leases, i, attachment->container, to, err) !=
            0)
            return -1;
        attachment->addr_count++;
    }
    return 0;
}

/* --- what else is filled in --- */

static bool has_interface(const struct networks *networks,
                          const char *container, const char *interface)
{
    for (guint i = 0; i < networks->list->len; i++) {
        const struct network *network = g_ptr_array_index(networks->list, i);
        const struct port *port = find_port(network, container);

        if (port != NULL && strcmp(port->attachment.interface, interface) == 0)
            return true;
    }
    return false;
}

static int fill_interface(const struct networks *networks,
                          struct net_attachment *attachment, GError **err)
{
    if (attachment->interface[0] != '\0') {
        if (!has_interface(networks, attachment->container,
                           attachment->interface))
            return 0;
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "the container %s has an interface %s already",
                         attachment->container, attachment->interface);
    }
    for (unsigned i = 0; i <= NETWORKS_MAX; i++) {
        (void)g_snprintf(attachment->interface, sizeof(attachment->interface),
                         "eth%u", i);
        if (!has_interface(networks, attachment->container,
                           attachment->interface))
            break;
    }
    return 0;
}

static bool has_metric(const struct networks *networks,
                       const struct net_attachment *attachment)
{
    for (guint i = 0; i < networks->list->len; i++) {
        const struct network *network = g_ptr_array_index(networks->list, i);
        const struct port *port = find_port(network, attachment->container);

        if (port != NULL && port->attachment.metric == attachment->metric)
            return true;
    }
    return false;
}

/* Of several default routes, that of the network attached first is best. */
static void fill_metric(const struct networks *networks,
                        const struct network *network,
                        struct net_attachment *attachment)
{
    if (attachment->metric != 0)
        return;
    attachment->metric = network->spec.metric;
    while (has_metric(networks, attachment))
        attachment->metric++;
}

static int fill_mac(const struct network *network,
                    struct net_attachment *attachment, GError **err)
{
    if (!attachment->has_mac)
        lease_mac(&attachment->addrs[0], attachment->mac);
    attachment->has_mac = true;
    for (guint i = 0; i < network->ports->len; i++) {
        const struct port *port = g_ptr_array_index(network->ports, i);

        if (memcmp(port->attachment.mac, attachment->mac, 6) == 0)
            return error_set(err, SLIPGATE_ERROR_CONFLICT,
                             "the container %s has this MAC address",
                             port->attachment.container);
    }
    return 0;
}

static int fill(struct networks *networks, struct network *network,
                struct net_attachment *attachment,
                const struct net_attachment *asked, GError **err)
{
    if (attachment->name[0] == '\0' && label_is_host(attachment->container))
        (void)g_strlcpy(attachment->name, attachment->container,
                        sizeof(attachment->name));
    fill_metric(networks, network, attachment);
    if (fill_interface(networks, attachment, err) != 0 ||
        take_addrs(network, attachment, asked, err) != 0)
        return -1;
    return fill_mac(network, attachment, err);
}

/* So that the container can be found again by another run. */
static void remember_target(struct net_attachment *attachment,
                            const struct attach_target *target)
{
    attachment->pid = target->pid;
    g_free(attachment->netns_path);
    attachment->netns_path = g_strdup(target->path);
}

/* --- in and out --- */

static struct port *plug(struct networks *networks, struct network *network,
                         const struct net_attachment *asked,
                         const struct attach_target *target, GError **err)
{
    const struct network_driver *driver = networks->config.driver;
    struct port *port = g_new0(struct port, 1);

    port->network = network;
    attachment_copy(&port->attachment, asked);
    remember_target(&port->attachment, target);
    if (fill(networks, network, &port->attachment, asked, err) == 0)
        port->handle = driver->attach(driver->self, network->handle,
                                      &port->attachment, target, err);
    if (port->handle != NULL)
        return port;
    drop_addrs(network, &port->attachment);
    networks_free_port(port);
    return NULL;
}

const struct net_attachment *networks_attach(struct networks *networks,
                                             const char *name,
                                             const struct net_attachment *asked,
                                             const struct attach_target *target,
                                             GError **err)
{
    struct network *network = networks_lookup(networks, name, err);
    struct port *port;

    if (network == NULL || attachment_check(asked, err) != 0)
        return NULL;
    if (find_port(network, asked->container) != NULL) {
        error_set(err, SLIPGATE_ERROR_CONFLICT,
                  "the container %s is attached to the network %s already",
                  asked->container, network->spec.name);
        return NULL;
    }
    port = plug(networks, network, asked, target, err);
    if (port == NULL)
        return NULL;
    g_ptr_array_add(network->ports, port);
    g_hash_table_insert(networks->by_port, port->handle, port);
    networks_tell(networks, NETWORKS_ATTACHED, network, &port->attachment);
    return &port->attachment;
}

void networks_unplug(struct networks *networks, struct port *port, bool gone)
{
    const struct network_driver *driver = networks->config.driver;
    struct network *network = port->network;

    g_hash_table_remove(networks->by_port, port->handle);
    g_ptr_array_remove(network->ports, port);
    driver->detach(driver->self, network->handle, &port->attachment,
                   port->handle, gone);
    for (size_t i = 0; i < port->attachment.addr_count; i++)
        leases_drop(network->leases, &port->attachment.addrs[i]);
}

int networks_detach(struct networks *networks, const char *name,
                    const char *container, GError **err)
{
    struct port *port = lookup_port(networks, name, container, err);

    if (port == NULL)
        return -1;
    networks_unplug(networks, port, false);
    networks_tell(networks, NETWORKS_DETACHED, port->network,
                  &port->attachment);
    networks_free_port(port);
    return 0;
}

void networks_gone(struct networks *networks, const void *handle)
{
    struct port *port = g_hash_table_lookup(networks->by_port, handle);

    if (port == NULL)
        return;
    networks_unplug(networks, port, true);
    networks_tell(networks, NETWORKS_GONE, port->network, &port->attachment);
    networks_free_port(port);
}
