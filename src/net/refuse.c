/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/refuse.h"

#include "net/frame_build.h"

/*
 * ICMP codes (RFC 792, RFC 1122 3.2.2.1, RFC 1812) and ICMPv6 ones (RFC 4443).
 * Linux tells a UDP socket of "network prohibited" (9), not of "network
 * unreachable" (0); ICMPv6 has no such pair.
 */
static const struct {
    uint8_t code4, code6;
} unreachable[REFUSE_REASON_COUNT] = {
    [REFUSE_RESET] = { 3, 4 },       [REFUSE_NET] = { 0, 0 },
    [REFUSE_HOST] = { 1, 3 },        [REFUSE_PORT] = { 3, 4 },
    [REFUSE_PROHIBITED] = { 13, 1 }, [REFUSE_POLICY] = { 9, 0 },
};

static size_t build_reset(const struct frame *f, uint8_t *out)
{
    const struct frame_path back = frame_path_back(f);
    uint32_t end = f->tcp_seq + (uint32_t)frame_payload_len(f) +
                   ((f->tcp_flags & FRAME_SYN) != 0) +
                   ((f->tcp_flags & FRAME_FIN) != 0);

    /* RFC 9293 3.5.2: a reset takes its sequence from the ACK, if any. */
    if ((f->tcp_flags & FRAME_ACK) != 0)
        return frame_put_segment(out, &back, f->tcp_ack, 0, FRAME_RST, 0);
    return frame_put_segment(out, &back, 0, end, FRAME_RST | FRAME_ACK, 0);
}

struct frame_icmp refuse_icmp(enum refuse_reason reason, sa_family_t family)
{
    if (family == AF_INET6)
        return (struct frame_icmp){ 1, unreachable[reason].code6, 0 };
    return (struct frame_icmp){ 3, unreachable[reason].code4, 0 };
}

static size_t build_icmp(const struct frame *f, const struct plan *plan,
                         enum refuse_reason reason, uint8_t *out)
{
    bool v6 = f->src.addr.family == AF_INET6;
    struct frame_path back = frame_path_back(f);
    const struct frame_icmp error = refuse_icmp(reason, f->src.addr.family);

    back.src.addr = v6 ? plan->gateway6 : plan->gateway;
    return frame_put_icmp(out, &back, &error, f->data + FRAME_ETH_LEN,
                          f->len - FRAME_ETH_LEN);
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

/* Linux tells UDP sockets of few ICMPv6 errors; this one is EACCES. */
static enum refuse_reason audible(const struct frame *f,
                                  enum refuse_reason reason)
{
    return reason == REFUSE_POLICY && f->proto == IPPROTO_UDP &&
                   f->src.addr.family == AF_INET6
               ? REFUSE_PROHIBITED
               : reason;
}

size_t refuse_build(const struct frame *f, const struct plan *plan,
                    enum refuse_reason reason, uint8_t *out)
{
    if (!may_answer(f))
        return 0;
    if (f->proto == IPPROTO_TCP && reason == REFUSE_RESET)
        return build_reset(f, out);
    return build_icmp(f, plan, audible(f, reason), out);
}
