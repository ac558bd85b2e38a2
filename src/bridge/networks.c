/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "bridge/networks_internal.h"
#include "bridge/spec_complete.h"

#include <string.h>
#include <sys/random.h>

struct networks *networks_new(const struct networks_config *config)
{
    struct networks *networks = g_new0(struct networks, 1);

    networks->config = *config;
    networks->list = g_ptr_array_new();
    networks->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    networks->by_interface = g_hash_table_new(g_str_hash, g_str_equal);
    networks->by_port = g_hash_table_new(NULL, NULL);
    return networks;
}

void networks_tell(const struct networks *networks, enum networks_change change,
                   const struct network *network,
                   const struct net_attachment *attachment)
{
    const struct networks_config *config = &networks->config;

    if (config->changed != NULL)
        config->changed(config->self, change, network, attachment);
}

static void free_network(struct network *network)
{
    g_ptr_array_free(network->ports, TRUE);
    leases_free(network->leases);
    spec_clear(&network->spec);
    g_free(network);
}

/* Takes `network` and all in it out of everything but the list. */
static void dismantle(struct networks *networks, struct network *network,
                      bool tell)
{
    const struct network_driver *driver = networks->config.driver;

    while (network->ports->len > 0) {
        struct port *port =
            g_ptr_array_index(network->ports, network->ports->len - 1);

        networks_unplug(networks, port, false);
        if (tell)
            networks_tell(networks, NETWORKS_DETACHED, network,
                          &port->attachment);
        networks_free_port(port);
    }
    g_hash_table_remove(networks->by_name, network->spec.name);
    g_hash_table_remove(networks->by_interface, network->spec.interface);
    driver->remove(driver->self, network->handle);
}

void networks_free(struct networks *networks)
{
    if (networks == NULL)
        return;
    for (guint i = networks->list->len; i-- > 0;) {
        struct network *network = g_ptr_array_index(networks->list, i);

        dismantle(networks, network, false);
        free_network(network);
    }
    g_ptr_array_free(networks->list, TRUE);
    g_hash_table_destroy(networks->by_name);
    g_hash_table_destroy(networks->by_interface);
    g_hash_table_destroy(networks->by_port);
    g_free(networks->holder);
    g_free(networks);
}

/* --- finding --- */

size_t networks_count(const struct networks *networks)
{
    return networks->list->len;
}

const struct network *networks_at(const struct networks *networks, size_t index)
{
    return g_ptr_array_index(networks->list, index);
}

const struct spec *network_spec(const struct network *network)
{
    return &network->spec;
}

struct network *networks_lookup(const struct networks *networks,
                                const char *name, GError **err)
{
    struct network *network = g_hash_table_lookup(networks->by_name, name);

    if (network != NULL)
        return network;
    for (guint i = 0; i < networks->list->len; i++) {
        network = g_ptr_array_index(networks->list, i);
        if (strcmp(network->spec.id, name) == 0)
            return network;
    }
    error_set(err, SLIPGATE_ERROR_NOT_FOUND, "there is no network %s", name);
    return NULL;
}

const struct network *networks_find(const struct networks *networks,
                                    const char *name, GError **err)
{
    return networks_lookup(networks, name, err);
}

/* --- what a new network has to get along with --- */

static const char *holder(void *self, const struct ip_prefix *net)
{
    struct networks *networks = self;
    const struct networks_config *config = &networks->config;

    for (size_t i = 0; i < config->own_count; i++)
        if (ip_prefix_overlap(net, &config->own[i]))
            return config->own_name;
    for (guint i = 0; i < networks->list->len; i++) {
        const struct network *other = g_ptr_array_index(networks->list, i);

        for (size_t j = 0; j < other->spec.subnet_count; j++) {
            if (!ip_prefix_overlap(net, &other->spec.subnets[j].net))
                continue;
            g_free(networks->holder);
            networks->holder =
                g_strdup_printf("the network %s", other->spec.name);
            return networks->holder;
        }
    }
    return NULL;
}

static bool avoid(void *self, const struct ip_prefix *net)
{
    const struct networks *networks = self;
    const struct networks_config *config = &networks->config;

    for (size_t i = 0; i < config->avoided_count; i++)
        if (ip_prefix_overlap(net, &config->avoided[i]))
            return true;
    return false;
}

