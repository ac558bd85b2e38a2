/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "kern/loop.h"
#include "net/dns_message.h"
#include "net/resolvers.h"

/*
 * One question to a name server by TCP: connects, asks, reads one answer.  It
 * has no deadline of its own.  For net/dns_forward only.
 */
struct dns_call;

struct dns_call_sink {
    /* A matching answer, or data NULL: there will be none.  Called once, not
       before dns_call_start() has returned; dns_call_end() is still due. */
    void (*done)(void *self, uint8_t *data, size_t len);
    void *self;
};

/* `query` is kept by reference; `id` is the number it is asked under.  NULL and
 *error, a positive errno. */
struct dns_call *dns_call_start(struct loop *loop, const struct resolver *to,
                                const struct dns_query *query, uint16_t id,
                                const struct dns_call_sink *sink, int *error);
void dns_call_end(struct dns_call *call);
