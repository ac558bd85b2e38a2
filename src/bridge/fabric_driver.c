/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/fabric_driver.h"

#include "base/error.h"
#include "base/log.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* How long a container of another run is waited for, before confinement. */
#define RETURN_TRIES    100
#define RETURN_PAUSE_US 20000

struct fabric_driver {
    struct network_driver driver; /* first: it is lent */
    struct network_names_config config;
    struct networks *networks;
    GPtrArray *named; /* of struct network_names */
};

/* What create() makes. */
struct woven {
    const struct spec *spec;
    struct network_names *names; /* NULL: the network has no names */
};

/* Handles of ports are their numbers, and none is NULL. */
static void *handle_of(unsigned port)
{
    return GUINT_TO_POINTER(port + 1);
}

static unsigned port_of(const void *handle)
{
    return GPOINTER_TO_UINT(handle) - 1;
}

/* --- networks --- */

static enum fabric_isolate isolate_of(const struct spec *spec)
{
    static const enum fabric_isolate words[] = {
        [SPEC_ISOLATE_STRICT] = FABRIC_ISOLATE_STRICT,
        [SPEC_ISOLATE_TRUE] = FABRIC_ISOLATE_TRUE,
        [SPEC_ISOLATE_FALSE] = FABRIC_ISOLATE_FALSE,
    };

    return words[spec->isolate];
}

static void describe(const struct spec *spec, struct fabric_network *out)
{
    *out = (struct fabric_network){ .mtu = spec->mtu,
                                    .internal = spec->internal,
                                    .icc = spec->icc,
                                    .dns = spec->dns,
                                    .masquerade = spec->masquerade,
                                    .isolate = isolate_of(spec) };
    (void)g_strlcpy(out->bridge, spec->interface, sizeof(out->bridge));
    out->gateway_count = MIN(spec->subnet_count, FABRIC_SUBNETS_MAX);
    for (size_t i = 0; i < out->gateway_count; i++)
        out->gateways[i] = (struct fabric_address){ spec->subnets[i].gateway,
                                                    spec->subnets[i].net.len };
}

static void remove_bridge(struct fabric_driver *self, const struct spec *spec)
{
    g_autoptr(GError) why = NULL;

    if (fabric_network_remove(self->config.fabric, spec->interface, &why) != 0)
        LOG_LIMITED("remove the network %s: %s", spec->name, why->message);
}

static void *create(void *data, const struct spec *spec, GError **err)
{
    struct fabric_driver *self = data;
    struct fabric_network network;
    struct woven *woven;

    describe(spec, &network);
    if (fabric_network_add(self->config.fabric, &network, err) != 0)
        return NULL;
    woven = g_new0(struct woven, 1);
    woven->spec = spec;
    if (!spec->dns)
        return woven;
    woven->names = network_names_new(&self->config, spec, err);
    if (woven->names != NULL) {
        g_ptr_array_add(self->named, woven->names);
        return woven;
    }
    g_free(woven);
    remove_bridge(self, spec);
    return NULL;
}

/* The sockets of the bridge's addresses go before these. */
static void remove_network(void *data, void *network)
{
    struct fabric_driver *self = data;
    struct woven *woven = network;

    (void)g_ptr_array_remove(self->named, woven->names);
    network_names_free(woven->names);
    remove_bridge(self, woven->spec);
    g_free(woven);
}

static int update(void *data, void *network, const struct spec *spec,
                  GError **err)
{
    struct fabric_driver *self = data;
    struct woven *woven = network;
    struct fabric_network wanted;

    describe(spec, &wanted);
    if (fabric_network_update(self->config.fabric, &wanted, err) != 0)
        return -1;
    if (woven->names != NULL)
        network_names_set_servers(woven->names, spec);
    return 0;
}

/* --- containers --- */

/* A descriptor that the caller owns, or -1 and an error. */
static int open_target(const struct fabric_driver *self,
                       const struct attach_target *target, GError **err)
{
    struct fabric *fabric = self->config.fabric;
    int fd;

    if (target->netns_fd < 0)
        return target->path != NULL
                   ? fabric_netns_at_path(fabric, target->path, err)
                   : fabric_netns_of_pid(fabric, target->pid, err);
    fd = fcntl(target->netns_fd, F_DUPFD_CLOEXEC, 3);
    return fd >= 0 ? fd : error_set_errno(err, "keep the descriptor");
}

/* Another run's container must be the same one. */
static int check_inode(int fd, struct net_attachment *attachment, GError **err)
{
    uint64_t known = attachment->netns_ino;
    struct stat st;

    if (fstat(fd, &st) != 0)
        return error_set_errno(err, "look at the namespace of %s",
                               attachment->container);
    attachment->netns_ino = st.st_ino;
    if (known == 0 || known == st.st_ino)
        return 0;
    return error_set(err, SLIPGATE_ERROR_NOT_FOUND,
                     "the namespace of %s is another one now",
                     attachment->container);
}

