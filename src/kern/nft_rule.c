/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/nft.h"

#include "kern/nft_internal.h"

#include <arpa/inet.h>
#include <libnftnl/expr.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stddef.h>
#include <string.h>

/* One register is enough for all of this, but tproxy wants address and port. */
#define REG       NFT_REG32_00
#define REG_PORT  NFT_REG32_04
#define TCP_FLAGS 13u /* offset in its header */

struct nft_rule *nft_rule_new(const struct nft_chain *chain)
{
    struct nft_rule *rule = g_new(struct nft_rule, 1);

    rule->chain = chain;
    rule->nftnl = nftnl_rule_alloc();
    g_assert(rule->nftnl != NULL);
    nftnl_rule_set_u32(rule->nftnl, NFTNL_RULE_FAMILY, (uint32_t)chain->family);
    nftnl_rule_set_str(rule->nftnl, NFTNL_RULE_TABLE, chain->table);
    nftnl_rule_set_str(rule->nftnl, NFTNL_RULE_CHAIN, chain->name);
    return rule;
}

static struct nftnl_expr *append(struct nft_rule *rule, const char *name)
{
    struct nftnl_expr *expr = nftnl_expr_alloc(name);

    g_assert(expr != NULL);
    nftnl_rule_add_expr(rule->nftnl, expr);
    return expr;
}

static void load_meta(struct nft_rule *rule, uint32_t key)
{
    struct nftnl_expr *expr = append(rule, "meta");

    nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, REG);
}

static void store_meta(struct nft_rule *rule, uint32_t key)
{
    struct nftnl_expr *expr = append(rule, "meta");

    nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_META_SREG, REG);
}

static void load_payload(struct nft_rule *rule, uint32_t base, uint32_t offset,
                         uint32_t len)
{
    struct nftnl_expr *expr = append(rule, "payload");

    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, len);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, REG);
}

static void load_value(struct nft_rule *rule, uint32_t reg, const void *data,
                       uint32_t len)
{
    struct nftnl_expr *expr = append(rule, "immediate");

    nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, reg);
    nftnl_expr_set(expr, NFTNL_EXPR_IMM_DATA, data, len);
}

/* The register's first `len` bytes, ANDed with `mask`. */
static void mask_register(struct nft_rule *rule, const void *mask, uint32_t len)
{
    static const uint8_t zeros[16];
    struct nftnl_expr *expr = append(rule, "bitwise");

    g_assert(len <= sizeof(zeros));
    nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, REG);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, REG);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, len);
    nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, mask, len);
    nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, zeros, len);
}

static void compare(struct nft_rule *rule, const void *data, uint32_t len,
                    bool equal)
{
    struct nftnl_expr *expr = append(rule, "cmp");

    nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, REG);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP,
                       equal ? NFT_CMP_EQ : NFT_CMP_NEQ);
    nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, data, len);
}

/* --- matches --- */

void nft_match_iif(struct nft_rule *rule, unsigned index, bool equal)
{
    load_meta(rule, NFT_META_IIF);
    compare(rule, &index, sizeof(index), equal);
}

void nft_match_oif(struct nft_rule *rule, unsigned index, bool equal)
{
    load_meta(rule, NFT_META_OIF);
    compare(rule, &index, sizeof(index), equal);
}

void nft_match_family(struct nft_rule *rule, sa_family_t family)
{
    uint8_t proto = family == AF_INET6 ? NFPROTO_IPV6 : NFPROTO_IPV4;

    load_meta(rule, NFT_META_NFPROTO);
    compare(rule, &proto, sizeof(proto), true);
}

void nft_match_ethertype(struct nft_rule *rule, uint16_t ethertype)
{
    uint16_t value = htons(ethertype);

    load_meta(rule, NFT_META_PROTOCOL);
    compare(rule, &value, sizeof(value), true);
}

void nft_match_l4proto(struct nft_rule *rule, uint8_t proto, bool equal)
{
    load_meta(rule, NFT_META_L4PROTO);
    compare(rule, &proto, sizeof(proto), equal);
}

void nft_match_tcp_flags(struct nft_rule *rule, uint8_t mask, uint8_t value,
                         bool equal)
{
    load_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS, sizeof(mask));
    mask_register(rule, &mask, sizeof(mask));
    compare(rule, &value, sizeof(value), equal);
}