static bool has_interface(void *self, const char *name)
{
    const struct networks *networks = self;

    return g_hash_table_contains(networks->by_interface, name);
}

static int complete(struct networks *networks, struct spec *spec, GError **err)
{
    struct spec_world world = { .holder = holder,
                                .avoid = avoid,
                                .has_interface = has_interface,
                                .self = networks,
                                .now = g_get_real_time() / G_USEC_PER_SEC };

    if (getrandom(world.random, sizeof(world.random), 0) < 0)
        return error_set_errno(err, "get random bytes");
    return spec_complete(spec, &world, err);
}

/* --- creating and removing --- */

static int check_id(const struct networks *networks, const char *id,
                    GError **err)
{
    const struct network *other = networks_lookup(networks, id, NULL);

    if (other == NULL)
        return 0;
    return error_set(err, SLIPGATE_ERROR_CONFLICT, "the network %s has this id",
                     other->spec.name);
}

static struct network *make(struct networks *networks, const struct spec *asked,
                            GError **err)
{
    const struct network_driver *driver = networks->config.driver;
    struct network *network = g_new0(struct network, 1);

    spec_copy(&network->spec, asked);
    network->leases = leases_new(&network->spec);
    network->ports = g_ptr_array_new();
    if (complete(networks, &network->spec, err) == 0 &&
        check_id(networks, network->spec.id, err) == 0)
        network->handle = driver->create(driver->self, &network->spec, err);
    if (network->handle != NULL)
        return network;
    free_network(network);
    return NULL;
}

static const struct network *same_or_conflict(const struct network *network,
                                              const struct spec *asked,
                                              GError **err)
{
    if (spec_matches(asked, &network->spec))
        return network;
    error_set(err, SLIPGATE_ERROR_CONFLICT,
              "there is another network %s, which is defined otherwise",
              asked->name);
    return NULL;
}

const struct network *networks_create(struct networks *networks,
                                      const struct spec *asked, GError **err)
{
    struct network *network;

    if (spec_check(asked, err) != 0)
        return NULL;
    network = g_hash_table_lookup(networks->by_name, asked->name);
    if (network != NULL)
        return same_or_conflict(network, asked, err);
    if (networks->list->len >= NETWORKS_MAX) {
        error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                  "there are %d networks, and no more than that", NETWORKS_MAX);
        return NULL;
    }
    network = make(networks, asked, err);
    if (network == NULL)
        return NULL;
    g_ptr_array_add(networks->list, network);
    g_hash_table_insert(networks->by_name, network->spec.name, network);
    g_hash_table_insert(networks->by_interface, network->spec.interface,
                        network);
    networks_tell(networks, NETWORKS_CREATED, network, NULL);
    return network;
}

int networks_remove(struct networks *networks, const char *name, bool force,
                    GError **err)
{
    struct network *network = networks_lookup(networks, name, err);

    if (network == NULL)
        return -1;
    if (network->ports->len > 0 && !force) {
        const struct port *first = g_ptr_array_index(network->ports, 0);

        return error_set(
            err, SLIPGATE_ERROR_CONFLICT,
            "%u %s attached to the network %s: %s%s", network->ports->len,
            network->ports->len == 1 ? "container is" : "containers are",
            network->spec.name, first->attachment.container,
            network->ports->len == 1 ? "" : ", ...");
    }
    g_ptr_array_remove(networks->list, network);
    dismantle(networks, network, true);
    networks_tell(networks, NETWORKS_REMOVED, network, NULL);
    free_network(network);
    return 0;
}

int networks_update(struct networks *networks, const char *name,
                    const struct spec *wanted, GError **err)
{
    const struct network_driver *driver = networks->config.driver;
    struct network *network = networks_lookup(networks, name, err);
    struct spec before;

    if (network == NULL || spec_check_update(&network->spec, wanted, err) != 0)
        return -1;
    before = network->spec;
    spec_copy(&network->spec, wanted);
    if (driver->update(driver->self, network->handle, &network->spec, err) !=
        0) {
        spec_clear(&network->spec);
        network->spec = before;
        return -1;
    }
    spec_clear(&before);
    networks_tell(networks, NETWORKS_UPDATED, network, NULL);
    return 0;
}
