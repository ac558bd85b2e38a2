/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "kern/loop.h"
#include "net/frame.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Writes the guest's traffic as a capture file (draft-ietf-opsawg-pcap: the
 * classic format, nanoseconds, Ethernet) to a descriptor, at most one at a
 * time.  Frames wait in a buffer of fixed size until the end of the loop's
 * turn; what finds no room there is lost and counted, so that a slow reader
 * slows nobody.  Gate process only.
 */
struct capture;

/* Bytes that wait for the reader at most. */
#define CAPTURE_BUFFER_BYTES (4u * 1024 * 1024)

struct capture_state {
    bool running;
    const char *stopped;          /* why it ended by itself; NULL: it did not */
    uint64_t frames, bytes, lost; /* of this one or the last */
};

/* Idle; `loop` must outlive it. */
struct capture *capture_new(struct loop *loop);
/* Ends a running one; what the descriptor does not take at once is lost. */
void capture_free(struct capture *capture);

/*
 * Starts a capture to `fd`, which is taken over, also on failure, and made
 * non-blocking.  At most `snap_bytes` of each frame are kept; it ends by itself
 * when the file would grow beyond `max_bytes` (0: no limit) or cannot be
 * written.  0, or -1 and an error: SLIPGATE_ERROR_CONFLICT when one is running.
 */
int capture_start(struct capture *capture, int fd, size_t snap_bytes,
                  uint64_t max_bytes, GError **err);
/*
 * Ends it and tells what came of it, also of one that has ended by itself since
 * the last stop.  -1 with SLIPGATE_ERROR_CONFLICT when there is none.
 */
int capture_stop(struct capture *capture, struct capture_state *out,
                 GError **err);
/*
 * Makes a new file for capture_start(), owned by the caller: no existing one is
 * written to, since whoever asks need not be who may write it.
 */
int capture_open(const struct capture *capture, const char *path, GError **err);
/* From now on that fails; `why` is kept by reference. */
void capture_hide_paths(struct capture *capture, const char *why);
void capture_get_state(const struct capture *capture,
                       struct capture_state *out);

/* True while frames are wanted. */
bool capture_is_running(const struct capture *capture);
/* Notes a frame; nothing happens unless a capture runs. */
void capture_frame(struct capture *capture, const uint8_t *data, size_t len);
/*
 * Notes a TCP segment without data that was never on the link, for the
 * beginning or the end of a relayed connection.
 */
void capture_segment(struct capture *capture, const struct ip_endpoint *src,
                     const struct ip_endpoint *dst, uint8_t tcp_flags);
