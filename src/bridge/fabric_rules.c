/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/fabric_internal.h"

#include "base/error.h"

#include <string.h>

static bool connects(const struct fabric_network *a,
                     const struct fabric_network *b)
{
    if (a->isolate == FABRIC_ISOLATE_STRICT ||
        b->isolate == FABRIC_ISOLATE_STRICT)
        return false;
    return a->isolate != FABRIC_ISOLATE_TRUE ||
           b->isolate != FABRIC_ISOLATE_TRUE;
}

static int add_peer(struct agent_bridge_rules *rules,
                    const struct fabric_network *peer, GError **err)
{
    for (size_t i = 0; i < peer->gateway_count; i++) {
        const struct fabric_address *gateway = &peer->gateways[i];
        const struct ip_prefix net =
            ip_prefix_of(&gateway->addr, gateway->prefix_len);

        if (rules->peer_count >= AGENT_PEERS_MAX)
            return error_set(err, SLIPGATE_ERROR_CONFLICT,
                             "a network reaches %d others' subnets at most",
                             AGENT_PEERS_MAX);
        rules->peers[rules->peer_count++] =
            (struct agent_prefix){ net.addr, net.len };
    }
    return 0;
}

int fabric_set_rules(struct fabric *fabric, const struct fabric_net *net,
                     GError **err)
{
    struct agent_bridge_rules rules = { .dns = net->config.dns };
    GHashTableIter iter;
    gpointer value;

    memcpy(rules.name, net->config.bridge, IFNAMSIZ);
    g_hash_table_iter_init(&iter, fabric->nets);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct fabric_net *other = value;

        if (other != net && connects(&net->config, &other->config) &&
            add_peer(&rules, &other->config, err) != 0)
            return -1;
    }
    return agent_bridge_rules(fabric->config.agent, &rules, err);
}

int fabric_set_others_rules(struct fabric *fabric, const struct fabric_net *but,
                            GError **err)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, fabric->nets);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct fabric_net *net = value;

        if (net != but && net->config.isolate != FABRIC_ISOLATE_STRICT &&
            fabric_set_rules(fabric, net, err) != 0)
            return -1;
    }
    return 0;
}
