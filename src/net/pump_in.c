/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/pump_internal.h"
#include "net/refuse.h"
#include "net/tcp_mss.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>

/* Frames taken per turn, so that the other direction gets its share. */
#define BATCH 64

/* Flows are known by the guest's addresses, whatever the stack gets to see. */
void pump_give_tcp(struct pump *pump, struct frame *f)
{
    unsigned lane = flow_lane(pump->flows, f);

    if (pump->steer != NULL)
        dns_steer_to_stack(pump->steer, f);
    stack_input_tcp(pump->stack, lane, f->data, f->len);
}

void pump_to_stack(void *self, uint8_t *data, size_t len)
{
    struct pump *pump = self;
    struct frame f;

    if (frame_parse(data, len, &f) != FRAME_GOOD)
        return;
    if (f.proto == IPPROTO_TCP && f.l4 != 0)
        pump_give_tcp(pump, &f);
    else
        stack_input(pump->stack, &f);
}

static void refuse(struct pump *pump, const struct frame *f,
                   enum refuse_reason reason)
{
    uint8_t out[REFUSE_MAX];
    size_t len = refuse_build(f, pump->plan, reason, out);

    pump->stats->flows_refused++;
    if (len > 0)
        pump_inject(pump, out, len);
}

/*
 * The stack opens what it is asked for until it finds no descriptor; so it is
 * not asked for more than there are.  Nor for what could not be watched over.
 */
static bool may_open(struct pump *pump, const struct frame *f)
{
    if ((f->tcp_flags & (FRAME_SYN | FRAME_ACK)) != FRAME_SYN)
        return true;
    return flow_is_known(pump->flows, f) ||
           (flow_has_room(pump->flows) &&
            budget_has_room(pump->budget, BUDGET_STACK_STREAM));
}

/*
 * With the last acknowledgement the stack closes the host's socket, and throws
 * away what that has not taken yet.  So the stack does not hear of it before:
 * it sends its end again, and the guest acknowledges that again.
 */
static bool would_lose_data(struct pump *pump, const struct frame *f)
{
    int fd = flow_ended_by(pump->flows, f);

    return fd >= 0 &&
           stack_is_behind(pump->stack, flow_lane(pump->flows, f), fd);
}

/* What the guest really takes is known to the flow table, and to the link. */
static void announce_mss(const struct pump *pump, struct frame *f)
{
    if (pump->link.vnet && (f->tcp_flags & FRAME_SYN) != 0)
        tcp_mss_set(f,
                    (uint16_t)(pump->segment - FRAME_IPV4_LEN - FRAME_TCP_LEN));
}

static void give_new(struct pump *pump, const struct frame *f)
{
    struct frame given = *f;
    int fd;

    announce_mss(pump, &given);
    pump_give_tcp(pump, &given);
    fd = stack_new_socket(pump->stack);
    if (fd >= 0)
        flow_note_socket(pump->flows, f, true, fd);
}

static void tcp_to_stack(struct pump *pump, const struct frame *f)
{
    if (!may_open(pump, f)) {
        refuse(pump, f, REFUSE_RESET);
        return;
    }
    if (!guard_admits_order(pump->guard, f) || would_lose_data(pump, f) ||
        pump_holds_end(pump, f))
        return;
    flow_from_guest(pump->flows, f, loop_now_ns(pump->loop));
    if (pump_keep_end(pump, f))
        return;
    give_new(pump, f);
    pump_finish(pump, f);
}

static void piece_to_stack(void *self, uint8_t *data, size_t len)
{
    struct frame f;

    if (frame_parse(data, len, &f) == FRAME_GOOD)
        tcp_to_stack(self, &f);
}

static void tcp_from_guard(struct pump *pump, struct frame *f)
{
    if (pump->take_tcp != NULL && pump->take_tcp(pump->self, f))
        return;
    /* The stack takes IPv4 of any size, but IPv6 only up to its MTU, which the
       guest's own device may exceed by a few bytes. */
    if (f->src.addr.family == AF_INET6 &&
        f->len - FRAME_ETH_LEN > SLIRP_ENGINE_TAKES_MAX)
        vnet_segment(f, SLIRP_ENGINE_TAKES_MAX / 2, piece_to_stack, pump);
    else
        tcp_to_stack(pump, f);
}

void pump_from_guard(void *self, struct frame *f)
{
    struct pump *pump = self;

    if (f->proto == IPPROTO_TCP) {
        tcp_from_guard(pump, f);
        return;
    }
    if (pump->names != NULL && dns_guest_take(pump->names, f))
        return;
    if (dgram_take(pump->dgram, f, loop_now_ns(pump->loop)))
        return;
    neighbours_learn(pump->neighbours, f);
    if ((f->proto == IPPROTO_UDP || f->proto == IPPROTO_ICMP) &&
        !budget_has_room(pump->budget, BUDGET_STACK_DATAGRAM))
        refuse(pump, f, REFUSE_HOST);
    else
        stack_input(pump->stack, f);
}

bool pump_expects(void *self, const struct frame *f)
{
    struct pump *pump = self;

    return dgram_expects(pump->dgram, f);
}

/* 0, or the error for which the link is gone. */
static int take_batch(struct pump *pump)
{
    int64_t now_ns = loop_now_ns(pump->loop);

    for (int i = 0; i < BATCH; i++) {
        struct virtio_net_hdr hdr;
        ssize_t n = link_read(&pump->link, pump->buf, &hdr);

        if (n == 0)
            return 0;
        if (n == -EPROTO)
            pump->stats->drop_vnet_header++;
        else if (n < 0)
            return (int)-n;
        else
            guard_input(pump->guard, pump->buf, (size_t)n, now_ns);
    }
    return 0;
}

void pump_link_ready(void *self, uint32_t events)
{
    struct pump *pump = self;
    int error = take_batch(pump);

    dgram_flush(pump->dgram);
    /* A device that only reports an error reads as empty for ever. */
    if (error == 0 && (events & (EPOLLERR | EPOLLHUP)) != 0 &&
        (events & EPOLLIN) == 0)
        error = EIO;
    if (error == 0)
        return;
    loop_unwatch(pump->loop, &pump->watch);
    pump->gone(pump->self, error); /* last: the pump may be no more */
}
