/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/bridge_chain.h"
#include "agent/bridge_rules.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>

/* What one container may send to everybody; more is lost. */
#define TO_MANY_PER_S 500
#define TO_MANY_BURST 1000

/* Offsets of fields (Ethernet, RFC 826, 4861). */
#define ETH_DST     0
#define ETH_SRC     6
#define ARP_SRC_MAC 8
#define ARP_SRC_IP  14
#define ND_TARGET   8

#define ND_ROUTER_ADVERTISEMENT 134
#define ND_ADVERTISEMENT        136
#define ND_REDIRECT_MESSAGE     137

#define PORT_DHCP_SERVER   67
#define PORT_DHCPV6_SERVER 547

static void only_own_mac(struct nft_batch *batch, const struct nft_chain *chain,
                         const uint8_t mac[6])
{
    struct nft_rule *rule = nft_rule_new(chain);

    nft_match_bytes(rule, NFT_HEADER_LINK, ETH_SRC, mac, 6, false);
    bridge_chain_refuse(batch, rule);
}

static void not_too_many(struct nft_batch *batch, const struct nft_chain *chain)
{
    static const uint8_t types[] = { PACKET_BROADCAST, PACKET_MULTICAST };

    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        struct nft_rule *rule = nft_rule_new(chain);

        nft_match_pkttype(rule, types[i]);
        nft_match_over_rate(rule, TO_MANY_PER_S, TO_MANY_BURST);
        bridge_chain_refuse(batch, rule);
    }
}

static void only_own_arp(struct nft_batch *batch, const struct nft_chain *chain,
                         const struct agent_port *port)
{
    struct nft_rule *rule;

    for (size_t i = 0; i < port->address_count; i++) {
        const struct ip_addr *own = &port->addresses[i];

        if (own->family != AF_INET)
            continue;
        rule = nft_rule_new(chain);
        bridge_match_ethertype(rule, ETH_P_ARP, true);
        nft_match_bytes(rule, NFT_HEADER_NETWORK, ARP_SRC_MAC, port->mac, 6,
                        true);
        nft_match_bytes(rule, NFT_HEADER_NETWORK, ARP_SRC_IP, &own->v4,
                        sizeof(own->v4), true);
        bridge_chain_accept(batch, rule);
    }
    rule = nft_rule_new(chain);
    bridge_match_ethertype(rule, ETH_P_ARP, true);
    bridge_chain_refuse(batch, rule);
}

/* The link-local address that the kernel makes of a MAC (RFC 4291 app. A). */
static struct ip_addr link_local(const uint8_t mac[6])
{
    struct in6_addr v6 = {
        .s6_addr = { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, (uint8_t)(mac[0] ^ 0x02),
                     mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] }
    };

    return ip_addr_v6(&v6);
}

static void unless_own(struct nft_rule *rule, const struct agent_port *port,
                       sa_family_t family)
{
    for (size_t i = 0; i < port->address_count; i++)
        if (port->addresses[i].family == family)
            bridge_match_addr(rule, BRIDGE_MATCH_SRC, &port->addresses[i],
                              false);
}

static void only_own_ip(struct nft_batch *batch, const struct nft_chain *chain,
                        const struct agent_port *port)
{
    const struct ip_addr local = link_local(port->mac);
    const struct ip_addr none = ip_addr_v6(&in6addr_any);
    struct nft_rule *rule = nft_rule_new(chain);

    bridge_match_family(rule, AF_INET);
    unless_own(rule, port, AF_INET);
    bridge_chain_refuse(batch, rule);
    /* Duplicate address detection asks without one. */
    rule = nft_rule_new(chain);
    bridge_match_family(rule, AF_INET6);
    unless_own(rule, port, AF_INET6);
    bridge_match_addr(rule, BRIDGE_MATCH_SRC, &local, false);
    bridge_match_addr(rule, BRIDGE_MATCH_SRC, &none, false);
    bridge_chain_refuse(batch, rule);
}

static void only_own_advertisements(struct nft_batch *batch,
                                    const struct nft_chain *chain,
                                    const struct agent_port *port)
{
    const struct ip_addr local = link_local(port->mac);
    struct nft_rule *rule = nft_rule_new(chain);

    bridge_match_icmpv6(rule, ND_ADVERTISEMENT);
    for (size_t i = 0; i < port->address_count; i++)
        if (port->addresses[i].family == AF_INET6)
            nft_match_bytes(rule, NFT_HEADER_TRANSPORT, ND_TARGET,
                            &port->addresses[i].v6, 16, false);
    nft_match_bytes(rule, NFT_HEADER_TRANSPORT, ND_TARGET, &local.v6, 16,
                    false);
    bridge_chain_refuse(batch, rule);
}

