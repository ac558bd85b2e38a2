/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/frame.h"

#include <glib.h>

/*
 * Remembers who lately sent the guest a datagram, so that its replies are told
 * from flows that it opens itself: a reply is let through where the policy
 * would not let the guest begin.  Of fixed size; a newcomer may displace an
 * older entry.  Gate process only.
 */
struct replies;

/* As long as libslirp keeps a UDP flow. */
#define REPLIES_TIMEOUT_S 240

struct replies *replies_new(void);
void replies_free(struct replies *replies);

/* Forgets all: replies must be earned anew. */
void replies_clear(struct replies *replies);

/* Notes the UDP frame `f` that goes to the guest. */
void replies_note(struct replies *replies, const struct frame *f,
                  int64_t now_ns);
/* True if the guest's UDP frame `f` answers one that was noted. */
bool replies_expects(const struct replies *replies, const struct frame *f,
                     int64_t now_ns);