void nft_match_ipv6_dst(struct nft_rule *rule, uint16_t prefix, unsigned len)
{
    uint16_t mask = htons((uint16_t)(0xffffu << (16 - len)));
    uint16_t value = htons(prefix);

    nft_match_ethertype(rule, ETH_P_IPV6);
    load_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 24, sizeof(value));
    mask_register(rule, &mask, sizeof(mask));
    compare(rule, &value, sizeof(value), true);
}

static const uint32_t header_base[] = {
    [NFT_HEADER_LINK] = NFT_PAYLOAD_LL_HEADER,
    [NFT_HEADER_NETWORK] = NFT_PAYLOAD_NETWORK_HEADER,
    [NFT_HEADER_TRANSPORT] = NFT_PAYLOAD_TRANSPORT_HEADER,
};

void nft_match_bytes(struct nft_rule *rule, enum nft_header header,
                     uint32_t offset, const void *data, uint32_t len,
                     bool equal)
{
    load_payload(rule, header_base[header], offset, len);
    compare(rule, data, len, equal);
}

void nft_match_prefix(struct nft_rule *rule, enum nft_header header,
                      uint32_t offset, const struct ip_addr *net, unsigned bits)
{
    uint32_t len = net->family == AF_INET6 ? 16 : 4;
    uint8_t mask[16] = { 0 }, value[16];

    memcpy(value, &net->v6, len);
    for (unsigned i = 0; i < len; i++) {
        unsigned left = bits > 8 * i ? MIN(bits - 8 * i, 8) : 0;

        mask[i] = (uint8_t)(0xff00u >> left);
        value[i] &= mask[i];
    }
    load_payload(rule, header_base[header], offset, len);
    mask_register(rule, mask, len);
    compare(rule, value, len, true);
}

void nft_match_over_rate(struct nft_rule *rule, uint64_t per_s, uint32_t burst)
{
    struct nftnl_expr *expr = append(rule, "limit");

    nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_RATE, per_s);
    nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_UNIT, 1);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_BURST, burst);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_FLAGS, NFT_LIMIT_F_INV);
}

void nft_match_pkttype(struct nft_rule *rule, uint8_t type)
{
    load_meta(rule, NFT_META_PKTTYPE);
    compare(rule, &type, sizeof(type), true);
}

void nft_match_transparent_socket(struct nft_rule *rule)
{
    struct nftnl_expr *expr = append(rule, "socket");
    uint8_t yes = 1;

    nftnl_expr_set_u32(expr, NFTNL_EXPR_SOCKET_KEY, NFT_SOCKET_TRANSPARENT);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_SOCKET_DREG, REG);
    compare(rule, &yes, sizeof(yes), true);
}

/* --- statements --- */

void nft_set_pkttype(struct nft_rule *rule, uint8_t type)
{
    load_value(rule, REG, &type, sizeof(type));
    store_meta(rule, NFT_META_PKTTYPE);
}

void nft_set_mark(struct nft_rule *rule, uint32_t mark)
{
    load_value(rule, REG, &mark, sizeof(mark));
    store_meta(rule, NFT_META_MARK);
}

void nft_tproxy(struct nft_rule *rule, const struct ip_endpoint *to)
{
    bool v6 = to->addr.family == AF_INET6;
    uint16_t port = htons(to->port);
    struct nftnl_expr *expr;

    load_value(rule, REG, &to->addr.v6,
               v6 ? sizeof(to->addr.v6) : sizeof(to->addr.v4));
    load_value(rule, REG_PORT, &port, sizeof(port));
    expr = append(rule, "tproxy");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_TPROXY_FAMILY,
                       v6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_TPROXY_REG_ADDR, REG);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_TPROXY_REG_PORT, REG_PORT);
}

void nft_forward_frame(struct nft_rule *rule, unsigned index)
{
    struct nftnl_expr *expr;

    load_value(rule, REG, &index, sizeof(index));
    expr = append(rule, "fwd");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_FWD_SREG_DEV, REG);
}

static void add_verdict(struct nft_rule *rule, uint32_t verdict)
{
    struct nftnl_expr *expr = append(rule, "immediate");

    nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, verdict);
}

void nft_goto(struct nft_rule *rule, const char *chain)
{
    struct nftnl_expr *expr = append(rule, "immediate");

    nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, (uint32_t)NFT_GOTO);
    nftnl_expr_set_str(expr, NFTNL_EXPR_IMM_CHAIN, chain);
}

void nft_accept(struct nft_rule *rule)
{
    add_verdict(rule, NF_ACCEPT);
}

void nft_drop(struct nft_rule *rule)
{
    add_verdict(rule, NF_DROP);
}
