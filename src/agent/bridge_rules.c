/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/bridge_rules.h"

#include "agent/relay_rules.h"
#include "kern/nft.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <netinet/tcp.h>
#include <string.h>

#define TABLE_NAME     "bridges"
#define CHAIN_NAME_MAX (IFNAMSIZ + 8)

/* What one container may send to everybody; more is lost. */
#define TO_MANY_PER_S 500
#define TO_MANY_BURST 1000

/* Offsets of fields (Ethernet, RFC 826, 791, 8200, 4861, 768). */
#define ETH_DST     0
#define ETH_SRC     6
#define ETH_TYPE    12
#define ARP_SRC_MAC 8
#define ARP_SRC_IP  14
#define IPV4_SRC    12
#define IPV4_DST    16
#define IPV6_SRC    8
#define IPV6_DST    24
#define PORT_SRC    0
#define PORT_DST    2
#define ND_TARGET   8

#define ND_ROUTER_ADVERTISEMENT 134
#define ND_ADVERTISEMENT        136
#define ND_REDIRECT_MESSAGE     137

#define PORT_DNS           53
#define PORT_DHCP_SERVER   67
#define PORT_DHCPV6_SERVER 547

void bridge_rules_mac(uint16_t number, uint8_t mac[6])
{
    static const uint8_t start[4] = AGENT_BRIDGE_MAC_START;

    memcpy(mac, start, sizeof(start));
    mac[4] = (uint8_t)(number >> 8);
    mac[5] = (uint8_t)number;
}

static const char *name_chain(char *out, const char *kind, const char *link)
{
    (void)g_snprintf(out, CHAIN_NAME_MAX, "%s-%s", kind, link);
    return out;
}

static struct nft_chain network_chain(const char *name)
{
    return (struct nft_chain){ .family = NFPROTO_NETDEV,
                               .table = TABLE_NAME,
                               .name = name,
                               .plain = true };
}

static struct nft_chain port_chain(const char *name, const char *device)
{
    return (struct nft_chain){ .family = NFPROTO_NETDEV,
                               .table = TABLE_NAME,
                               .name = name,
                               .hook = NF_NETDEV_INGRESS,
                               .device = device };
}

/* --- pieces of rules --- */

static void match_ethertype(struct nft_rule *rule, uint16_t type, bool equal)
{
    const uint16_t value = htons(type);

    nft_match_bytes(rule, NFT_HEADER_LINK, ETH_TYPE, &value, sizeof(value),
                    equal);
}

static void match_family(struct nft_rule *rule, sa_family_t family)
{
    match_ethertype(rule, family == AF_INET6 ? ETH_P_IPV6 : ETH_P_IP, true);
}

static void match_addr(struct nft_rule *rule, bool source,
                       const struct ip_addr *addr, bool equal)
{
    bool v6 = addr->family == AF_INET6;

    if (v6)
        nft_match_bytes(rule, NFT_HEADER_NETWORK, source ? IPV6_SRC : IPV6_DST,
                        &addr->v6, sizeof(addr->v6), equal);
    else
        nft_match_bytes(rule, NFT_HEADER_NETWORK, source ? IPV4_SRC : IPV4_DST,
                        &addr->v4, sizeof(addr->v4), equal);
}

static void match_port(struct nft_rule *rule, uint8_t proto, uint32_t offset,
                       uint16_t port)
{
    const uint16_t value = htons(port);

    nft_match_l4proto(rule, proto, true);
    nft_match_bytes(rule, NFT_HEADER_TRANSPORT, offset, &value, sizeof(value),
                    true);
}

static void match_icmpv6(struct nft_rule *rule, uint8_t type)
{
    match_ethertype(rule, ETH_P_IPV6, true);
    nft_match_l4proto(rule, IPPROTO_ICMPV6, true);
    nft_match_bytes(rule, NFT_HEADER_TRANSPORT, 0, &type, sizeof(type), true);
}

/* --- a network --- */

