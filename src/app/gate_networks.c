/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/gate_networks.h"

#include "app/gate_events.h"
#include "app/gate_keep.h"
#include "app/gate_state.h"

#include <ifaddrs.h>

/* --- which addresses are not free --- */

static unsigned prefix_len(const struct sockaddr_storage *mask)
{
    struct ip_endpoint end;
    const uint8_t *bytes = end.addr.v6.s6_addr;
    unsigned len = 0;

    if (!ip_endpoint_from_sockaddr(mask, &end))
        return 0;
    while (len < ip_family_bits(end.addr.family) &&
           (bytes[len / 8] & 0x80u >> len % 8) != 0)
        len++;
    return len;
}

static bool read_sockaddr(const struct sockaddr *from,
                          struct sockaddr_storage *to)
{
    memset(to, 0, sizeof(*to));
    if (from == NULL ||
        (from->sa_family != AF_INET && from->sa_family != AF_INET6))
        return false;
    memcpy(to, from,
           from->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                      : sizeof(struct sockaddr_in6));
    return true;
}

/*
 * The host's own networks, which containers could not reach from a network of
 * the same addresses.  Where they cannot be read, none is known.
 */
static GArray *networks_of_host(void)
{
    GArray *nets = g_array_new(FALSE, FALSE, sizeof(struct ip_prefix));
    struct ifaddrs *list = NULL;

    if (getifaddrs(&list) != 0)
        return nets;
    for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
        struct sockaddr_storage addr, mask;
        struct ip_endpoint end;
        struct ip_prefix net;

        if (!read_sockaddr(i->ifa_addr, &addr) ||
            !read_sockaddr(i->ifa_netmask, &mask) ||
            !ip_endpoint_from_sockaddr(&addr, &end))
            continue;
        net = ip_prefix_of(&end.addr, prefix_len(&mask));
        if (net.len > 0)
            g_array_append_val(nets, net);
    }
    freeifaddrs(list);
    return nets;
}

/* --- what follows from a change --- */

static void changed(void *self, enum networks_change change,
                    const struct network *network,
                    const struct net_attachment *attachment)
{
    struct gate *gate = self;

    gate_events_network(gate, change, network, attachment);
    if (change == NETWORKS_DETACHED || change == NETWORKS_GONE)
        (void)fwd_remove_container(gate->forwards, network_spec(network)->name,
                                   attachment->container);
    gate_keep_changed(gate);
}

/* --- life --- */

void gate_networks_start(struct gate *gate)
{
    const struct network_names_config names = { .loop = gate->loop,
                                                .fabric = gate->fabric,
                                                .forward = gate->names,
                                                .policy = &gate->policy,
                                                .budget = &gate->budget,
                                                .plan = &gate->plan };
    struct networks_config config = { .own = gate->own_networks,
                                      .own_count = 2,
                                      .own_name = "the guest's own network",
                                      .changed = changed,
                                      .self = gate };

    gate->own_networks[0] =
        (struct ip_prefix){ gate->plan.network, gate->plan.prefix_len };
    gate->own_networks[1] =
        (struct ip_prefix){ gate->plan.network6, gate->plan.prefix_len6 };
    gate->host_networks = networks_of_host();
    config.avoided = (const void *)gate->host_networks->data;
    config.avoided_count = gate->host_networks->len;
    gate->fabric_driver = fabric_driver_new(&names);
    config.driver = fabric_driver_of(gate->fabric_driver);
    gate->networks = networks_new(&config);
    fabric_driver_watch(gate->fabric_driver, gate->networks);
}

void gate_networks_stop(struct gate *gate)
{
    networks_free(g_steal_pointer(&gate->networks));
    fabric_driver_free(g_steal_pointer(&gate->fabric_driver));
    if (gate->host_networks != NULL)
        g_array_free(g_steal_pointer(&gate->host_networks), TRUE);
}
