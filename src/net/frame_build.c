/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/frame_build.h"

#include "net/checksum.h"

#include <glib.h>
#include <net/ethernet.h>
#include <string.h>

#define TTL                 64
#define TCP_CHECKSUM_OFFSET 16u
/* What an IPv4 error quotes: enough for any transport header, below the 576
   bytes of RFC 1812 4.3.2.3. */
#define QUOTE_MAX_V4 512u
#define QUOTE_MAX_V6 (1280u - FRAME_IPV6_LEN - FRAME_ICMP_LEN)

struct frame_path frame_path_back(const struct frame *f)
{
    struct frame_path path = { .src = f->dst, .dst = f->src };

    memcpy(path.dst_mac, f->data + 6, 6);
    memcpy(path.src_mac, f->data, 6);
    return path;
}

size_t frame_headers_len(sa_family_t family)
{
    return FRAME_ETH_LEN +
           (family == AF_INET6 ? FRAME_IPV6_LEN : FRAME_IPV4_LEN);
}

static void put_ipv4(uint8_t *ip, const struct ip_addr *src,
                     const struct ip_addr *dst, int proto, size_t l4_len)
{
    memset(ip, 0, FRAME_IPV4_LEN);
    ip[0] = 0x45;
    frame_put16(ip + 2, (uint16_t)(FRAME_IPV4_LEN + l4_len));
    ip[6] = 0x40; /* don't fragment */
    ip[8] = TTL;
    ip[9] = (uint8_t)proto;
    memcpy(ip + 12, &src->v4, 4);
    memcpy(ip + 16, &dst->v4, 4);
    checksum_set_ipv4(ip);
}

static void put_ipv6(uint8_t *ip, const struct ip_addr *src,
                     const struct ip_addr *dst, int proto, size_t l4_len)
{
    memset(ip, 0, FRAME_IPV6_LEN);
    ip[0] = 0x60;
    frame_put16(ip + 4, (uint16_t)l4_len);
    ip[6] = (uint8_t)proto;
    ip[7] = TTL;
    memcpy(ip + 8, &src->v6, 16);
    memcpy(ip + 24, &dst->v6, 16);
}

void frame_put_headers(uint8_t *out, const struct frame_path *path, int proto,
                       size_t l4_len)
{
    bool v6 = path->src.addr.family == AF_INET6;

    memcpy(out, path->dst_mac, 6);
    memcpy(out + 6, path->src_mac, 6);
    frame_put16(out + 12, v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
    (v6 ? put_ipv6 : put_ipv4)(out + FRAME_ETH_LEN, &path->src.addr,
                               &path->dst.addr, proto, l4_len);
}

size_t frame_put_segment(uint8_t *out, const struct frame_path *path,
                         uint32_t seq, uint32_t ack, uint8_t flags,
                         uint16_t window)
{
    size_t l4 = frame_headers_len(path->src.addr.family);
    uint8_t *tcp = out + l4;
    struct frame f;

    frame_put_headers(out, path, IPPROTO_TCP, FRAME_TCP_LEN);
    memset(tcp, 0, FRAME_TCP_LEN);
    frame_put16(tcp, path->src.port);
    frame_put16(tcp + 2, path->dst.port);
    frame_put32(tcp + 4, seq);
    frame_put32(tcp + 8, ack);
    tcp[12] = FRAME_TCP_LEN / 4 << 4;
    tcp[13] = flags;
    frame_put16(tcp + 14, window);
    if (frame_parse(out, l4 + FRAME_TCP_LEN, &f) != FRAME_GOOD)
        return 0;
    checksum_set_l4(&f, TCP_CHECKSUM_OFFSET);
    return f.len;
}

void frame_set_icmp_checksum(uint8_t *frame, sa_family_t family, size_t l4_len)
{
    uint8_t *icmp = frame + frame_headers_len(family);
    uint64_t pseudo = 0;
    uint16_t sum;

    /* ICMPv6 covers the pseudo-header (RFC 4443 2.3): addresses, length, type.
     */
    if (family == AF_INET6) {
        uint8_t tail[8] = { [7] = IPPROTO_ICMPV6 };

        frame_put32(tail, (uint32_t)l4_len);
        pseudo = checksum_add(0, icmp - 32, 32);
        pseudo = checksum_add(pseudo, tail, sizeof(tail));
    }
    memset(icmp + 2, 0, 2);
    sum = (uint16_t)~checksum_fold(checksum_add(pseudo, icmp, l4_len));
    memcpy(icmp + 2, &sum, 2);
}

size_t frame_put_icmp(uint8_t *out, const struct frame_path *path,
                      const struct frame_icmp *error, const uint8_t *packet,
                      size_t len)
{
    sa_family_t family = path->src.addr.family;
    bool v6 = family == AF_INET6;
    size_t quote = MIN(len, v6 ? QUOTE_MAX_V6 : QUOTE_MAX_V4);
    size_t l4_len = FRAME_ICMP_LEN + quote;
    uint8_t *icmp = out + frame_headers_len(family);

    frame_put_headers(out, path, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, l4_len);
    memset(icmp, 0, FRAME_ICMP_LEN);
    icmp[0] = error->type;
    icmp[1] = error->code;
    frame_put32(icmp + 4, error->info);
    memcpy(icmp + FRAME_ICMP_LEN, packet, quote);
    frame_set_icmp_checksum(out, family, l4_len);
    return frame_headers_len(family) + l4_len;
}
