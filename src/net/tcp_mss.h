/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/frame.h"

/* The maximum segment size that a SYN announces; 0: it announces none. */
uint16_t tcp_mss_of(const struct frame *syn);
/*
 * Lowers the maximum segment size (RFC 9293 3.7.1) that a SYN announces to
 * `mss`, in place.  Whatever announces less, none, or nonsense stays as it is.
 * Pure.
 */
void tcp_mss_lower(struct frame *syn, uint16_t mss);
/* Sets what it announces, if it announces any, to `mss`, in place.  Pure. */
void tcp_mss_set(struct frame *syn, uint16_t mss);
