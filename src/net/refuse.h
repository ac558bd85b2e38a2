/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/frame_build.h"
#include "net/plan.h"

/*
 * Answers to frames of the guest that are not let through, so that its calls
 * fail at once with the right errno.  Pure: they only build frames.
 */
enum refuse_reason {
    REFUSE_RESET,      /* TCP RST: ECONNREFUSED (ICMP port for other protos) */
    REFUSE_NET,        /* ENETUNREACH */
    REFUSE_HOST,       /* EHOSTUNREACH */
    REFUSE_PORT,       /* ECONNREFUSED */
    REFUSE_PROHIBITED, /* EHOSTUNREACH for IPv4, EACCES for IPv6 */
    REFUSE_POLICY,     /* ENETUNREACH; EACCES for UDP over IPv6 */
    REFUSE_REASON_COUNT
};

/* The ICMP error, of that family, which says `reason`. */
struct frame_icmp refuse_icmp(enum refuse_reason reason, sa_family_t family);

/* Room for any answer. */
#define REFUSE_MAX FRAME_ICMP_ERROR_MAX

/*
 * Builds the answer to `f` into `out` (REFUSE_MAX bytes).  ICMP errors come
 * from the plan's gateway, a RST from the destination itself.  Returns the
 * frame's length, or 0 where RFC 1122 3.2.2 or RFC 4443 2.4 forbid an answer
 * (errors, resets, multicast, broadcast) or there is nothing to answer.
 */
size_t refuse_build(const struct frame *f, const struct plan *plan,
                    enum refuse_reason reason, uint8_t *out);