static void put_routes(const struct spec *spec,
                       const struct net_attachment *attachment,
                       struct fabric_port *port)
{
    port->route_count = MIN(spec->route_count, FABRIC_ROUTES_MAX);
    for (size_t i = 0; i < port->route_count; i++) {
        const struct spec_route *route = &spec->routes[i];

        port->routes[i] = (struct fabric_route){
            .to = { route->destination.addr, route->destination.len },
            .gateway = route->gateway,
            .metric = route->metric != 0 ? route->metric : attachment->metric,
        };
    }
}

static void describe_port(const struct spec *spec,
                          const struct net_attachment *attachment, int netns_fd,
                          struct fabric_port *out)
{
    *out = (struct fabric_port){
        .bridge = spec->interface,
        .netns_fd = netns_fd,
        .set_mac = true,
        .default_route = attachment->default_route && !spec->no_default_route,
        .metric = attachment->metric,
    };
    (void)g_strlcpy(out->interface, attachment->interface,
                    sizeof(out->interface));
    memcpy(out->mac, attachment->mac, sizeof(out->mac));
    out->address_count = MIN(attachment->addr_count, FABRIC_ADDRESSES_MAX);
    for (size_t i = 0; i < out->address_count; i++)
        out->addresses[i] = (struct fabric_address){
            attachment->addrs[i],
            spec_subnet_of(spec, &attachment->addrs[i])->net.len
        };
    put_routes(spec, attachment, out);
}

/*
 * What another run had given the container goes with that run's namespace,
 * which the kernel takes down in its own time.
 */
static int attach_port(const struct fabric_driver *self,
                       const struct fabric_port *port, bool returning,
                       struct fabric_attached *made, GError **err)
{
    for (int tries = returning ? RETURN_TRIES : 1; tries > 0; tries--) {
        g_autoptr(GError) why = NULL;

        if (fabric_attach(self->config.fabric, port, made, &why) == 0)
            return 0;
        if (tries > 1 &&
            g_error_matches(why, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT)) {
            g_usleep(RETURN_PAUSE_US);
            continue;
        }
        g_propagate_error(err, g_steal_pointer(&why));
        break;
    }
    return -1;
}

static void *attach(void *data, void *network,
                    struct net_attachment *attachment,
                    const struct attach_target *target, GError **err)
{
    struct fabric_driver *self = data;
    struct woven *woven = network;
    struct fabric_attached made;
    struct fabric_port port;
    bool returning = attachment->netns_ino != 0;
    owned_fd fd = open_target(self, target, err);

    if (fd < 0 || check_inode(fd, attachment, err) != 0)
        return NULL;
    describe_port(woven->spec, attachment, fd, &port);
    if (attach_port(self, &port, returning, &made, err) != 0)
        return NULL;
    if (woven->names != NULL &&
        network_names_add(woven->names, attachment, err) != 0) {
        fabric_detach(self->config.fabric, made.port);
        return NULL;
    }
    return handle_of(made.port);
}

static void detach(void *data, void *network,
                   const struct net_attachment *attachment, void *port,
                   bool gone)
{
    struct fabric_driver *self = data;
    struct woven *woven = network;

    if (woven->names != NULL)
        network_names_remove(woven->names, attachment);
    if (!gone)
        fabric_detach(self->config.fabric, port_of(port));
}

static void port_gone(void *data, unsigned port)
{
    struct fabric_driver *self = data;

    if (self->networks != NULL)
        networks_gone(self->networks, handle_of(port));
}

/* --- the driver --- */

struct fabric_driver *fabric_driver_new(
    const struct network_names_config *config)
{
    struct fabric_driver *self = g_new0(struct fabric_driver, 1);

    self->config = *config;
    self->config.askers = askers_new();
    self->named = g_ptr_array_new();
    self->driver = (struct network_driver){ create, remove_network, update,
                                            attach, detach,         self };
    fabric_on_port_gone(config->fabric, port_gone, self);
    return self;
}

void fabric_driver_free(struct fabric_driver *self)
{
    if (self == NULL)
        return;
    askers_free(self->config.askers);
    if (self == NULL)
        return;
    g_ptr_array_unref(self->named);
    g_free(self);
}

void fabric_driver_policy_narrowed(struct fabric_driver *self)
{
    if (self->config.policy->enable_dns)
        return;
    for (guint i = 0; i < self->named->len; i++)
        network_names_forget(self->named->pdata[i]);
}

const struct network_driver *fabric_driver_of(const struct fabric_driver *self)
{
    return &self->driver;
}

void fabric_driver_watch(struct fabric_driver *self, struct networks *networks)
{
    self->networks = networks;
}
