/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/refuse.h"

#include "net/checksum.h"

#include <glib.h>
#include <net/ethernet.h>
#include <string.h>

#define TTL 64
/* What an IPv4 error quotes: enough for any transport header, below the 576
   bytes of RFC 1812 4.3.2.3. */
#define QUOTE_MAX_V4 512u
#define QUOTE_MAX_V6 (1280u - FRAME_IPV6_LEN - FRAME_ICMP_LEN)

/* ICMP type and code (RFC 792, RFC 1812) and ICMPv6 (RFC 4443). */
static const struct {
    uint8_t code4, code6;
} unreachable[REFUSE_REASON_COUNT] = {
    [REFUSE_RESET] = { 3, 4 },       [REFUSE_NET] = { 0, 0 },
    [REFUSE_HOST] = { 1, 3 },        [REFUSE_PORT] = { 3, 4 },
    [REFUSE_PROHIBITED] = { 13, 1 },
};

static void start_reply(const struct frame *f, uint8_t *out)
{
    memcpy(out, f->data + 6, 6);
    memcpy(out + 6, f->data, 6);
    frame_put16(out + 12, f->ethertype);
}

static void put_ipv4(uint8_t *ip, const struct ip_addr *src,
                     const struct ip_addr *dst, uint8_t proto, size_t l4_len)
{
    memset(ip, 0, FRAME_IPV4_LEN);
    ip[0] = 0x45;
    frame_put16(ip + 2, (uint16_t)(FRAME_IPV4_LEN + l4_len));
    ip[6] = 0x40; /* don't fragment */
    ip[8] = TTL;
    ip[9] = proto;
    memcpy(ip + 12, &src->v4, 4);
    memcpy(ip + 16, &dst->v4, 4);
    checksum_set_ipv4(ip);
}

static void put_ipv6(uint8_t *ip, const struct ip_addr *src,
                     const struct ip_addr *dst, uint8_t proto, size_t l4_len)
{
    memset(ip, 0, FRAME_IPV6_LEN);
    ip[0] = 0x60;
    frame_put16(ip + 4, (uint16_t)l4_len);
    ip[6] = proto;
    ip[7] = TTL;
    memcpy(ip + 8, &src->v6, 16);
    memcpy(ip + 24, &dst->v6, 16);
}

/* Writes the IP header; the transport header goes to the returned offset. */
static size_t put_ip(const struct frame *f, const struct ip_addr *src,
                     uint8_t proto, size_t l4_len, uint8_t *out)
{
    start_reply(f, out);
    if (f->src.addr.family == AF_INET6) {
        put_ipv6(out + FRAME_ETH_LEN, src, &f->src.addr, proto, l4_len);
        return FRAME_ETH_LEN + FRAME_IPV6_LEN;
    }
    put_ipv4(out + FRAME_ETH_LEN, src, &f->src.addr, proto, l4_len);
    return FRAME_ETH_LEN + FRAME_IPV4_LEN;
}

static size_t build_reset(const struct frame *f, uint8_t *out)
{
    size_t l4 = put_ip(f, &f->dst.addr, IPPROTO_TCP, FRAME_TCP_LEN, out);
    uint8_t *tcp = out + l4;
    bool has_ack = (f->tcp_flags & FRAME_ACK) != 0;
    uint32_t end = f->tcp_seq + (uint32_t)frame_payload_len(f) +
                   ((f->tcp_flags & FRAME_SYN) != 0) +
                   ((f->tcp_flags & FRAME_FIN) != 0);
    struct frame reply;

    /* RFC 9293 3.5.2: a reset takes its sequence from the ACK, if any. */
    memset(tcp, 0, FRAME_TCP_LEN);
    frame_put16(tcp, f->dst.port);
    frame_put16(tcp + 2, f->src.port);
    frame_put32(tcp + 4, has_ack ? f->tcp_ack : 0);
    frame_put32(tcp + 8, has_ack ? 0 : end);
    tcp[12] = FRAME_TCP_LEN / 4 << 4;
    tcp[13] = has_ack ? FRAME_RST : FRAME_RST | FRAME_ACK;
    if (frame_parse(out, l4 + FRAME_TCP_LEN, &reply) != FRAME_GOOD)
        return 0;
    checksum_set_l4(&reply, 16);
    return reply.len;
}

static size_t build_icmp(const struct frame *f, const struct plan *plan,
                         enum refuse_reason reason, uint8_t *out)
{
    bool v6 = f->src.addr.family == AF_INET6;
    size_t quote =
        MIN(f->len - FRAME_ETH_LEN, v6 ? QUOTE_MAX_V6 : QUOTE_MAX_V4);
    size_t l4 =
        put_ip(f, v6 ? &plan->gateway6 : &plan->gateway,
               v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, FRAME_ICMP_LEN + quote, out);
    uint8_t *icmp = out + l4;
    struct frame reply;
    uint16_t sum;

    memset(icmp, 0, FRAME_ICMP_LEN);
    icmp[0] = v6 ? 1 : 3;
    icmp[1] = v6 ? unreachable[reason].code6 : unreachable[reason].code4;
    memcpy(icmp + FRAME_ICMP_LEN, f->data + FRAME_ETH_LEN, quote);
    if (frame_parse(out, l4 + FRAME_ICMP_LEN + quote, &reply) != FRAME_GOOD)
        return 0;
    if (v6) {
        checksum_set_l4(&reply, 2);
    } else {
        sum = (uint16_t)~checksum_fold(
            checksum_add(0, icmp, FRAME_ICMP_LEN + quote));
        memcpy(icmp + 2, &sum, 2);
    }
    return reply.len;
}

/* Addresses of many; an answer to or from such a one is no answer. */
static bool is_of_many(const struct ip_addr *a)
{
    if (a->family == AF_INET6)
        return IN6_IS_ADDR_MULTICAST(&a->v6);
    return IN_MULTICAST(ntohl(a->v4.s_addr)) ||
           a->v4.s_addr == htonl(INADDR_BROADCAST);
}

static bool may_answer(const struct frame *f)
{
    if (f->l4 == 0 || ip_addr_is_any(&f->src.addr) ||
        is_of_many(&f->src.addr) || is_of_many(&f->dst.addr))
        return false;
    switch (f->proto) {
    case IPPROTO_TCP:
        return (f->tcp_flags & FRAME_RST) == 0;
    case IPPROTO_ICMP:
        return f->data[f->l4] == 8; /* echo request */
    case IPPROTO_ICMPV6:
        return f->data[f->l4] == 128;
    default:
        return true;
    }
}

size_t refuse_build(const struct frame *f, const struct plan *plan,
                    enum refuse_reason reason, uint8_t *out)
{
    if (!may_answer(f))
        return 0;
    if (f->proto == IPPROTO_TCP && reason == REFUSE_RESET)
        return build_reset(f, out);
    return build_icmp(f, plan, reason, out);
}
