/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frames.h"

#include <glib.h>
#include <net/ethernet.h>
#include <string.h>

const uint8_t frames_guest_mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
const uint8_t frames_gateway_mac[6] = { 0x52, 0x55, 10, 0, 2, 2 };

uint8_t frames_pattern(uint32_t seq)
{
    return (uint8_t)(seq * 2654435761u >> 24);
}

struct ip_addr frames_addr(const char *text)
{
    struct ip_addr a;

    if (!ip_addr_parse(text, &a))
        g_error("no address: %s", text);
    return a;
}

/* --- checksums, by the book --- */

static uint32_t sum16(const uint8_t *p, size_t len, uint32_t sum)
{
    for (size_t i = 0; i + 1 < len; i += 2)
        sum += (uint32_t)(p[i] << 8 | p[i + 1]);
    if (len % 2 != 0)
        sum += (uint32_t)p[len - 1] << 8;
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static bool is_v6(const uint8_t *frame)
{
    return frame[12] == 0x86 && frame[13] == 0xdd;
}

static size_t ip_header_len(const uint8_t *frame)
{
    return is_v6(frame) ? FRAME_IPV6_LEN : (size_t)(frame[14] & 15) * 4;
}

static uint32_t pseudo_sum(const uint8_t *frame, uint8_t proto, size_t l4_len)
{
    const uint8_t *ip = frame + FRAME_ETH_LEN;
    uint32_t sum = (uint32_t)proto + (uint32_t)(l4_len >> 16) +
                   (uint32_t)(l4_len & 0xffff);

    return is_v6(frame) ? sum16(ip + 8, 32, sum) : sum16(ip + 12, 8, sum);
}

/* The sum over the transport, as it stands in the frame. */
static uint32_t transport_sum(const uint8_t *frame, size_t len)
{
    size_t l4 = FRAME_ETH_LEN + ip_header_len(frame);
    uint8_t proto = frame[FRAME_ETH_LEN + (is_v6(frame) ? 6 : 9)];
    bool pseudo = proto != IPPROTO_ICMP;

    return sum16(frame + l4, len - l4,
                 pseudo ? pseudo_sum(frame, proto, len - l4) : 0);
}

bool frames_ip_checksum_is_right(const uint8_t *frame)
{
    return is_v6(frame) ||
           sum16(frame + FRAME_ETH_LEN, ip_header_len(frame), 0) == 0xffff;
}

bool frames_checksums_are_right(const uint8_t *frame, size_t len)
{
    uint16_t ethertype = (uint16_t)(frame[12] << 8 | frame[13]);

    if (ethertype != ETHERTYPE_IP && ethertype != ETHERTYPE_IPV6)
        return true;
    if (!frames_ip_checksum_is_right(frame))
        return false;
    if (!is_v6(frame) && (frame[20] << 8 | frame[21]) & 0x3fff)
        return true; /* of a fragment only the header can be judged */
    if (is_v6(frame) && frame[FRAME_ETH_LEN + 6] == IPPROTO_FRAGMENT)
        return true;
    return transport_sum(frame, len) == 0xffff;
}

/* --- building --- */

static bool spec_is_v6(const struct frames_spec *spec)
{
    const char *given = spec->src != NULL ? spec->src : spec->dst;

    return given != NULL && strchr(given, ':') != NULL;
}

static size_t put_addresses(const struct frames_spec *spec, uint8_t *out)
{
    bool v6 = spec_is_v6(spec);
    struct ip_addr src = frames_addr(spec->src != NULL ? spec->src
                                     : v6              ? "fd00::100"
                                                       : "10.0.2.100");
    struct ip_addr dst = frames_addr(spec->dst != NULL ? spec->dst
                                     : v6              ? "2001:db8::1"
                                                       : "192.0.2.1");
    size_t len = v6 ? 16 : 4;

    memcpy(out, &src.v6, len);
    memcpy(out + len, &dst.v6, len);
    return 2 * len;
}

static size_t put_ip(const struct frames_spec *spec, int proto, uint8_t *ip)
{
    uint8_t hop_limit = spec->hop_limit != 0 ? spec->hop_limit : 64;

    if (spec_is_v6(spec)) {
        ip[0] = 0x60;
        ip[6] = (uint8_t)proto;
        ip[7] = hop_limit;
        return 8 + put_addresses(spec, ip + 8);
    }
    ip[0] = (uint8_t)(0x45 + spec->ip_options_len / 4);
    frame_put16(ip + 4, spec->id);
    frame_put16(ip + 6, spec->fragment);
    ip[8] = hop_limit;
    ip[9] = (uint8_t)proto;
    (void)put_addresses(spec, ip + 12);
    if (spec->ip_options_len > 0)
        memcpy(ip + FRAME_IPV4_LEN, spec->ip_options, spec->ip_options_len);
    return FRAME_IPV4_LEN + spec->ip_options_len;
}

static size_t put_tcp(const struct frames_spec *spec, uint8_t *tcp)
{
    size_t len = FRAME_TCP_LEN + spec->tcp_options_len;

    frame_put16(tcp, spec->sport);
    frame_put16(tcp + 2, spec->dport);
    frame_put32(tcp + 4, spec->seq);
    frame_put32(tcp + 8, spec->ack);
    tcp[12] = (uint8_t)(len / 4 << 4);
    tcp[13] = spec->flags;
    frame_put16(tcp + 14, spec->window);
    frame_put16(tcp + 18, spec->urgent);
    if (spec->tcp_options_len > 0)
        memcpy(tcp + FRAME_TCP_LEN, spec->tcp_options, spec->tcp_options_len);
    return len;
}

/* Writes the header and returns its length; `field`: where its checksum is. */
static size_t put_transport(const struct frames_spec *spec, int proto,
                            uint8_t *l4, size_t *field)
{
    switch (proto) {
    case IPPROTO_TCP:
        *field = 16;
        return put_tcp(spec, l4);
    case IPPROTO_UDP:
        *field = 6;
        frame_put16(l4, spec->sport);
        frame_put16(l4 + 2, spec->dport);
        frame_put16(l4 + 4, (uint16_t)(FRAME_UDP_LEN + spec->payload_len));
        return FRAME_UDP_LEN;
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
        *field = 2;
        l4[0] = spec->type;
        l4[1] = spec->code;
        frame_put16(l4 + 4, spec->sport); /* the identifier of an echo */
        return FRAME_ICMP_LEN;
    default:
        *field = 0;
        return 0;
    }
}

static void put_payload(const struct frames_spec *spec, uint8_t *out)
{
    if (spec->payload != NULL)
        memcpy(out, spec->payload, spec->payload_len);
    else
        for (size_t i = 0; i < spec->payload_len; i++)
            out[i] = frames_pattern(spec->seq + (uint32_t)i);
}

static void put_lengths(uint8_t *out, size_t ip_len)
{
    uint8_t *ip = out + FRAME_ETH_LEN;

    if (is_v6(out)) {
        frame_put16(ip + 4, (uint16_t)(ip_len - FRAME_IPV6_LEN));
        return;
    }
    frame_put16(ip + 2, (uint16_t)ip_len);
    frame_put16(ip + 10, (uint16_t)~sum16(ip, ip_header_len(out), 0));
}

size_t frames_build(const struct frames_spec *spec, uint8_t *out)
{
    int proto = spec->proto != 0 ? spec->proto : IPPROTO_TCP;
    size_t l4, len, field;

    memset(out, 0, FRAME_ETH_LEN + 60 + 60);
    memcpy(out, frames_gateway_mac, 6);
    memcpy(out + 6, frames_guest_mac, 6);
    frame_put16(out + 12, spec_is_v6(spec) ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
    l4 = FRAME_ETH_LEN + put_ip(spec, proto, out + FRAME_ETH_LEN);
    len = l4 + put_transport(spec, proto, out + l4, &field);
    put_payload(spec, out + len);
    len += spec->payload_len;
    g_assert_cmpuint(len, <=, FRAMES_MAX);
    put_lengths(out, len - FRAME_ETH_LEN);
    if (field != 0) {
        uint16_t sum = (uint16_t)~transport_sum(out, len);

        frame_put16(out + l4 + field,
                    (uint16_t)(spec->bad_checksum ? sum ^ 0x5555 : sum));
    }
    return len;
}

struct frame frames_parsed(const struct frames_spec *spec, uint8_t *out)
{
    struct frame f;

    g_assert_cmpint(frame_parse(out, frames_build(spec, out), &f), ==,
                    FRAME_GOOD);
    return f;
}

size_t frames_build_arp(const char *target, uint8_t *out)
{
    static const uint8_t head[] = { 0, 1, 8, 0, 6, 4, 0, 1 };
    struct ip_addr guest = frames_addr("10.0.2.100");
    struct ip_addr wanted = frames_addr(target);
    uint8_t *arp = out + FRAME_ETH_LEN;

    memset(out, 0xff, 6);
    memcpy(out + 6, frames_guest_mac, 6);
    frame_put16(out + 12, ETHERTYPE_ARP);
    memcpy(arp, head, sizeof(head));
    memcpy(arp + 8, frames_guest_mac, 6);
    memcpy(arp + 14, &guest.v4, 4);
    memset(arp + 18, 0, 6);
    memcpy(arp + 24, &wanted.v4, 4);
    return FRAME_ETH_LEN + 28;
}
