/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/frame.h"
#include "net/stats.h"

/*
 * Joins consecutive TCP frames of one flow on their way to the guest, so that
 * one write carries many, and leaves out acknowledgements that a later one
 * overtakes.  One frame is held back; the order of all frames stays.
 * Gate process only.
 */
struct merge;

struct merge_sink {
    /*
     * Takes one frame.  `joined`: larger than its sender made it, with length
     * and checksum fields still to be set (see vnet_offload()).  The bytes may
     * be changed, and are gone after the call.
     */
    void (*emit)(void *self, struct frame *f, bool joined);
    void *self;
};

/* `join_max`: the largest joined frame that the sink takes, up to FRAME_MAX; 0:
   it takes none, and only ACKs are thinned. */
struct merge *merge_new(const struct merge_sink *sink, size_t join_max,
                        struct stats *stats);
void merge_free(struct merge *merge);

/*
 * Takes one frame (copied if it is held back).  A view without `l4`, as of an
 * ARP frame or of bytes that did not parse, passes unchanged.
 */
void merge_put(struct merge *merge, const struct frame *f);
/* Emits what is held back: at the end of each turn. */
void merge_flush(struct merge *merge);
