/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/flow_info.h"
#include "net/frame.h"
#include "net/plan.h"
#include "net/stats.h"

#include <glib.h>

/*
 * The TCP flows that pass as frames, as far as the frames tell: who talks to
 * whom, how far each side acknowledged, who has finished.  From it come three
 * things: segments out of order can be told apart; a flow whose guest end may
 * be gone is probed with a keepalive (RFC 9293 3.8.4), which a kernel without
 * the socket answers with a reset; and a flow that answers nothing is ended by
 * a reset in the guest's name.  Gate process only.
 */
struct flow_table;

/* A new flow takes the place of the one that ended first; if none has, it is
   not tracked. */
#define FLOW_TABLE_MAX 32768u

/* Idle time after which the guest is probed, and between probes. */
#define FLOW_HALF_CLOSED_IDLE_S 20
#define FLOW_ESTABLISHED_IDLE_S 600
/* Probes without any answer before the flow is ended. */
#define FLOW_PROBES_MAX 3

/* Where injected frames go. */
struct flow_sink {
    void (*to_guest)(void *self, const uint8_t *data, size_t len);
    void (*from_guest)(void *self, uint8_t *data, size_t len);
    void *self;
};

/* `sink` is copied, `stats` kept by reference. */
struct flow_table *flow_table_new(const struct flow_sink *sink,
                                  struct stats *stats);
/* Its flows are forgotten; nobody is told. */
void flow_table_free(struct flow_table *table);
/* Kept by reference. */
void flow_table_observe(struct flow_table *table,
                        const struct flow_observer *observer);

/* Notes a TCP frame that the guest sends; call before it is passed on. */
void flow_from_guest(struct flow_table *table, const struct frame *f,
                     int64_t now_ns);
/*
 * Notes a TCP frame that goes to the guest.  Returns the most data that the
 * guest, or who is behind it, takes in one segment; 0 if it has not told.
 */
uint16_t flow_to_guest(struct flow_table *table, const struct frame *f,
                       int64_t now_ns);
enum flow_order {
    FLOW_ORDER_GOOD,
    FLOW_ORDER_BAD,      /* to be dropped; a guest in need sends it again */
    FLOW_ORDER_STRANGER, /* of no connection; to be answered with a reset */
};

/*
 * Judges a TCP frame of the guest for a stack that must get data exactly in
 * order and within the window it offered.  May pass a segment to the stack in
 * the guest's name, whose answer should have come to flow_to_guest() when
 * that returns.  Call it before flow_from_guest().
 */
enum flow_order flow_check_order(struct flow_table *table,
                                 const struct frame *f);

/* Probes, ends and forgets flows; call every few seconds. */
void flow_table_reap(struct flow_table *table, int64_t now_ns);

/*
 * Connections are spread over so many lanes (a power of two; 1 at first), those
 * of the guest by what they are: see flow_key_lane().
 */
void flow_table_set_lanes(struct flow_table *table, unsigned lanes);
/* The lane of the connection that the guest's frame `f` belongs to. */
unsigned flow_lane(struct flow_table *table, const struct frame *f);
/* The lane of one from outside, which `f` opens. */
void flow_note_lane(struct flow_table *table, const struct frame *f,
                    unsigned lane);

/* The host's socket of the flow that `f` opens, in either direction. */
void flow_note_socket(struct flow_table *table, const struct frame *f,
                      bool from_guest, int fd);
/*
 * Notes in a TCP frame of the guest which flow it belongs to, if any; what is
 * asked about it later need not look for it again.  The note is good until the
 * stack is given a frame, by whomever but this table, and flow_table_reap().
 */
void flow_look_up(struct flow_table *table, struct frame *f);
/*
 * Will this frame of the guest be the last that the stack expects of a flow
 * that both sides have finished?  Then the host's socket, else -1.
 */
int flow_ended_by(struct flow_table *table, const struct frame *f);
/*
 * Does the guest finish by this frame a flow that the host has finished before?
 * Then the host's socket, else -1.
 */
int flow_finished_second(struct flow_table *table, const struct frame *f);
/* Have both sides finished the flow of this frame of the guest, and has each
   acknowledged the other's end?  The stack may have had the frame before this
   and the next two: they look for the flow again. */
bool flow_is_over(struct flow_table *table, const struct frame *f);
/* Does the stack, which finished such a flow first, keep the host's socket for
   what may come late (TIME-WAIT, RFC 9293 3.3.2)?  Then that, else -1. */
int flow_lingers(struct flow_table *table, const struct frame *f);
/*
 * Forgets such a flow; `f` was passed on before.  A stack that would linger
 * hears by a reset in the guest's name that nothing more will come.
 */
void flow_finish(struct flow_table *table, const struct frame *f);
/* Is this frame of the guest of a flow that is open? */
bool flow_is_known(struct flow_table *table, const struct frame *f);
/*
 * Does this frame of the guest go on with what was judged before?  Of a flow
 * that is open, or that came from outside; one that is over in our eyes need
 * not be in the stack's, which may know a reset or an end for a false one.
 */
bool flow_goes_on(struct flow_table *table, const struct frame *f);

/* Calls `visit` for each flow that is open, in no order. */
void flow_each(struct flow_table *table, flow_visit visit, void *self);
/*
 * Ends the flows for which `match` is true by resets to both sides; returns how
 * many.
 */
size_t flow_end_matching(struct flow_table *table, flow_match match,
                         void *self);

size_t flow_count(const struct flow_table *table);
/* Would one more flow be tracked? */
bool flow_has_room(const struct flow_table *table);
