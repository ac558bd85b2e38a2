/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/relay_rules.h"

#include "agent/ops.h"
#include "kern/nft.h"
#include "kern/rtnl.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <net/if.h>
#include <netinet/tcp.h>

/*
 * Three ways out of the relay namespace, by mark:
 *   1, packets that a socket of ours is waiting for   -> local delivery
 *   2, packets of our sockets and of the gate         -> containers, the guest
 *   none, TCP of these that is not relayed            -> the gate
 * Next hops are addresses that nobody uses, with static neighbours; so nothing
 * here ever asks by ARP or neighbour discovery, nor depends on what addresses
 * the guest gives itself.
 */
#define MARK_LOCAL       1
#define TABLE_LOCAL      101
#define TABLE_GUEST      102
#define PRIORITY_BRIDGES 100
#define PRIORITY_LOCAL   101
#define PRIORITY_GUEST   102
#define PRIORITY_OWN     103

/* The gate takes frames whatever their destination; libslirp writes this. */
static const uint8_t gate_mac[6] = { 0x52, 0x55, 0x0a, 0x00, 0x02, 0x02 };

static const char *const guest_hops[2] = { "169.254.77.1", "fe80::1" };
static const char *const gate_hops[2] = { "169.254.77.2", "fe80::2" };

static struct ip_addr hop(const char *const hops[2], bool v6)
{
    struct ip_addr addr = { .family = AF_UNSPEC };

    (void)ip_addr_parse(hops[v6], &addr);
    return addr;
}

/* --- routing --- */

static int route_by(struct rtnl *rtnl, unsigned link, unsigned table,
                    const struct ip_addr *next, GError **err)
{
    const struct rtnl_route route = { .family = next->family,
                                      .gateway = *next,
                                      .oif = link,
                                      .table = table,
                                      .onlink = true };

    return rtnl_route_add(rtnl, &route, err);
}

static int route_nowhere(struct rtnl *rtnl, sa_family_t family, unsigned table,
                         GError **err)
{
    const struct rtnl_route route = { .family = family,
                                      .table = table,
                                      .unreachable = true };

    return rtnl_route_add(rtnl, &route, err);
}

static int route_family(struct rtnl *rtnl, const struct relay_rules *rules,
                        bool v6, GError **err)
{
    const sa_family_t family = v6 ? AF_INET6 : AF_INET;
    const struct ip_addr guest = hop(guest_hops, v6), gate = hop(gate_hops, v6);
    const struct rtnl_route local = { .family = family,
                                      .oif = rtnl_link_index(rtnl, "lo"),
                                      .table = TABLE_LOCAL,
                                      .local = true };

    if (rtnl_route_add(rtnl, &local, err) != 0 ||
        rtnl_rule_add_fwmark(rtnl, family, RELAY_MARK_TO_GUEST,
                             RELAY_TABLE_BRIDGES, PRIORITY_BRIDGES, err) != 0 ||
        rtnl_rule_add_own(rtnl, family, RELAY_TABLE_BRIDGES, PRIORITY_OWN,
                          err) != 0 ||
        rtnl_rule_add_fwmark(rtnl, family, MARK_LOCAL, TABLE_LOCAL,
                             PRIORITY_LOCAL, err) != 0 ||
        rtnl_rule_add_fwmark(rtnl, family, RELAY_MARK_TO_GUEST, TABLE_GUEST,
                             PRIORITY_GUEST, err) != 0)
        return -1;
    if ((rules->guest_link != 0
             ? route_by(rtnl, rules->guest_link, TABLE_GUEST, &guest, err)
             : route_nowhere(rtnl, family, TABLE_GUEST, err)) != 0 ||
        route_by(rtnl, rules->gate_link, 0, &gate, err) != 0)
        return -1;
    return rtnl_neigh_add(rtnl, rules->gate_link, &gate, gate_mac, err);
}

int relay_rules_set_guest_mac(struct rtnl *rtnl, unsigned guest_link, bool ipv6,
                              const uint8_t mac[6], GError **err)
{
    const struct ip_addr guest = hop(guest_hops, false);
    const struct ip_addr guest6 = hop(guest_hops, true);

    if (rtnl_neigh_add(rtnl, guest_link, &guest, mac, err) != 0)
        return -1;
    return ipv6 ? rtnl_neigh_add(rtnl, guest_link, &guest6, mac, err) : 0;
}

/* --- the packet filter --- */

#define TABLE_NAME "relay"
#define FLAGS_SEEN (TH_FIN | TH_SYN | TH_RST | TH_ACK)

/*
 * Frames of the guest.  TCP goes up the stack, to whom it may concern, but not
 * a SYN: the gate decides, and sends it back when the far end has accepted.
 * Link-local IPv6 is not routed, so that stays with the gate altogether.
 */
