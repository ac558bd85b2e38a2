/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/frame_build.h"

#include <linux/virtio_net.h>

/*
 * Datagrams on their way to the guest: headers, checksums, and the cutting of
 * what is larger than the link takes.  Pure.
 */
/* Bytes in front of a payload that are written to. */
#define DATAGRAM_HEADROOM (FRAME_ETH_LEN + FRAME_IPV6_LEN + FRAME_UDP_LEN)

struct datagram_link {
    unsigned mtu;
    bool vnet;        /* the guest completes checksums */
    bool uso;         /* and cuts several datagrams from one frame */
    uint32_t last_id; /* of packets that were sent as fragments */
};

struct datagram_sink {
    /* Gone after the call; `hdr` is all zeros unless link->vnet.  0 or -errno;
       -EINVAL says that the guest does not cut datagrams. */
    int (*frame)(void *self, const struct virtio_net_hdr *hdr,
                 const uint8_t *data, size_t len);
    void *self;
};

/*
 * Sends the `len` bytes at `payload` as UDP: as datagrams of `segment` bytes,
 * of which the last may be shorter, or as one if `segment` is 0.  Writes over
 * the headroom and the payload.
 */
void datagram_send(struct datagram_link *link, const struct frame_path *path,
                   uint8_t *payload, size_t len, size_t segment,
                   const struct datagram_sink *sink);

/*
 * Sends the complete transport packet at `l4`, in fragments where its IP packet
 * would not fit the link.  Writes over the headroom and the packet.
 */
void datagram_send_packet(struct datagram_link *link,
                          const struct frame_path *path, int proto, uint8_t *l4,
                          size_t l4_len, const struct datagram_sink *sink);
