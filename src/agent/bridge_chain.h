/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "kern/nft.h"

#include <glib.h>
#include <net/if.h>
#include <stdbool.h>

/*
 * What the chains of agent/bridge_rules.h are made of: their names, and matches
 * for frames as a port of a bridge gets them.  Agent process only, in the relay
 * namespace.
 */

#define BRIDGE_CHAIN_TABLE    "bridges"
#define BRIDGE_CHAIN_NAME_MAX (IFNAMSIZ + 8)

/*
 * The chain of a bridge, and that at the ingress of a port.  Its name is
 * written to `name`, BRIDGE_CHAIN_NAME_MAX bytes, which has to last as long, as
 * has `port`.
 */
struct nft_chain bridge_chain_of_network(char *name, const char *bridge);
struct nft_chain bridge_chain_of_port(char *name, const char *port);
/* Removes one with its rules; 0, or -1 and an error. */
int bridge_chain_drop(struct nft_socket *socket, const struct nft_chain *chain,
                      GError **err);

/* End a rule and append it to its chain; they take the rule. */
void bridge_chain_accept(struct nft_batch *batch, struct nft_rule *rule);
void bridge_chain_refuse(struct nft_batch *batch, struct nft_rule *rule);

enum bridge_match_end { BRIDGE_MATCH_SRC, BRIDGE_MATCH_DST };

/* ETH_P_IP and so on, as the frame says; so ETH_P_ARP as well. */
void bridge_match_ethertype(struct nft_rule *rule, uint16_t type, bool equal);
/* IP of that family; AF_INET, AF_INET6. */
void bridge_match_family(struct nft_rule *rule, sa_family_t family);
/* For packets of the address's family, which is matched before. */
void bridge_match_addr(struct nft_rule *rule, enum bridge_match_end end,
                       const struct ip_addr *addr, bool equal);
void bridge_match_dst_prefix(struct nft_rule *rule, const struct ip_addr *net,
                             unsigned bits);
/* IPPROTO_UDP or IPPROTO_TCP, and its port. */
void bridge_match_port(struct nft_rule *rule, uint8_t proto,
                       enum bridge_match_end end, uint16_t port);
void bridge_match_icmpv6(struct nft_rule *rule, uint8_t type);
