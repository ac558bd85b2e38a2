/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/frame.h"

#include <linux/virtio_net.h>

/*
 * The virtio-net header that a tap puts before each frame (struct
 * virtio_net_hdr, virtio 1.2 section 5.1.6): what the guest's kernel left to
 * the device.  We are the device: checksums are completed here, and oversized
 * segments are cut where the stack behind us cannot take them.  Pure.
 */
#define VNET_HEADER_LEN sizeof(struct virtio_net_hdr)

/*
 * Completes the checksum that `hdr` asks for in the frame of `len` bytes at
 * `data`.  False when the request points outside the frame or names an
 * unknown segmentation: drop such a frame.
 */
bool vnet_complete(const struct virtio_net_hdr *hdr, uint8_t *data, size_t len);

/*
 * Cuts a TCP frame into pieces whose IP packet has at most `ip_max` bytes and
 * hands each to `emit`, in order.  Writes the headers of each piece in place,
 * over data that was handed out before: `f` and its bytes are used up.
 */
void vnet_segment(const struct frame *f, size_t ip_max,
                  void (*emit)(void *self, uint8_t *data, size_t len),
                  void *self);

/*
 * Prepares a TCP frame for a guest that cuts it itself: fills `hdr` for pieces
 * of an `mtu`-sized link and leaves the checksum to the guest.  The frame's IP
 * length and checksum fields are rewritten.
 */
void vnet_offload(struct frame *f, unsigned mtu, struct virtio_net_hdr *hdr);