static void from_guest(struct nft_batch *batch, const struct relay_rules *rules)
{
    const struct nft_chain chain = { .family = NFPROTO_NETDEV,
                                     .table = TABLE_NAME,
                                     .name = "from-guest",
                                     .hook = NF_NETDEV_INGRESS,
                                     .device = rules->guest_link_name };
    static const uint8_t bridges[] = AGENT_BRIDGE_MAC_START;
    struct nft_rule *rule;

    nft_batch_add_chain(batch, &chain);
    rule = nft_rule_new(&chain);
    nft_match_bytes(rule, NFT_HEADER_LINK, 0, bridges, sizeof(bridges), true);
    nft_drop(rule);
    nft_batch_add_rule(batch, rule);
    if (rules->ipv6) {
        rule = nft_rule_new(&chain);
        nft_match_ipv6_dst(rule, 0xfe80, 10);
        nft_forward_frame(rule, rules->gate_link);
        nft_batch_add_rule(batch, rule);
    }
    rule = nft_rule_new(&chain);
    if (!rules->ipv6)
        nft_match_ethertype(rule, ETH_P_IP);
    nft_match_l4proto(rule, IPPROTO_TCP, true);
    nft_match_tcp_flags(rule, FLAGS_SEEN, TH_SYN, false);
    nft_set_pkttype(rule, PACKET_HOST);
    nft_accept(rule);
    nft_batch_add_rule(batch, rule);
    rule = nft_rule_new(&chain);
    nft_forward_frame(rule, rules->gate_link);
    nft_batch_add_rule(batch, rule);
}

/* Frames of the gate: those for the tap's own address are SYNs to be accepted,
   or for containers; the others are the guest's. */
static void from_gate(struct nft_batch *batch, const struct relay_rules *rules)
{
    const struct nft_chain chain = { .family = NFPROTO_NETDEV,
                                     .table = TABLE_NAME,
                                     .name = "from-gate",
                                     .hook = NF_NETDEV_INGRESS,
                                     .device = rules->gate_link_name };
    struct nft_rule *rule = nft_rule_new(&chain);

    nft_batch_add_chain(batch, &chain);
    nft_match_pkttype(rule, PACKET_HOST);
    nft_accept(rule);
    nft_batch_add_rule(batch, rule);
    rule = nft_rule_new(&chain);
    if (rules->guest_link != 0)
        nft_forward_frame(rule, rules->guest_link);
    else
        nft_drop(rule);
    nft_batch_add_rule(batch, rule);
}

static void accept_held(struct nft_batch *batch, const struct nft_chain *chain,
                        const struct relay_rules *rules,
                        const struct ip_endpoint *listener)
{
    struct nft_rule *rule = nft_rule_new(chain);

    nft_match_iif(rule, rules->gate_link, true);
    nft_match_family(rule, listener->addr.family);
    nft_match_l4proto(rule, IPPROTO_TCP, true);
    nft_match_tcp_flags(rule, FLAGS_SEEN, TH_SYN, true);
    nft_tproxy(rule, listener);
    nft_set_mark(rule, MARK_LOCAL);
    nft_accept(rule);
    nft_batch_add_rule(batch, rule);
}

/* Runs before connection tracking, which is not used at all. */
static void steer(struct nft_batch *batch, const struct relay_rules *rules)
{
    const struct nft_chain chain = { .family = NFPROTO_INET,
                                     .table = TABLE_NAME,
                                     .name = "steer",
                                     .hook = NF_INET_PRE_ROUTING,
                                     .priority = NF_IP_PRI_RAW };
    struct nft_rule *rule = nft_rule_new(&chain);

    nft_batch_add_chain(batch, &chain);
    nft_match_iif(rule, rules->gate_link, false);
    nft_match_transparent_socket(rule);
    nft_set_mark(rule, MARK_LOCAL);
    nft_accept(rule);
    nft_batch_add_rule(batch, rule);
    accept_held(batch, &chain, rules, &rules->listener);
    if (rules->ipv6)
        accept_held(batch, &chain, rules, &rules->listener6);
    rule = nft_rule_new(&chain);
    nft_match_iif(rule, rules->gate_link, true);
    nft_set_mark(rule, RELAY_MARK_TO_GUEST);
    nft_accept(rule);
    nft_batch_add_rule(batch, rule);
}

static void say_nothing_to(struct nft_batch *batch,
                           const struct nft_chain *chain, unsigned link)
{
    struct nft_rule *rule = nft_rule_new(chain);

    nft_match_oif(rule, link, true);
    nft_match_l4proto(rule, IPPROTO_TCP, false);
    nft_drop(rule);
    nft_batch_add_rule(batch, rule);
}

/* This namespace says nothing to guest and gate of its own accord: no multicast
   reports, no ICMP errors from addresses that nobody knows. */
static void stay_silent(struct nft_batch *batch,
                        const struct relay_rules *rules)
{
    const struct nft_chain chain = { .family = NFPROTO_INET,
                                     .table = TABLE_NAME,
                                     .name = "silence",
                                     .hook = NF_INET_LOCAL_OUT };

    nft_batch_add_chain(batch, &chain);
    say_nothing_to(batch, &chain, rules->gate_link);
    if (rules->guest_link != 0)
        say_nothing_to(batch, &chain, rules->guest_link);
}

static int filter(const struct relay_rules *rules, GError **err)
{
    owned(nft_batch) batch = nft_batch_new();

    nft_batch_add_table(batch, NFPROTO_NETDEV, TABLE_NAME);
    if (rules->guest_link != 0)
        from_guest(batch, rules);
    from_gate(batch, rules);
    nft_batch_add_table(batch, NFPROTO_INET, TABLE_NAME);
    steer(batch, rules);
    stay_silent(batch, rules);
    return nft_batch_commit(batch, err);
}

int relay_rules_apply(struct rtnl *rtnl, const struct relay_rules *rules,
                      GError **err)
{
    if (route_family(rtnl, rules, false, err) != 0)
        return -1;
    if (rules->ipv6 && route_family(rtnl, rules, true, err) != 0)
        return -1;
    return filter(rules, err);
}
