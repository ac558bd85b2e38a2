/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/* Shared by the net/flow*.c files only. */
#include "net/flow.h"
#include "net/flow_key.h"

struct flow {
    struct flow_key key; /* first: what the table hashes */
    struct ip_endpoint guest, host;
    uint8_t guest_mac[6], host_mac[6];
    bool guest_fin, host_fin, reset;
    bool host_first; /* the stack finished before it knew the guest's end */
    bool host_next_known, host_ack_known;
    uint8_t probes;
    uint32_t host_next; /* sequence that the stack sends next */
    uint32_t host_ack;  /* what the stack has acknowledged */
    uint16_t window;    /* and how much more it takes; it scales none */
    uint16_t guest_mss; /* what the guest takes in one segment; 0: not known */
    uint32_t guest_ack; /* the newest of the guest's acknowledgements */
    uint32_t guest_end; /* sequence after the guest's end */
    bool inbound;
    bool end_due; /* the stack is to hear of the reset when it has answered */
    uint8_t lane;
    bool ended; /* the observer was told */
    GList link; /* in `ended` of the table, then */
    int fd;     /* the host's socket; -1: not known */
    uint64_t id, bytes_from_guest, bytes_to_guest;
    int64_t started_ns;
    int64_t last_ns; /* last frame of the guest, or data to it */
    int64_t probed_ns;
};

struct flow_table {
    struct flow_sink sink;
    struct stats *stats;
    const struct flow_observer *observer; /* NULL: nobody */
    unsigned lanes;                       /* a power of two */
    GHashTable *flows;                    /* set of struct flow */
    struct flow *latest;                  /* one-entry cache */
    GQueue ended;   /* the longest first: what a full table forgets */
    bool entrusted; /* the stack is being given a frame: forget nothing */
};

/* The stack has acknowledged the guest's end, and so all before it. */
static inline bool flow_knows_guest_end(const struct flow *flow)
{
    return flow->guest_fin && flow->host_ack_known &&
           flow->host_ack == flow->guest_end;
}

/* Both sides have finished, or one has reset it. */
static inline bool flow_is_closed(const struct flow *flow)
{
    return flow->reset || (flow->guest_fin && flow->host_fin);
}

/* As lists and observers get it. */
struct flow_info flow_info_of(const struct flow *flow);
/* It is over: tells the observer, once. */
void flow_note_end(struct flow_table *table, struct flow *flow,
                   enum flow_end how);
/* Passes a segment to the stack in the guest's name; whatever the stack does
   then, flows that were found stay. */
void flow_give_stack(struct flow_table *table, uint8_t *data, size_t len);
/* Frees it. */
void flow_forget(struct flow_table *table, struct flow *flow);

/* The flow that the guest's frame `f` belongs to, or NULL.  A frame that opens
   one after the look-up is looked for again. */
struct flow *flow_find(struct flow_table *table, const struct frame *f);
/* The same without regard to what flow_look_up() noted. */
struct flow *flow_find_anew(struct flow_table *table, const struct frame *f);

/* In sequence space, which wraps. */
static inline bool flow_after(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}
