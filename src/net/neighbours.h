/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/frame_build.h"
#include "net/plan.h"

/*
 * Which hardware address on the link belongs to which IP address, learned from
 * what the guest sends.  Of fixed size; a newcomer may displace an older entry.
 */
struct neighbours;

/* Knows nobody; `plan` is kept by reference. */
struct neighbours *neighbours_new(const struct plan *plan);
void neighbours_free(struct neighbours *neighbours);

/* Learns the sender of an ARP or IP frame of the guest. */
void neighbours_learn(struct neighbours *neighbours, const struct frame *f);

/*
 * Fills the hardware addresses of `path`, from the gateway to path->dst: all
 * ones (everybody) while that one is not known, and then returns false.
 */
bool neighbours_fill(const struct neighbours *neighbours,
                     struct frame_path *path);

#define NEIGHBOURS_QUESTION_MAX 96u
/* Builds a question for `addr` (ARP or neighbour solicitation) into `out`;
   returns the frame's length. */
size_t neighbours_put_question(const struct neighbours *neighbours,
                               const struct ip_addr *addr, uint8_t *out);
