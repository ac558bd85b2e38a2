/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/bridge_chain.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <netinet/in.h>

/* --- chains --- */

static const char *name_chain(char *name, const char *kind, const char *link)
{
    (void)g_snprintf(name, BRIDGE_CHAIN_NAME_MAX, "%s-%s", kind, link);
    return name;
}

struct nft_chain bridge_chain_of_network(char *name, const char *bridge)
{
    return (struct nft_chain){ .family = NFPROTO_NETDEV,
                               .table = BRIDGE_CHAIN_TABLE,
                               .name = name_chain(name, "net", bridge),
                               .plain = true };
}

struct nft_chain bridge_chain_of_port(char *name, const char *port)
{
    return (struct nft_chain){ .family = NFPROTO_NETDEV,
                               .table = BRIDGE_CHAIN_TABLE,
                               .name = name_chain(name, "from", port),
                               .hook = NF_NETDEV_INGRESS,
                               .device = port };
}

int bridge_chain_drop(struct nft_socket *socket, const struct nft_chain *chain,
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

/* --- the end of a rule --- */

void bridge_chain_accept(struct nft_batch *batch, struct nft_rule *rule)
{
    nft_accept(rule);
    nft_batch_add_rule(batch, rule);
}

void bridge_chain_refuse(struct nft_batch *batch, struct nft_rule *rule)
{
    nft_drop(rule);
    nft_batch_add_rule(batch, rule);
}

/* --- matches --- */

/* Offsets of fields (Ethernet, RFC 791, 8200, 768), by enum bridge_match_end.
 */
#define ETH_TYPE 12
static const uint32_t ipv4_addr[] = { 12, 16 };
static const uint32_t ipv6_addr[] = { 8, 24 };
static const uint32_t l4_port[] = { 0, 2 };

void bridge_match_ethertype(struct nft_rule *rule, uint16_t type, bool equal)
{
    const uint16_t value = htons(type);

    nft_match_bytes(rule, NFT_HEADER_LINK, ETH_TYPE, &value, sizeof(value),
                    equal);
}

void bridge_match_family(struct nft_rule *rule, sa_family_t family)
{
    bridge_match_ethertype(rule, family == AF_INET6 ? ETH_P_IPV6 : ETH_P_IP,
                           true);
}

void bridge_match_addr(struct nft_rule *rule, enum bridge_match_end end,
                       const struct ip_addr *addr, bool equal)
{
    if (addr->family == AF_INET6)
        nft_match_bytes(rule, NFT_HEADER_NETWORK, ipv6_addr[end], &addr->v6,
                        sizeof(addr->v6), equal);
    else
        nft_match_bytes(rule, NFT_HEADER_NETWORK, ipv4_addr[end], &addr->v4,
                        sizeof(addr->v4), equal);
}

void bridge_match_dst_prefix(struct nft_rule *rule, const struct ip_addr *net,
                             unsigned bits)
{
    const uint32_t *offsets = net->family == AF_INET6 ? ipv6_addr : ipv4_addr;

    nft_match_prefix(rule, NFT_HEADER_NETWORK, offsets[BRIDGE_MATCH_DST], net,
                     bits);
}

void bridge_match_port(struct nft_rule *rule, uint8_t proto,
                       enum bridge_match_end end, uint16_t port)
{
    const uint16_t value = htons(port);

    nft_match_l4proto(rule, proto, true);
    nft_match_bytes(rule, NFT_HEADER_TRANSPORT, l4_port[end], &value,
                    sizeof(value), true);
}

void bridge_match_icmpv6(struct nft_rule *rule, uint8_t type)
{
    bridge_match_ethertype(rule, ETH_P_IPV6, true);
    nft_match_l4proto(rule, IPPROTO_ICMPV6, true);
    nft_match_bytes(rule, NFT_HEADER_TRANSPORT, 0, &type, sizeof(type), true);
}
