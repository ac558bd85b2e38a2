/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/frame.h"
#include "net/stats.h"

/*
 * Puts packets of the guest together from fragments (RFC 791, RFC 8200 4.5), so
 * that all checks see whole packets.  At most REASM_SLOTS packets at once, each
 * for REASM_TIMEOUT_S; when all are taken the oldest gives way.  A fragment
 * that overlaps another spoils its packet, as RFC 5722 asks for IPv6. Gate
 * process only.
 */
#define REASM_SLOTS     8
#define REASM_TIMEOUT_S 15

struct reasm;

/* `stats`, where what is lost is counted, is kept by reference. */
struct reasm *reasm_new(struct stats *stats);
void reasm_free(struct reasm *reasm);

/*
 * Takes the fragment `f` (f->fragment set, no options).  When it completes a
 * packet, returns its frame, which stays valid until the next call, and stores
 * its length; NULL else.
 */
uint8_t *reasm_put(struct reasm *reasm, const struct frame *f, int64_t now_ns,
                   size_t *len);
