/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/* Shared by the net/pump* files only. */
#include "net/budget.h"
#include "net/dgram.h"
#include "net/dns_steer.h"
#include "net/flow.h"
#include "net/guard.h"
#include "net/merge.h"
#include "net/pump.h"

struct pump {
    struct loop *loop;
    struct link link;
    struct loop_watch watch;
    struct loop_timer reap_timer, late_timer;
    GQueue late; /* of GBytes: frames in the guest's name */
    struct loop_timer end_timer;
    GQueue held_ends; /* see pump_end.c */
    struct stats *stats;
    const struct policy *policy;
    struct stack *stack;
    const struct plan *plan;
    struct budget *budget;
    struct budget boundless; /* where nobody gives one */
    struct guard *guard;
    struct flow_table *flows;
    struct neighbours *neighbours;
    struct dgram *dgram;
    struct dns_guest *names; /* NULL: they are the stack's */
    struct dns_steer *steer; /* NULL: as the stack wills */
    struct merge *merge;
    uint32_t fragment_id;
    unsigned segment;
    /* The buffers of connections that are over stay, until they are trimmed;
       and what there was at the last time. */
    bool keeps_blocks;
    uint64_t trimmed_flows;
    size_t trimmed_sockets;
    bool (*take_tcp)(void *self, struct frame *f);
    void (*gone)(void *self, int error);
    void *self;
    uint8_t *buf; /* FRAME_MAX bytes */
};

/* pump_out.c: towards the guest.  `self` is the pump. */
void pump_to_guest(void *self, const uint8_t *data, size_t len);
int pump_datagram_to_guest(void *self, const struct virtio_net_hdr *hdr,
                           const uint8_t *data, size_t len);
void pump_write_frame(void *self, struct frame *f, bool joined);
void pump_send_late(void *self);

/* pump_in.c: from the guest.  `self` is the pump. */
void pump_link_ready(void *self, uint32_t events);
void pump_from_guard(void *self, struct frame *f);
/* Frames in the guest's name, of whatever kind. */
void pump_to_stack(void *self, uint8_t *data, size_t len);
bool pump_expects(void *self, const struct frame *f);
/* Hands a TCP frame of the guest to the stack's right lane. */
void pump_give_tcp(struct pump *pump, struct frame *f);

/* pump_end.c: ends of the guest of which the stack is to hear later. */
/*
 * To be asked for each frame of the guest: true if it would end a connection
 * whose end is held, and so must not be passed on.
 */
bool pump_holds_end(struct pump *pump, const struct frame *f);
/* True: `f` finished a connection, and its data was given to the stack; its end
   was, or will be. */
bool pump_keep_end(struct pump *pump, const struct frame *f);
/* Forgets the connection of the guest's frame, which was passed on, if that was
   all. */
void pump_finish(struct pump *pump, const struct frame *f);
/* Once per turn: are there any that the stack may hear of now? */
void pump_look_at_ends(struct pump *pump);
void pump_give_ends(void *self);
