/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/fabric_internal.h"

#include "base/error.h"
#include "base/log.h"

#include <string.h>

/* --- what a network is made of --- */

static int check_subnet(const struct fabric *fabric,
                        const struct fabric_address *gateway, GError **err)
{
    const struct plan *plan = fabric->config.plan;
    bool v6 = gateway->addr.family == AF_INET6;
    const struct ip_prefix net =
        ip_prefix_of(&gateway->addr, gateway->prefix_len);
    const struct ip_prefix own =
        v6 ? ip_prefix_of(&plan->network6, plan->prefix_len6)
           : ip_prefix_of(&plan->network, plan->prefix_len);

    if (v6 && !fabric->config.ipv6)
        return error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                         "IPv6 subnets need --enable-ipv6");
    if (ip_prefix_overlap(&net, &own))
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "a subnet overlaps the guest's own network");
    return 0;
}

static int check_network(const struct fabric *fabric,
                         const struct fabric_network *network, GError **err)
{
    if (g_hash_table_contains(fabric->nets, network->bridge))
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "there is a bridge %s already", network->bridge);
    if (network->gateway_count < 1 ||
        network->gateway_count > FABRIC_SUBNETS_MAX)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "a network needs 1 to %d subnets", FABRIC_SUBNETS_MAX);
    if (network->mtu != 0 &&
        (network->mtu < FABRIC_MTU_MIN || network->mtu > FABRIC_MTU_MAX))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "the MTU must be %d to %d", FABRIC_MTU_MIN,
                         FABRIC_MTU_MAX);
    for (size_t i = 0; i < network->gateway_count; i++)
        if (check_subnet(fabric, &network->gateways[i], err) != 0)
            return -1;
    return 0;
}

static void fill_segment(struct segment *segment,
                         const struct fabric_network *network)
{
    *segment = (struct segment){ .count = network->gateway_count,
                                 .internal = network->internal,
                                 .masquerade = network->masquerade };
    for (size_t i = 0; i < network->gateway_count; i++) {
        const struct fabric_address *gateway = &network->gateways[i];

        segment->gateways[i] = gateway->addr;
        segment->nets[i] = ip_prefix_of(&gateway->addr, gateway->prefix_len);
    }
}

/* One of that name may be about to go. */
static int await_name(struct fabric *fabric, const char *bridge, GError **err)
{
    struct porter *porter = fabric->config.porter;

    return porter_is_leaving(porter, bridge) ? porter_sync(porter, err) : 0;
}

static int make_bridge(struct fabric *fabric, const struct fabric_net *net,
                       GError **err)
{
    const struct fabric_network *network = &net->config;
    struct agent_bridge config = { .number = net->number,
                                   .mtu = network->mtu,
                                   .gateway_count =
                                       (uint32_t)network->gateway_count };
    g_autoptr(GError) why = NULL;

    memcpy(config.name, network->bridge, IFNAMSIZ);
    for (size_t i = 0; i < network->gateway_count; i++)
        config.gateways[i] =
            (struct agent_prefix){ network->gateways[i].addr,
                                   network->gateways[i].prefix_len };
    if (await_name(fabric, network->bridge, err) != 0)
        return -1;
    if (agent_bridge_add(fabric->config.agent, &config, &why) == 0)
        return 0;
    if (!g_error_matches(why, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT)) {
        g_propagate_error(err, g_steal_pointer(&why));
        return -1;
    }
    /* The names are ours: this one was left over by what failed. */
    fabric_delete_link(fabric, network->bridge);
    if (await_name(fabric, network->bridge, err) != 0)
        return -1;
    return agent_bridge_add(fabric->config.agent, &config, err);
}

/* --- networks --- */

static void unmake(struct fabric *fabric, struct fabric_net *net)
{
    g_autoptr(GError) err = NULL;

    if (!fabric->ending &&
        agent_bridge_drop(fabric->config.agent, net->config.bridge, &err) != 0)
        LOG_LIMITED("%s", err->message);
    fabric_delete_link(fabric, net->config.bridge);
    segments_remove(fabric->config.segments, net->number);
    g_hash_table_remove(fabric->nets, net->config.bridge);
}

