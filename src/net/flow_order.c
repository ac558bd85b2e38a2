/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/flow_internal.h"
#include "net/frame_build.h"

#include <string.h>

/*
 * The truth about a stack is what it acknowledges; what we passed to it, it may
 * have thrown away for reasons of its own (a wrong checksum, an impossible
 * acknowledgement, a connection that is not open yet).  So a segment is in
 * order when it starts at or before the stack's newest acknowledgement.  That
 * may lag, since the stack delays some; then it is asked for a fresh one.
 */

/* Into such a window of the guest the stack sends all it has. */
#define WINDOW_OPEN 16384

/*
 * Makes the stack tell where it is: an empty segment from before its window is
 * answered at once (RFC 9293 3.10.7.4), as a keepalive probe is.
 */
static void ask_stack(struct flow_table *table, const struct flow *flow,
                      const struct frame *f)
{
    struct frame_path path = { .src = flow->guest, .dst = flow->host };
    uint8_t out[FRAME_SEGMENT_MAX];
    size_t len;

    memcpy(path.src_mac, f->data + 6, sizeof(path.src_mac));
    memcpy(path.dst_mac, f->data, sizeof(path.dst_mac));
    len = frame_put_segment(out, &path, flow->host_ack - 1, f->tcp_ack,
                            FRAME_ACK, f->tcp_window);
    flow_give_stack(table, out, len);
}

/*
 * The number that libslirp up to 4.7 takes for the next segment in its empty
 * queue: it reads it from a template of the flow's headers, where an IPv4 flow
 * has zeros and an IPv6 flow a part of the guest's address.
 */
static uint32_t unlucky_sequence(const struct frame *f)
{
    uint32_t number = 0;

    if (f->src.addr.family == AF_INET6)
        memcpy(&number, &f->src.addr.v6.s6_addr[4], sizeof(number));
    return number;
}

/* The queue is used when the stack has finished, or still wants to. */
static bool may_use_queue(const struct flow *flow, const struct frame *f)
{
    return flow->host_fin || flow->guest_ack != flow->host_next ||
           f->tcp_window < WINDOW_OPEN;
}

static bool is_in_window(const struct flow *flow, const struct frame *f)
{
    uint32_t edge = flow->host_ack + flow->window;
    uint32_t end = f->tcp_seq + (uint32_t)frame_payload_len(f);

    if (!flow_after(end, edge))
        return true;
    /* The probe of a full window, which is thrown away. */
    return flow->window == 0 && f->tcp_seq == edge && end == edge + 1;
}

static enum flow_order check_data(struct flow_table *table,
                                  const struct flow *flow,
                                  const struct frame *f)
{
    uint32_t end = f->tcp_seq + (uint32_t)frame_payload_len(f);

    if (!flow->host_ack_known)
        return FLOW_ORDER_BAD;
    if (flow_after(f->tcp_seq, flow->host_ack))
        ask_stack(table, flow, f);
    if (flow_after(f->tcp_seq, flow->host_ack) || !is_in_window(flow, f))
        return FLOW_ORDER_BAD;
    return end == unlucky_sequence(f) && may_use_queue(flow, f)
               ? FLOW_ORDER_BAD
               : FLOW_ORDER_GOOD;
}

enum flow_order flow_check_order(struct flow_table *table,
                                 const struct frame *f)
{
    bool syn = (f->tcp_flags & FRAME_SYN) != 0;
    bool data = frame_payload_len(f) > 0 || (f->tcp_flags & FRAME_FIN) != 0;
    const struct flow *flow;

    if ((f->tcp_flags & FRAME_RST) != 0)
        return FLOW_ORDER_GOOD; /* ends a connection, whatever it carries */
    if (syn && data)
        return FLOW_ORDER_BAD; /* would wait in the queue */
    if (syn || !data)
        return FLOW_ORDER_GOOD;
    flow = flow_find(table, f);
    return flow == NULL ? FLOW_ORDER_STRANGER : check_data(table, flow, f);
}
