/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/fragment.h"
#include "net/frame_build.h"
#include "net/pump_internal.h"
#include "net/refuse.h"
#include "net/tcp_mss.h"

#include <net/ethernet.h>
#include <string.h>

/* Packets that the guest shall make of a stream. */
#define GUEST_SEGMENT_MAX 4500u
/* A SYN without data, all headers as long as they can be. */
#define SYN_MAX (FRAME_ETH_LEN + 60u + 60u)

/* Answers of our own that wait for the stack to be left. */
#define LATE_MAX 256u

static void write_one(struct pump *pump, struct frame *f, bool joined)
{
    if (link_write(&pump->link, f, joined) < 0) {
        pump->stats->frames_to_guest_lost++;
        return;
    }
    pump->stats->frames_to_guest++;
    pump->stats->bytes_to_guest += f->len;
}

static void write_fragment(void *self, uint8_t *data, size_t len)
{
    struct frame raw = { .data = data, .len = len };

    write_one(self, &raw, false);
}

void pump_write_frame(void *self, struct frame *f, bool joined)
{
    struct pump *pump = self;

    /* TCP is cut by the guest's kernel, or was never larger. */
    if (f->proto != IPPROTO_TCP && fragment_wants(f, pump->link.mtu))
        fragment_cut(f, pump->link.mtu, ++pump->fragment_id, write_fragment,
                     pump);
    else
        write_one(pump, f, joined);
}

static void tcp_to_guest(struct pump *pump, struct frame *f)
{
    /* If this opens a connection, the stack has just accepted it. */
    int fd = stack_new_socket(pump->stack);

    f->tcp_mss = flow_to_guest(pump->flows, f, loop_now_ns(pump->loop));
    flow_note_lane(pump->flows, f, stack_lane(pump->stack));
    if (fd >= 0)
        flow_note_socket(pump->flows, f, false, fd);
}

/*
 * The stack has IPv6 all the time, since it cannot be given it later; the guest
 * hears of it only while the policy says so.
 */
static bool is_silenced(const struct pump *pump, const uint8_t *data,
                        size_t len)
{
    return !pump->policy->enable_ipv6 && len >= FRAME_ETH_LEN &&
           frame_get16(data + 12) == ETHERTYPE_IPV6;
}

/* The stack must not be entered from inside of it. */
void pump_send_late(void *self)
{
    struct pump *pump = self;
    GBytes *frame;

    while ((frame = g_queue_pop_head(&pump->late)) != NULL) {
        gsize len;
        const uint8_t *data = g_bytes_get_data(frame, &len);

        stack_input_all(pump->stack, data, len);
        g_bytes_unref(frame);
    }
}

static void answer_later(struct pump *pump, const uint8_t *answer, size_t len)
{
    if (len == 0 || pump->late.length >= LATE_MAX)
        return;
    g_queue_push_tail(&pump->late, g_bytes_new(answer, len));
    loop_timer_in_ms(pump->loop, &pump->late_timer, 0);
}

/* What opens a connection is told at once that nobody answers. */
static void silence(struct pump *pump, const uint8_t *data, size_t len)
{
    uint8_t answer[REFUSE_MAX];
    struct frame f;

    pump->stats->drop_policy++;
    if (frame_parse((uint8_t *)(uintptr_t)data, len, &f) != FRAME_GOOD ||
        f.l4 == 0 || f.proto != IPPROTO_TCP)
        return;
    len = refuse_build(&f, pump->plan, REFUSE_RESET, answer);
    answer_later(pump, answer, len);
}

/* Where containers are is known here, and asked by nobody else. */
static bool is_answered(struct pump *pump, const uint8_t *data, size_t len)
{
    uint8_t answer[SEGMENTS_ANSWER_MAX];
    size_t answer_len = segments_answer(pump->link.segments, data, len, answer);

    answer_later(pump, answer, answer_len);
    return answer_len > 0;
}

/*
 * What the guest sends is taken in large frames anyway; segments of its own
 * that are smaller than the stack's fill the window better.
 */
static void announce_mss(const struct pump *pump, struct frame *f,
                         uint8_t copy[SYN_MAX])
{
    size_t headers =
        frame_headers_len(f->src.addr.family) - FRAME_ETH_LEN + FRAME_TCP_LEN;

    if (!pump->link.vnet || (f->tcp_flags & FRAME_SYN) == 0 || f->len > SYN_MAX)
        return;
    memcpy(copy, f->data, f->len);
    f->data = copy;
    tcp_mss_lower(f, (uint16_t)(GUEST_SEGMENT_MAX - headers));
}

static void frame_to_guest(struct pump *pump, const uint8_t *data, size_t len)
{
    uint8_t syn[SYN_MAX];
    struct frame f;

    if (is_answered(pump, data, len))
        return;

    if (is_silenced(pump, data, len)) {
        silence(pump, data, len);
        return;
    }

    /* Frames of our own side; merging copies before it changes anything. */
    if (frame_parse((uint8_t *)(uintptr_t)data, len, &f) != FRAME_GOOD)
        f = (struct frame){ .data = (uint8_t *)(uintptr_t)data, .len = len };
    else if (f.proto == IPPROTO_TCP && f.l4 != 0) {
        tcp_to_guest(pump, &f);
        announce_mss(pump, &f, syn);
    } else if (f.proto == IPPROTO_UDP && f.l4 != 0) {
        guard_note_to_guest(pump->guard, &f, loop_now_ns(pump->loop));
        dgram_note_stack(pump->dgram, &f, loop_now_ns(pump->loop));
    }
    merge_put(pump->merge, &f);
}

/* What the stack was given another name server for, as the guest knows it. */
static uint8_t *steer(const struct pump *pump, const uint8_t *data, size_t len)
{
    struct frame f;

    if (pump->steer == NULL || !dns_steer_is_active(pump->steer) ||
        frame_parse((uint8_t *)(uintptr_t)data, len, &f) != FRAME_GOOD ||
        f.proto != IPPROTO_TCP || f.l4 == 0)
        return NULL;
    return dns_steer_to_guest(pump->steer, &f);
}

void pump_to_guest(void *self, const uint8_t *data, size_t len)
{
    struct pump *pump = self;
    g_autofree uint8_t *steered = steer(pump, data, len);

    frame_to_guest(pump, steered != NULL ? steered : data, len);
}

int pump_datagram_to_guest(void *self, const struct virtio_net_hdr *hdr,
                           const uint8_t *data, size_t len)
{
    struct pump *pump = self;
    int rc;

    if (is_silenced(pump, data, len)) {
        pump->stats->drop_policy++;
        return 0;
    }
    rc = link_send(&pump->link, hdr, data, len);
    if (rc < 0) {
        pump->stats->frames_to_guest_lost++;
        return rc;
    }
    pump->stats->frames_to_guest++;
    pump->stats->bytes_to_guest += len;
    return 0;
}

void pump_inject(struct pump *pump, const uint8_t *data, size_t len)
{
    struct frame f = { .data = (uint8_t *)(uintptr_t)data, .len = len };

    merge_put(pump->merge, &f);
}
