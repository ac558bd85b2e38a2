/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/frame.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>

static enum frame_defect parse_tcp(struct frame *f)
{
    const uint8_t *tcp = f->data + f->l4;
    size_t header_len;

    if (f->len - f->l4 < FRAME_TCP_LEN)
        return FRAME_TOO_SHORT;
    header_len = (size_t)(tcp[12] >> 4) * 4;
    if (header_len < FRAME_TCP_LEN || header_len > f->len - f->l4)
        return FRAME_BAD_LENGTH;
    f->src.port = frame_get16(tcp);
    f->dst.port = frame_get16(tcp + 2);
    f->tcp_seq = frame_get32(tcp + 4);
    f->tcp_ack = frame_get32(tcp + 8);
    f->tcp_flags = tcp[13] & 0x3f;
    f->tcp_window = frame_get16(tcp + 14);
    f->payload = f->l4 + header_len;
    return FRAME_GOOD;
}

static enum frame_defect parse_udp(struct frame *f)
{
    const uint8_t *udp = f->data + f->l4;
    size_t room = f->len - f->l4;

    if (room < FRAME_UDP_LEN)
        return FRAME_TOO_SHORT;
    if (frame_get16(udp + 4) < FRAME_UDP_LEN || frame_get16(udp + 4) > room)
        return FRAME_BAD_LENGTH;
    f->src.port = frame_get16(udp);
    f->dst.port = frame_get16(udp + 2);
    f->payload = f->l4 + FRAME_UDP_LEN;
    return FRAME_GOOD;
}

static enum frame_defect parse_icmp(struct frame *f)
{
    if (f->len - f->l4 < FRAME_ICMP_LEN)
        return FRAME_TOO_SHORT;
    f->payload = f->l4 + FRAME_ICMP_LEN;
    return FRAME_GOOD;
}

static enum frame_defect parse_transport(struct frame *f, size_t l4)
{
    bool v6 = f->ethertype == ETHERTYPE_IPV6;

    f->l4 = l4;
    if (f->proto == IPPROTO_TCP)
        return parse_tcp(f);
    if (f->proto == IPPROTO_UDP)
        return parse_udp(f);
    /* Each family has one of its own; the other's is nothing that we know. */
    if (f->proto == (v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
        return parse_icmp(f);
    f->l4 = 0;
    return FRAME_GOOD;
}

static enum frame_defect parse_ipv4(struct frame *f)
{
    const uint8_t *ip = f->data + FRAME_ETH_LEN;
    size_t room = f->len - FRAME_ETH_LEN, header_len, total_len;
    struct in_addr src, dst;

    if (room < FRAME_IPV4_LEN)
        return FRAME_TOO_SHORT;
    header_len = (size_t)(ip[0] & 0x0f) * 4;
    total_len = frame_get16(ip + 2);
    if (ip[0] >> 4 != 4 || header_len < FRAME_IPV4_LEN)
        return FRAME_BAD_VERSION;
    if (total_len < header_len || total_len > room)
        return FRAME_BAD_LENGTH;
    memcpy(&src, ip + 12, sizeof(src));
    memcpy(&dst, ip + 16, sizeof(dst));
    f->src.addr = ip_addr_v4(src);
    f->dst.addr = ip_addr_v4(dst);
    f->len = FRAME_ETH_LEN + total_len;
    f->proto = ip[9];
    f->options = header_len > FRAME_IPV4_LEN;
    f->fragment = (frame_get16(ip + 6) & 0x3fff) != 0;
    if (f->fragment)
        return FRAME_GOOD;
    return parse_transport(f, FRAME_ETH_LEN + header_len);
}

static enum frame_defect parse_ipv6(struct frame *f)
{
    const uint8_t *ip = f->data + FRAME_ETH_LEN;
    size_t room = f->len - FRAME_ETH_LEN, payload_len;
    struct in6_addr src, dst;

    if (room < FRAME_IPV6_LEN)
        return FRAME_TOO_SHORT;
    payload_len = frame_get16(ip + 4);
    if (ip[0] >> 4 != 6)
        return FRAME_BAD_VERSION;
    if (payload_len > room - FRAME_IPV6_LEN)
        return FRAME_BAD_LENGTH;
    memcpy(&src, ip + 8, sizeof(src));
    memcpy(&dst, ip + 24, sizeof(dst));
    f->src.addr = ip_addr_v6(&src);
    f->dst.addr = ip_addr_v6(&dst);
    f->len = FRAME_ETH_LEN + FRAME_IPV6_LEN + payload_len;
    f->proto = ip[6];
    f->fragment = f->proto == IPPROTO_FRAGMENT;
    if (f->fragment)
        return payload_len < FRAME_FRAGMENT6_LEN ? FRAME_TOO_SHORT : FRAME_GOOD;
    return parse_transport(f, FRAME_ETH_LEN + FRAME_IPV6_LEN);
}

static enum frame_defect parse_arp(struct frame *f)
{
    if (f->len < FRAME_ETH_LEN + FRAME_ARP_LEN)
        return FRAME_TOO_SHORT;
    f->len = FRAME_ETH_LEN + FRAME_ARP_LEN;
    return FRAME_GOOD;
}

enum frame_defect frame_parse(uint8_t *data, size_t len, struct frame *out)
{
    memset(out, 0, sizeof(*out));
    out->data = data;
    out->len = len;
    if (len < FRAME_ETH_LEN)
        return FRAME_TOO_SHORT;
    if (len > FRAME_MAX)
        return FRAME_BAD_LENGTH;
    out->ethertype = frame_get16(data + 12);
    switch (out->ethertype) {
    case ETHERTYPE_ARP:
        return parse_arp(out);
    case ETHERTYPE_IP:
        return parse_ipv4(out);
    case ETHERTYPE_IPV6:
        return parse_ipv6(out);
    default:
        return FRAME_BAD_ETHERTYPE;
    }
}
