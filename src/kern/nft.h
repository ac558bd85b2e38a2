/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"
#include "base/own.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * nftables by nfnetlink, encoded by libnftnl: what `nft -f` does with a file,
 * for the network namespace of the calling process.  A batch collects tables,
 * chains and rules in memory; nft_batch_commit() applies all of it or nothing.
 * Agent process only: needs CAP_NET_ADMIN over the namespace.
 */
struct nft_batch;
struct nft_rule;
struct nft_socket;

/*
 * The way to nftables of the network namespace where it was opened, from
 * wherever it is used.  Closing one waits until what was deleted by it is gone
 * in the kernel (some 20 ms); so whoever deletes more than once keeps it.
 */
struct nft_socket *nft_socket_open(GError **err);
void nft_socket_free(struct nft_socket *socket);
OWN_DEFINE(nft_socket)

/*
 * A base chain, at its table's hook; or a plain one that rules jump to.
 * Strings are kept by reference.
 */
struct nft_chain {
    int family;         /* NFPROTO_INET, NFPROTO_NETDEV ... */
    const char *table;  /* one table per family and name */
    const char *name;   /* also names the chain in errors */
    uint32_t hook;      /* NF_NETDEV_INGRESS, NF_INET_PRE_ROUTING ... */
    int32_t priority;   /* smaller runs first */
    const char *device; /* netdev family only */
    bool plain;         /* at no hook: those three do not matter */
};

/* Empty; what is added and not committed is never heard of. */
struct nft_batch *nft_batch_new(void);
void nft_batch_free(struct nft_batch *batch);
OWN_DEFINE(nft_batch)

/* That it exists already is no error, for chains too. */
void nft_batch_add_table(struct nft_batch *batch, int family, const char *name);
/* Its policy is to accept. */
void nft_batch_add_chain(struct nft_batch *batch,
                         const struct nft_chain *chain);
/* Removes the rules of a chain that exists. */
void nft_batch_flush_chain(struct nft_batch *batch,
                           const struct nft_chain *chain);
/* Removes an empty chain, to which no rule jumps. */
void nft_batch_del_chain(struct nft_batch *batch,
                         const struct nft_chain *chain);
/* Appends to the rule's chain; frees the rule. */
void nft_batch_add_rule(struct nft_batch *batch, struct nft_rule *rule);

/*
 * 0; or -1 and an error that names what the kernel refused and why: ENOENT for
 * an expression that it does not have, EOPNOTSUPP for a family.
 */
int nft_batch_commit(struct nft_batch *batch, GError **err);
/* The same by a socket that is kept. */
int nft_batch_commit_by(struct nft_batch *batch, struct nft_socket *socket,
                        GError **err);

/* A rule is a row of matches and statements, run from the first to the last
   until a match fails. */
struct nft_rule *nft_rule_new(const struct nft_chain *chain);

/* The interface that a packet came in by, or goes out by; 0 is no index. */
void nft_match_iif(struct nft_rule *rule, unsigned index, bool equal);
void nft_match_oif(struct nft_rule *rule, unsigned index, bool equal);
/* The family of an IP packet, in a chain that sees both: AF_INET, AF_INET6. */
void nft_match_family(struct nft_rule *rule, sa_family_t family);
/* ETH_P_IP and so on, in a netdev chain. */
void nft_match_ethertype(struct nft_rule *rule, uint16_t ethertype);
/* Never true for what is not IP, also when `equal` is false. */
void nft_match_l4proto(struct nft_rule *rule, uint8_t proto, bool equal);
/* Never true for later fragments. */
void nft_match_tcp_flags(struct nft_rule *rule, uint8_t mask, uint8_t value,
                         bool equal);
/* IPv6 packets whose destination starts with the `len` bits (16 at most) of
   `prefix`, in a netdev chain. */
void nft_match_ipv6_dst(struct nft_rule *rule, uint16_t prefix, unsigned len);
/* Where an offset counts from. */
enum nft_header { NFT_HEADER_LINK, NFT_HEADER_NETWORK, NFT_HEADER_TRANSPORT };
/*
 * Compares `len` bytes, 16 at most, at `offset` with those at `data`.  Never
 * true for a packet that ends before; the transport header of later fragments
 * is not there.
 */
void nft_match_bytes(struct nft_rule *rule, enum nft_header header,
                     uint32_t offset, const void *data, uint32_t len,
                     bool equal);
/* The same for the first `bits` of an address of the family. */
void nft_match_prefix(struct nft_rule *rule, enum nft_header header,
                      uint32_t offset, const struct ip_addr *net,
                      unsigned bits);
/* True for what exceeds that many packets in a second, with such a burst. */
void nft_match_over_rate(struct nft_rule *rule, uint64_t per_s, uint32_t burst);
/* PACKET_HOST and so on of packet(7). */
void nft_match_pkttype(struct nft_rule *rule, uint8_t type);
/* A socket of ours with IP_TRANSPARENT will get the packet. */
void nft_match_transparent_socket(struct nft_rule *rule);

/* What the packet passes for from now on (PACKET_HOST ...), and its mark. */
void nft_set_pkttype(struct nft_rule *rule, uint8_t type);
void nft_set_mark(struct nft_rule *rule, uint32_t mark);
/* Hands a packet to the listener at `to`, wherever it was sent. */
void nft_tproxy(struct nft_rule *rule, const struct ip_endpoint *to);
/* Sends the frame out of another interface as it is (netdev ingress). */
void nft_forward_frame(struct nft_rule *rule, unsigned index);
/* Goes on in a plain chain of the same table, and does not come back. */
void nft_goto(struct nft_rule *rule, const char *chain);
void nft_accept(struct nft_rule *rule);
void nft_drop(struct nft_rule *rule);
