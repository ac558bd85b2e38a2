/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/datagram.h"

#include "net/checksum.h"
#include "net/fragment.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#define UDP_CHECKSUM_OFFSET 6u

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5 /* Linux 6.2 */
#endif

static const struct virtio_net_hdr nothing_to_do;

static void emit_fragment(void *self, uint8_t *data, size_t len)
{
    const struct datagram_sink *sink = self;

    (void)sink->frame(sink->self, &nothing_to_do, data, len);
}

/* Sends a complete frame, in fragments where its packet is too large. */
static void send_complete(struct datagram_link *link, uint8_t *data, size_t len,
                          const struct datagram_sink *sink)
{
    struct frame f;

    if (frame_parse(data, len, &f) == FRAME_GOOD &&
        fragment_wants(&f, link->mtu))
        fragment_cut(&f, link->mtu, ++link->last_id, emit_fragment,
                     (void *)(uintptr_t)sink);
    else
        (void)sink->frame(sink->self, &nothing_to_do, data, len);
}

void datagram_send_packet(struct datagram_link *link,
                          const struct frame_path *path, int proto, uint8_t *l4,
                          size_t l4_len, const struct datagram_sink *sink)
{
    size_t headers = frame_headers_len(path->src.addr.family);

    frame_put_headers(l4 - headers, path, proto, l4_len);
    send_complete(link, l4 - headers, headers + l4_len, sink);
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
    send_complete(link, f.data, f.len, sink);
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