int fabric_network_add(struct fabric *fabric,
                       const struct fabric_network *network, GError **err)
{
    g_autofree struct fabric_net *net = NULL;
    struct fabric_net *made;
    struct segment segment;

    if (fabric_open(fabric, err) != 0 ||
        check_network(fabric, network, err) != 0)
        return -1;
    net = g_new0(struct fabric_net, 1);
    net->config = *network;
    if (net->config.mtu == 0)
        net->config.mtu = fabric_mtu(fabric);
    fill_segment(&segment, network);
    net->number = segments_add(fabric->config.segments, &segment, err);
    if (net->number == 0)
        return -1;
    if (make_bridge(fabric, net, err) != 0) {
        segments_remove(fabric->config.segments, net->number);
        return -1;
    }
    made = g_steal_pointer(&net);
    g_hash_table_insert(fabric->nets, made->config.bridge, made);
    if (fabric_set_rules(fabric, made, err) == 0 &&
        (network->isolate == FABRIC_ISOLATE_STRICT ||
         fabric_set_others_rules(fabric, made, err) == 0))
        return 0;
    unmake(fabric, made);
    (void)fabric_set_others_rules(fabric, NULL, NULL);
    return -1;
}

static bool same_layout(const struct fabric_net *net,
                        const struct fabric_network *wanted)
{
    if (net->config.gateway_count != wanted->gateway_count ||
        (wanted->mtu != 0 && wanted->mtu != net->config.mtu))
        return false;
    for (size_t i = 0; i < wanted->gateway_count; i++)
        if (!ip_addr_equal(&net->config.gateways[i].addr,
                           &wanted->gateways[i].addr) ||
            net->config.gateways[i].prefix_len !=
                wanted->gateways[i].prefix_len)
            return false;
    return true;
}

static void take_over(struct fabric *fabric, struct fabric_net *net,
                      const struct fabric_network *wanted)
{
    struct segment *segment =
        segments_get(fabric->config.segments, net->number);
    uint32_t mtu = net->config.mtu;

    net->config = *wanted;
    net->config.mtu = mtu;
    segment->internal = wanted->internal;
    segment->masquerade = wanted->masquerade;
}

int fabric_network_update(struct fabric *fabric,
                          const struct fabric_network *network, GError **err)
{
    struct fabric_net *net = fabric_find_net(fabric, network->bridge, err);
    struct fabric_network before;

    if (net == NULL)
        return -1;
    if (!same_layout(net, network))
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "subnets and MTU of a network stay as they are");
    before = net->config;
    take_over(fabric, net, network);
    if (fabric_set_rules(fabric, net, err) != 0 ||
        fabric_set_others_rules(fabric, net, err) != 0) {
        take_over(fabric, net, &before);
        (void)fabric_set_rules(fabric, net, NULL);
        (void)fabric_set_others_rules(fabric, net, NULL);
        return -1;
    }
    if (before.icc != network->icc)
        fabric_isolate_ports(fabric, net);
    return 0;
}

static void drop_ports(struct fabric *fabric, const struct fabric_net *net)
{
    g_autoptr(GList) plugs = g_hash_table_get_values(fabric->plugs);

    for (GList *l = plugs; l != NULL; l = l->next) {
        struct fabric_plug *plug = l->data;

        if (plug->net == net)
            fabric_drop_plug(fabric, plug, true);
    }
}

int fabric_network_remove(struct fabric *fabric, const char *bridge,
                          GError **err)
{
    struct fabric_net *net = fabric_find_net(fabric, bridge, err);
    bool reached;

    if (net == NULL)
        return -1;
    reached = net->config.isolate != FABRIC_ISOLATE_STRICT;
    drop_ports(fabric, net);
    unmake(fabric, net);
    if (!reached || fabric->ending)
        return 0;
    return fabric_set_others_rules(fabric, NULL, err);
}
