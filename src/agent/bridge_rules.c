/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/bridge_rules.h"

#include "agent/bridge_chain.h"
#include "agent/relay_rules.h"

#include <linux/netfilter.h>
#include <netinet/tcp.h>
#include <string.h>

#define PORT_DNS 53

void bridge_rules_mac(uint16_t number, uint8_t mac[6])
{
    static const uint8_t start[4] = AGENT_BRIDGE_MAC_START;

    memcpy(mac, start, sizeof(start));
    mac[4] = (uint8_t)(number >> 8);
    mac[5] = (uint8_t)number;
}

static void to_gateway(struct nft_batch *batch, const struct nft_chain *chain,
                       const struct ip_addr *gateway, bool dns)
{
    static const uint8_t carriers[] = { IPPROTO_UDP, IPPROTO_TCP };
    bool v6 = gateway->family == AF_INET6;
    struct nft_rule *rule = nft_rule_new(chain);

    bridge_match_family(rule, gateway->family);
    bridge_match_addr(rule, BRIDGE_MATCH_DST, gateway, true);
    nft_match_l4proto(rule, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, true);
    bridge_chain_accept(batch, rule);
    for (size_t i = 0; dns && i < G_N_ELEMENTS(carriers); i++) {
        rule = nft_rule_new(chain);
        bridge_match_family(rule, gateway->family);
        bridge_match_addr(rule, BRIDGE_MATCH_DST, gateway, true);
        bridge_match_port(rule, carriers[i], BRIDGE_MATCH_DST, PORT_DNS);
        bridge_chain_accept(batch, rule);
    }
}

static void to_peer(struct nft_batch *batch, const struct nft_chain *chain,
                    const struct agent_prefix *peer)
{
    struct nft_rule *rule = nft_rule_new(chain);

    bridge_match_family(rule, peer->addr.family);
    bridge_match_dst_prefix(rule, &peer->addr, peer->len);
    nft_set_mark(rule, RELAY_MARK_TO_GUEST);
    bridge_chain_accept(batch, rule);
}

static void to_connections(struct nft_batch *batch,
                           const struct nft_chain *chain)
{
    struct nft_rule *rule = nft_rule_new(chain);

    nft_match_l4proto(rule, IPPROTO_TCP, true);
    nft_match_tcp_flags(rule, TH_FIN | TH_SYN | TH_RST | TH_ACK, TH_SYN, false);
    bridge_chain_accept(batch, rule);
}

int bridge_rules_set(struct nft_socket *socket,
                     const struct agent_bridge *bridge,
                     const struct agent_bridge_rules *rules, unsigned gate_link,
                     GError **err)
{
    owned(nft_batch) batch = nft_batch_new();
    char name[BRIDGE_CHAIN_NAME_MAX];
    const struct nft_chain chain = bridge_chain_of_network(name, bridge->name);
    struct nft_rule *rule;

    nft_batch_add_table(batch, NFPROTO_NETDEV, BRIDGE_CHAIN_TABLE);
    nft_batch_add_chain(batch, &chain);
    nft_batch_flush_chain(batch, &chain);
    for (size_t i = 0; i < bridge->gateway_count; i++)
        to_gateway(batch, &chain, &bridge->gateways[i].addr, rules->dns != 0);
    for (size_t i = 0; i < rules->peer_count; i++)
        to_peer(batch, &chain, &rules->peers[i]);
    to_connections(batch, &chain);
    rule = nft_rule_new(&chain);
    nft_forward_frame(rule, gate_link);
    nft_batch_add_rule(batch, rule);
    return nft_batch_commit_by(batch, socket, err);
}

int bridge_rules_drop(struct nft_socket *socket, const char *bridge,
                      GError **err)
{
    char name[BRIDGE_CHAIN_NAME_MAX];
    const struct nft_chain chain = bridge_chain_of_network(name, bridge);

    return bridge_chain_drop(socket, &chain, err);
}