static void to_gateway(struct nft_batch *batch, const struct nft_chain *chain,
                       const struct ip_addr *gateway, bool dns)
{
    static const uint8_t carriers[] = { IPPROTO_UDP, IPPROTO_TCP };
    bool v6 = gateway->family == AF_INET6;
    struct nft_rule *rule = nft_rule_new(chain);

    match_family(rule, gateway->family);
    match_addr(rule, false, gateway, true);
    nft_match_l4proto(rule, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, true);
    nft_accept(rule);
    nft_batch_add_rule(batch, rule);
    for (size_t i = 0; dns && i < G_N_ELEMENTS(carriers); i++) {
        rule = nft_rule_new(chain);
        match_family(rule, gateway->family);
        match_addr(rule, false, gateway, true);
        match_port(rule, carriers[i], PORT_DST, PORT_DNS);
        nft_accept(rule);
        nft_batch_add_rule(batch, rule);
    }
}

static void to_peer(struct nft_batch *batch, const struct nft_chain *chain,
                    const struct agent_prefix *peer)
{
    struct nft_rule *rule = nft_rule_new(chain);

    match_family(rule, peer->addr.family);
    nft_match_prefix(rule, NFT_HEADER_NETWORK,
                     peer->addr.family == AF_INET6 ? IPV6_DST : IPV4_DST,
                     &peer->addr, peer->len);
    nft_set_mark(rule, RELAY_MARK_TO_GUEST);
    nft_accept(rule);
    nft_batch_add_rule(batch, rule);
}

static void to_connections(struct nft_batch *batch,
                           const struct nft_chain *chain)
{
    struct nft_rule *rule = nft_rule_new(chain);

    nft_match_l4proto(rule, IPPROTO_TCP, true);
    nft_match_tcp_flags(rule, TH_FIN | TH_SYN | TH_RST | TH_ACK, TH_SYN, false);
    nft_accept(rule);
    nft_batch_add_rule(batch, rule);
}

int bridge_rules_set(struct nft_socket *socket,
                     const struct agent_bridge *bridge,
                     const struct agent_bridge_rules *rules, unsigned gate_link,
                     GError **err)
{
    owned(nft_batch) batch = nft_batch_new();
    char name[CHAIN_NAME_MAX];
    const struct nft_chain chain =
        network_chain(name_chain(name, "net", bridge->name));
    struct nft_rule *rule;

    nft_batch_add_table(batch, NFPROTO_NETDEV, TABLE_NAME);
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

static int drop_chain(struct nft_socket *socket, const struct nft_chain *chain,
                      GError **err)
{
    owned(nft_batch) batch = nft_batch_new();

    /* May it be gone already: the answer to an earlier try may be lost. */
    if (chain->plain)
        nft_batch_add_chain(batch, chain);
    nft_batch_flush_chain(batch, chain);
    nft_batch_del_chain(batch, chain);
    return nft_batch_commit_by(batch, socket, err);
}

int bridge_rules_drop(struct nft_socket *socket, const char *bridge,
                      GError **err)
{
    char name[CHAIN_NAME_MAX];
    const struct nft_chain chain =
        network_chain(name_chain(name, "net", bridge));

    return drop_chain(socket, &chain, err);
}

/* --- a port --- */

static void refuse_next(struct nft_batch *batch, struct nft_rule *rule)
{
    nft_drop(rule);
    nft_batch_add_rule(batch, rule);
}

static void only_own_mac(struct nft_batch *batch, const struct nft_chain *chain,
                         const uint8_t mac[6])
{
    struct nft_rule *rule = nft_rule_new(chain);

    nft_match_bytes(rule, NFT_HEADER_LINK, ETH_SRC, mac, 6, false);
    refuse_next(batch, rule);
}

static void not_too_many(struct nft_batch *batch, const struct nft_chain *chain)
{
    static const uint8_t types[] = { PACKET_BROADCAST, PACKET_MULTICAST };

    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        struct nft_rule *rule = nft_rule_new(chain);

        nft_match_pkttype(rule, types[i]);
        nft_match_over_rate(rule, TO_MANY_PER_S, TO_MANY_BURST);
        refuse_next(batch, rule);
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
        match_ethertype(rule, ETH_P_ARP, true);
        nft_match_bytes(rule, NFT_HEADER_NETWORK, ARP_SRC_MAC, port->mac, 6,
                        true);
        nft_match_bytes(rule, NFT_HEADER_NETWORK, ARP_SRC_IP, &own->v4,
                        sizeof(own->v4), true);
        nft_accept(rule);
        nft_batch_add_rule(batch, rule);
    }
    rule = nft_rule_new(chain);
    match_ethertype(rule, ETH_P_ARP, true);
    refuse_next(batch, rule);
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
            match_addr(rule, true, &port->addresses[i], false);
}

