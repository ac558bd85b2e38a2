/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "kern/loop.h"
#include "net/budget.h"
#include "net/datagram.h"
#include "net/flow_info.h"
#include "net/fwd_driver.h"
#include "net/neighbours.h"
#include "net/outbound.h"
#include "net/plan.h"
#include "net/segments.h"
#include "net/stats.h"

/*
 * UDP and echo requests by sockets of our own, in batches.  One socket stands
 * for one address and port of the guest, whatever peers it talks to, as the
 * mapping of RFC 4787 4.1 asks; a flow is one such pair.  Answers leave from
 * the address that was asked; errors of the network reach the guest as ICMP.
 * DHCP, names and what is sent to many are left to the stack.
 * Gate process only; nothing here blocks.
 */
struct dgram;

/* Beyond it, or the budget, the flow that was idle longest gives way; but to a
   client of a forward only another client's. */
#define DGRAM_FLOWS_MAX 16384u
/* Idle time after which a flow is forgotten (RFC 4787 4.3: two minutes at
   least, but for services that are known to ask once). */
#define DGRAM_IDLE_S          180
#define DGRAM_ANSWERED_NAME_S 10 /* peer port 53, after its answer */
#define DGRAM_ECHO_IDLE_S     30
/* But a flow that was used so lately does not give way: the new one fails. */
#define DGRAM_SAFE_S 5

struct dgram_config {
    const struct plan *plan;       /* kept by reference, like all these */
    struct neighbours *neighbours; /* who is where on the link */
    struct budget *budget;
    struct stats *stats;
    const struct flow_observer *observer; /* NULL: nobody */
    struct outbound outbound, outbound6;
    const struct segments *segments; /* NULL: none */
    struct datagram_link link;
    struct datagram_sink sink; /* frames for the guest */
};

/* `config` is copied; `loop` must outlive it. */
struct dgram *dgram_new(struct loop *loop, const struct dgram_config *config);
/* Forwards must have been stopped. */
void dgram_free(struct dgram *dgram);

/*
 * Takes a frame of the guest that may pass; false: it belongs to the stack.
 * What is taken may be sent later, by dgram_flush() at the latest.
 */
bool dgram_take(struct dgram *dgram, const struct frame *f, int64_t now_ns);
void dgram_flush(struct dgram *dgram);
/* Is `f` the guest's answer to a client of a forward? */
bool dgram_expects(struct dgram *dgram, const struct frame *f);
/*
 * Notes a UDP frame of the stack to the guest: what comes back is the stack's.
 */
void dgram_note_stack(struct dgram *dgram, const struct frame *f,
                      int64_t now_ns);

/* Forgets flows that are idle; call every second or so. */
void dgram_reap(struct dgram *dgram, int64_t now_ns);

/* Flows that are open, those of the stack included. */
size_t dgram_count(const struct dgram *dgram);
/* Flows for which `match` is true are ended at once; returns how many. */
size_t dgram_end_matching(struct dgram *dgram, flow_match match, void *self);
/* Calls `visit` for each flow, in no order. */
void dgram_each(struct dgram *dgram, flow_visit visit, void *self);

/*
 * Forwards of UDP ports (driver "udp"): the guest sees the client's address and
 * port, but the gateway's address for clients that it could not answer
 * (loopback, link-local).
 */
struct fwd_driver dgram_fwd_driver(struct dgram *dgram);
