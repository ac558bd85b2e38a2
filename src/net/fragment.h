/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/frame.h"

/*
 * Cuts an IP packet that is larger than the guest's link into fragments
 * (RFC 791, RFC 8200 section 4.5), as its sender would: what carries frames in
 * the kernel drops larger ones.  Pure.
 */
#define FRAGMENT_MTU_MIN_V4 68u
#define FRAGMENT_MTU_MIN_V6 1280u

/* True if `f` is an IP packet of more than `mtu` bytes on a link that may have
   fragments, and no fragment itself. */
bool fragment_wants(const struct frame *f, unsigned mtu);

/*
 * Hands the fragments of `f`, for which fragment_wants() is true, to `emit` in
 * order; each is gone after the call.  `id` tells them from those of other
 * packets.
 */
void fragment_cut(const struct frame *f, unsigned mtu, uint32_t id,
                  void (*emit)(void *self, uint8_t *data, size_t len),
                  void *self);