static void only_own_ip(struct nft_batch *batch, const struct nft_chain *chain,
                        const struct agent_port *port)
{
    const struct ip_addr local = link_local(port->mac);
    const struct ip_addr none = ip_addr_v6(&in6addr_any);
    struct nft_rule *rule = nft_rule_new(chain);

    match_family(rule, AF_INET);
    unless_own(rule, port, AF_INET);
    refuse_next(batch, rule);
    /* Duplicate address detection asks without one. */
    rule = nft_rule_new(chain);
    match_family(rule, AF_INET6);
    unless_own(rule, port, AF_INET6);
    match_addr(rule, true, &local, false);
    match_addr(rule, true, &none, false);
    refuse_next(batch, rule);
}

static void only_own_advertisements(struct nft_batch *batch,
                                    const struct nft_chain *chain,
                                    const struct agent_port *port)
{
    const struct ip_addr local = link_local(port->mac);
    struct nft_rule *rule = nft_rule_new(chain);

    match_icmpv6(rule, ND_ADVERTISEMENT);
    for (size_t i = 0; i < port->address_count; i++)
        if (port->addresses[i].family == AF_INET6)
            nft_match_bytes(rule, NFT_HEADER_TRANSPORT, ND_TARGET,
                            &port->addresses[i].v6, 16, false);
    nft_match_bytes(rule, NFT_HEADER_TRANSPORT, ND_TARGET, &local.v6, 16,
                    false);
    refuse_next(batch, rule);
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
        match_icmpv6(rule, messages[i]);
        refuse_next(batch, rule);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ports); i++) {
        rule = nft_rule_new(chain);
        match_port(rule, IPPROTO_UDP, PORT_SRC, ports[i]);
        refuse_next(batch, rule);
    }
    /* Nothing but IP; ARP has been dealt with. */
    rule = nft_rule_new(chain);
    match_ethertype(rule, ETH_P_IP, false);
    match_ethertype(rule, ETH_P_IPV6, false);
    refuse_next(batch, rule);
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
        match_family(rule, port->addresses[i].family);
        match_addr(rule, true, &port->addresses[i], true);
        nft_match_l4proto(rule, IPPROTO_TCP, true);
        nft_match_pkttype(rule, PACKET_OTHERHOST);
        nft_accept(rule);
        nft_batch_add_rule(batch, rule);
    }
}

static void divide(struct nft_batch *batch, const struct nft_chain *chain,
                   const struct agent_bridge *bridge)
{
    char name[CHAIN_NAME_MAX];
    uint8_t mac[6];
    struct nft_rule *rule = nft_rule_new(chain);

    bridge_rules_mac(bridge->number, mac);
    nft_match_bytes(rule, NFT_HEADER_LINK, ETH_DST, mac, 6, false);
    nft_accept(rule);
    nft_batch_add_rule(batch, rule);
    rule = nft_rule_new(chain);
    nft_goto(rule, name_chain(name, "net", bridge->name));
    nft_batch_add_rule(batch, rule);
}

int bridge_rules_port(struct nft_socket *socket,
                      const struct agent_bridge *bridge,
                      const struct agent_port *port, GError **err)
{
    owned(nft_batch) batch = nft_batch_new();
    char name[CHAIN_NAME_MAX];
    const struct nft_chain chain =
        port_chain(name_chain(name, "from", port->name), port->name);

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
    char name[CHAIN_NAME_MAX];
    const struct nft_chain chain =
        port_chain(name_chain(name, "from", port), port);

    return drop_chain(socket, &chain, err);
}
