/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/capture.h"
#include "net/frame.h"
#include "net/segments.h"
#include "net/vnet.h"

#include <stdbool.h>

/*
 * The wire to the guest: a tap descriptor, with or without virtio-net headers,
 * or a SOCK_SEQPACKET peer that takes one frame per message (User Mode Linux
 * calls it BESS).  Gate process only.
 */
struct link {
    int fd; /* non-blocking; the link's user closes it */
    bool vnet;
    bool is_socket;
    unsigned mtu;            /* of the guest's side: how large pieces may be */
    struct capture *capture; /* sees each frame; may be NULL */
    /* Who is reached through the relay namespace; NULL: nobody. */
    const struct segments *segments;
};

/*
 * Reads one frame into `buf` (FRAME_MAX bytes).  Returns its length, 0 when
 * none is waiting, -EPROTO for a frame whose offload request makes no sense (go
 * on), and another -errno when the guest's side is gone for good.
 */
ssize_t link_read(const struct link *link, uint8_t *buf,
                  struct virtio_net_hdr *hdr);

/*
 * Writes one frame; `joined` as in merge.h.  0 or -errno; the frame is lost
 * then, which is what wires do.
 */
int link_write(const struct link *link, struct frame *f, bool joined);

/* Writes a frame that needs what `hdr` says (all zeros unless link->vnet). */
int link_send(const struct link *link, const struct virtio_net_hdr *hdr,
              const uint8_t *data, size_t len);