/* A container is no router and gives out no addresses. */
static void no_services(struct nft_batch *batch, const struct nft_chain *chain)
{
    static const uint8_t messages[] = { ND_ROUTER_ADVERTISEMENT,
                                        ND_REDIRECT_MESSAGE };
    static const uint16_t ports[] = { PORT_DHCP_SERVER, PORT_DHCPV6_SERVER };
    struct nft_rule *rule;

    for (size_t i = 0; i < G_N_ELEMENTS(messages); i++) {
        rule = nft_rule_new(chain);
        bridge_match_icmpv6(rule, messages[i]);
        bridge_chain_refuse(batch, rule);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ports); i++) {
        rule = nft_rule_new(chain);
        bridge_match_port(rule, IPPROTO_UDP, BRIDGE_MATCH_SRC, ports[i]);
        bridge_chain_refuse(batch, rule);
    }
    /* Nothing but IP; ARP has been dealt with. */
    rule = nft_rule_new(chain);
    bridge_match_ethertype(rule, ETH_P_IP, false);
    bridge_match_ethertype(rule, ETH_P_IPV6, false);
    bridge_chain_refuse(batch, rule);
}

/* TCP with an own address has nothing more to fear; it comes in numbers. */
static void pass_own_tcp(struct nft_batch *batch, const struct nft_chain *chain,
                         const struct agent_bridge *bridge,
                         const struct agent_port *port)
{
    uint8_t mac[6];
    struct nft_rule *rule;

    bridge_rules_mac(bridge->number, mac);
    for (size_t i = 0; i < port->address_count; i++) {
        rule = nft_rule_new(chain);
        nft_match_bytes(rule, NFT_HEADER_LINK, ETH_DST, mac, 6, false);
        nft_match_bytes(rule, NFT_HEADER_LINK, ETH_SRC, port->mac, 6, true);
        bridge_match_family(rule, port->addresses[i].family);
        bridge_match_addr(rule, BRIDGE_MATCH_SRC, &port->addresses[i], true);
        nft_match_l4proto(rule, IPPROTO_TCP, true);
        nft_match_pkttype(rule, PACKET_OTHERHOST);
        bridge_chain_accept(batch, rule);
    }
}

static void divide(struct nft_batch *batch, const struct nft_chain *chain,
                   const struct agent_bridge *bridge)
{
    char name[BRIDGE_CHAIN_NAME_MAX];
    const struct nft_chain network =
        bridge_chain_of_network(name, bridge->name);
    uint8_t mac[6];
    struct nft_rule *rule = nft_rule_new(chain);

    bridge_rules_mac(bridge->number, mac);
    nft_match_bytes(rule, NFT_HEADER_LINK, ETH_DST, mac, 6, false);
    bridge_chain_accept(batch, rule);
    rule = nft_rule_new(chain);
    nft_goto(rule, network.name);
    nft_batch_add_rule(batch, rule);
}

int bridge_rules_port(struct nft_socket *socket,
                      const struct agent_bridge *bridge,
                      const struct agent_port *port, GError **err)
{
    owned(nft_batch) batch = nft_batch_new();
    char name[BRIDGE_CHAIN_NAME_MAX];
    const struct nft_chain chain = bridge_chain_of_port(name, port->name);

    nft_batch_add_chain(batch, &chain);
    pass_own_tcp(batch, &chain, bridge, port);
    only_own_mac(batch, &chain, port->mac);
    not_too_many(batch, &chain);
    only_own_arp(batch, &chain, port);
    only_own_ip(batch, &chain, port);
    only_own_advertisements(batch, &chain, port);
    no_services(batch, &chain);
    divide(batch, &chain, bridge);
    return nft_batch_commit_by(batch, socket, err);
}

int bridge_rules_port_drop(struct nft_socket *socket, const char *port,
                           GError **err)
{
    char name[BRIDGE_CHAIN_NAME_MAX];
    const struct nft_chain chain = bridge_chain_of_port(name, port);

    return bridge_chain_drop(socket, &chain, err);
}
