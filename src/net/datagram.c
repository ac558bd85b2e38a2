/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/datagram.h"

#include "net/checksum.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#define UDP_CHECKSUM_OFFSET 6u
#define FRAGMENT_UNIT       8u
#define IPV4_MORE_FRAGMENTS 0x2000u
#define PROTO_IPV6_FRAGMENT 44

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5 /* Linux 6.2 */
#endif

static const struct virtio_net_hdr nothing_to_do;

/* --- fragments --- */

struct fragment {
    size_t offset, len;
    bool last;
    uint32_t id;
};

/* Writes headers before the fragment's bytes; returns the frame's start. */
static uint8_t *put_fragment_v4(const struct frame_path *path, int proto,
                                uint8_t *at, const struct fragment *part)
{
    uint8_t *frame = at - FRAME_ETH_LEN - FRAME_IPV4_LEN;
    uint8_t *ip = frame + FRAME_ETH_LEN;

    frame_put_headers(frame, path, proto, part->len);
    frame_put16(ip + 4, (uint16_t)part->id);
    frame_put16(ip + 6, (uint16_t)(part->offset / FRAGMENT_UNIT |
                                   (part->last ? 0 : IPV4_MORE_FRAGMENTS)));
    checksum_set_ipv4(ip);
    return frame;
}

static uint8_t *put_fragment_v6(const struct frame_path *path, int proto,
                                uint8_t *at, const struct fragment *part)
{
    uint8_t *header = at - DATAGRAM_IPV6_FRAGMENT_LEN;
    uint8_t *frame = header - FRAME_ETH_LEN - FRAME_IPV6_LEN;

    frame_put_headers(frame, path, PROTO_IPV6_FRAGMENT,
                      DATAGRAM_IPV6_FRAGMENT_LEN + part->len);
    header[0] = (uint8_t)proto;
    header[1] = 0;
    frame_put16(header + 2, (uint16_t)(part->offset | (part->last ? 0 : 1)));
    frame_put32(header + 4, part->id);
    return frame;
}

static void send_fragments(struct datagram_link *link,
                           const struct frame_path *path, int proto,
                           uint8_t *l4, size_t l4_len,
                           const struct datagram_sink *sink)
{
    bool v6 = path->src.addr.family == AF_INET6;
    size_t room = link->mtu - (v6 ? FRAME_IPV6_LEN + DATAGRAM_IPV6_FRAGMENT_LEN
                                  : FRAME_IPV4_LEN);
    struct fragment part = { .id = link->next_id++ };

    room -= room % FRAGMENT_UNIT;
    for (; part.offset < l4_len; part.offset += part.len) {
        uint8_t *at = l4 + part.offset, *frame;

        part.last = l4_len - part.offset <= room;
        part.len = part.last ? l4_len - part.offset : room;
        frame =
            (v6 ? put_fragment_v6 : put_fragment_v4)(path, proto, at, &part);
        (void)sink->frame(sink->self, &nothing_to_do, frame,
                          (size_t)(at - frame) + part.len);
    }
}

void datagram_send_packet(struct datagram_link *link,
                          const struct frame_path *path, int proto, uint8_t *l4,
                          size_t l4_len, const struct datagram_sink *sink)
{
    size_t headers = frame_headers_len(path->src.addr.family);

    if (headers - FRAME_ETH_LEN + l4_len > link->mtu) {
        send_fragments(link, path, proto, l4, l4_len, sink);
        return;
    }
    frame_put_headers(l4 - headers, path, proto, l4_len);
    (void)sink->frame(sink->self, &nothing_to_do, l4 - headers,
                      headers + l4_len);
}

/* --- UDP --- */

static void put_udp(const struct frame_path *path, uint8_t *udp, size_t len)
{
    frame_put16(udp, path->src.port);
    frame_put16(udp + 2, path->dst.port);
    frame_put16(udp + 4, (uint16_t)len);
    frame_put16(udp + UDP_CHECKSUM_OFFSET, 0);
}

/* One frame whose checksum, and cutting if `segment` is not 0, is left over. */
static int send_unfinished(const struct frame_path *path, uint8_t *udp,
                           size_t len, size_t segment,
                           const struct datagram_sink *sink)
{
    bool v6 = path->src.addr.family == AF_INET6;
    size_t headers = frame_headers_len(path->src.addr.family);
    struct virtio_net_hdr hdr = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .csum_start = (uint16_t)headers,
        .csum_offset = UDP_CHECKSUM_OFFSET,
    };
    struct frame f = {
        .data = udp - headers,
        .len = headers + len,
        .proto = IPPROTO_UDP,
        .src.addr.family = v6 ? AF_INET6 : AF_INET,
    };
    uint16_t sum;

    frame_put_headers(f.data, path, IPPROTO_UDP, len);
    sum = checksum_fold(checksum_pseudo(&f, len));
    memcpy(udp + UDP_CHECKSUM_OFFSET, &sum, sizeof(sum));
    if (segment != 0) {
        hdr.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
        hdr.gso_size = (uint16_t)segment;
        hdr.hdr_len = (uint16_t)(headers + FRAME_UDP_LEN);
    }
    return sink->frame(sink->self, &hdr, f.data, f.len);
}

static void send_one(struct datagram_link *link, const struct frame_path *path,
                     uint8_t *payload, size_t len,
                     const struct datagram_sink *sink)
{
    uint8_t *udp = payload - FRAME_UDP_LEN;
    size_t l4_len = len + FRAME_UDP_LEN;
    size_t headers = frame_headers_len(path->src.addr.family);
    struct frame f;

    put_udp(path, udp, l4_len);
    if (link->vnet && headers - FRAME_ETH_LEN + l4_len <= link->mtu) {
        (void)send_unfinished(path, udp, l4_len, 0, sink);
        return;
    }
    frame_put_headers(udp - headers, path, IPPROTO_UDP, l4_len);
    if (frame_parse(udp - headers, headers + l4_len, &f) != FRAME_GOOD)
        return;
    checksum_set_l4(&f, UDP_CHECKSUM_OFFSET);
    datagram_send_packet(link, path, IPPROTO_UDP, udp, l4_len, sink);
}

void datagram_send(struct datagram_link *link, const struct frame_path *path,
                   uint8_t *payload, size_t len, size_t segment,
                   const struct datagram_sink *sink)
{
    size_t headers = frame_headers_len(path->src.addr.family);

    if (segment == 0 || segment >= len) {
        send_one(link, path, payload, len, sink);
        return;
    }
    if (link->uso &&
        headers - FRAME_ETH_LEN + FRAME_UDP_LEN + segment <= link->mtu &&
        headers + FRAME_UDP_LEN + len <= FRAME_MAX) {
        put_udp(path, payload - FRAME_UDP_LEN, FRAME_UDP_LEN + len);
        link->uso =
            send_unfinished(path, payload - FRAME_UDP_LEN, FRAME_UDP_LEN + len,
                            segment, sink) != -EINVAL;
        if (link->uso)
            return;
    }
    for (size_t done = 0; done < len; done += segment)
        send_one(link, path, payload + done, MIN(segment, len - done), sink);
}
