/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/vnet.h"

#include "net/checksum.h"

#include <glib.h>
#include <string.h>

#define TCP_CHECKSUM_OFFSET 16u
#define TCP_FLAGS_OFFSET    13u
#define TCP_CWR             0x80u /* RFC 3168 6.1 */

static bool known_segmentation(uint8_t gso_type)
{
    switch (gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
    case VIRTIO_NET_HDR_GSO_NONE:
    case VIRTIO_NET_HDR_GSO_TCPV4:
    case VIRTIO_NET_HDR_GSO_TCPV6:
        return true;
    default:
        return false;
    }
}

bool vnet_complete(const struct virtio_net_hdr *hdr, uint8_t *data, size_t len)
{
    size_t start = hdr->csum_start, field = start + hdr->csum_offset;
    uint16_t sum;

    if (!known_segmentation(hdr->gso_type))
        return false;
    if ((hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0)
        return true;
    if (start < FRAME_ETH_LEN + FRAME_IPV4_LEN || start >= len ||
        field + 2 > len)
        return false;
    /* The field holds the pseudo-header's sum already. */
    sum = (uint16_t)~checksum_fold(checksum_add(0, data + start, len - start));
    if (sum == 0)
        sum = 0xffff;
    memcpy(data + field, &sum, 2);
    return true;
}

static void set_ip_len(struct frame *f)
{
    uint8_t *ip = f->data + FRAME_ETH_LEN;
    size_t ip_len = f->len - FRAME_ETH_LEN;

    if (f->src.addr.family == AF_INET6) {
        frame_put16(ip + 4, (uint16_t)(ip_len - FRAME_IPV6_LEN));
    } else {
        frame_put16(ip + 2, (uint16_t)ip_len);
        checksum_set_ipv4(ip);
    }
}

void vnet_segment(const struct frame *f, size_t ip_max,
                  void (*emit)(void *self, uint8_t *data, size_t len),
                  void *self)
{
    uint8_t headers[FRAME_ETH_LEN + 60 + 60]; /* the longest IPv4 and TCP */
    size_t header_len = f->payload, total = frame_payload_len(f);
    size_t room = ip_max - (header_len - FRAME_ETH_LEN);

    g_assert(header_len <= sizeof(headers) && ip_max > sizeof(headers));
    memcpy(headers, f->data, header_len);
    for (size_t done = 0; done < total; done += room) {
        struct frame piece = *f;
        size_t take = MIN(room, total - done);
        uint8_t *flags;

        piece.data = f->data + done;
        piece.len = header_len + take;
        memcpy(piece.data, headers, header_len);
        frame_put32(piece.data + f->l4 + 4, f->tcp_seq + (uint32_t)done);
        flags = piece.data + f->l4 + TCP_FLAGS_OFFSET;
        if (done + take < total)
            *flags &= (uint8_t) ~(FRAME_FIN | FRAME_PSH);
        if (done > 0) /* said once for each reduction of the window */
            *flags &= (uint8_t)~TCP_CWR;
        set_ip_len(&piece);
        checksum_set_l4(&piece, TCP_CHECKSUM_OFFSET);
        emit(self, piece.data, piece.len);
    }
}

void vnet_offload(struct frame *f, unsigned mtu, struct virtio_net_hdr *hdr)
{
    size_t l4_len = f->len - f->l4;
    uint16_t sum = checksum_fold(checksum_pseudo(f, l4_len));
    bool v6 = f->src.addr.family == AF_INET6;

    set_ip_len(f);
    memcpy(f->data + f->l4 + TCP_CHECKSUM_OFFSET, &sum, 2);
    *hdr = (struct virtio_net_hdr){
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .csum_start = (uint16_t)f->l4,
        .csum_offset = TCP_CHECKSUM_OFFSET,
    };
    if (f->len - FRAME_ETH_LEN <= mtu)
        return;
    hdr->gso_type = v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
    hdr->gso_size = (uint16_t)(mtu - (f->payload - FRAME_ETH_LEN));
    hdr->hdr_len = (uint16_t)f->payload;
}
