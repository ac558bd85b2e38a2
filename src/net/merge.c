/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/merge.h"

#include <glib.h>
#include <string.h>

#define TCP_HEADER_PLAIN 5 /* data offset without options */

struct merge {
    struct merge_sink sink;
    size_t join_max;
    struct stats *stats;
    bool holding, joined;
    struct frame held; /* its data points to `buf` */
    uint8_t buf[FRAME_MAX];
};

struct merge *merge_new(const struct merge_sink *sink, size_t join_max,
                        struct stats *stats)
{
    struct merge *merge = g_malloc(sizeof(*merge));

    /* The buffer stays untouched until it is used: no resident memory. */
    merge->sink = *sink;
    merge->join_max = join_max;
    merge->stats = stats;
    merge->holding = false;
    merge->joined = false;
    return merge;
}

void merge_free(struct merge *merge)
{
    g_free(merge);
}

void merge_flush(struct merge *merge)
{
    if (!merge->holding)
        return;
    merge->holding = false;
    merge->sink.emit(merge->sink.self, &merge->held, merge->joined);
}

/* Only plain segments: no options, nothing but ACK and PSH set. */
static bool is_plain(const struct frame *f)
{
    return f->proto == IPPROTO_TCP && f->l4 != 0 && !f->options &&
           (f->data[f->l4 + 12] >> 4) == TCP_HEADER_PLAIN &&
           (f->data[f->l4 + 13] & ~FRAME_PSH) == FRAME_ACK;
}

static bool same_flow(const struct frame *a, const struct frame *b)
{
    /* Addresses and ports are the same bytes at the same places. */
    size_t addrs = a->src.addr.family == AF_INET6 ? 8 : 12;

    return a->src.addr.family == b->src.addr.family && a->l4 == b->l4 &&
           memcmp(a->data + FRAME_ETH_LEN + addrs,
                  b->data + FRAME_ETH_LEN + addrs,
                  a->l4 - FRAME_ETH_LEN - addrs) == 0 &&
           memcmp(a->data + a->l4, b->data + b->l4, 4) == 0;
}

static bool continues(const struct merge *merge, const struct frame *f)
{
    const struct frame *held = &merge->held;
    size_t held_len = frame_payload_len(held), len = frame_payload_len(f);

    return held_len > 0 && len > 0 && (held->tcp_flags & FRAME_PSH) == 0 &&
           (int32_t)(f->tcp_ack - held->tcp_ack) >= 0 &&
           f->tcp_seq == held->tcp_seq + (uint32_t)held_len &&
           held->len + len <= merge->join_max;
}

/* Takes over what the newest segment says: ACK, window, PSH. */
static void append(struct merge *merge, const struct frame *f)
{
    struct frame *held = &merge->held;
    size_t len = frame_payload_len(f);

    memcpy(held->data + held->len, f->data + f->payload, len);
    held->len += len;
    memcpy(held->data + held->l4 + 8, f->data + f->l4 + 8, 8);
    held->tcp_flags = f->tcp_flags;
    held->tcp_ack = f->tcp_ack;
    held->tcp_window = f->tcp_window;
    merge->joined = true;
    merge->stats->frames_merged++;
}

/* A bare ACK that the next one of its flow moves on says nothing any more. */
static bool overtaken(const struct merge *merge, const struct frame *f)
{
    const struct frame *held = &merge->held;

    return frame_payload_len(held) == 0 && f->tcp_seq == held->tcp_seq &&
           (int32_t)(f->tcp_ack - held->tcp_ack) > 0;
}

static void hold(struct merge *merge, const struct frame *f)
{
    memcpy(merge->buf, f->data, f->len);
    merge->held = *f;
    merge->held.data = merge->buf;
    merge->holding = true;
    merge->joined = false;
}

static void pass(struct merge *merge, const struct frame *f)
{
    struct frame frame = *f;

    merge_flush(merge);
    merge->sink.emit(merge->sink.self, &frame, false);
}

void merge_put(struct merge *merge, const struct frame *f)
{
    if (!is_plain(f)) {
        pass(merge, f);
        return;
    }
    if (merge->holding && same_flow(&merge->held, f)) {
        if (continues(merge, f)) {
            append(merge, f);
            return;
        }
        if (overtaken(merge, f)) {
            merge->holding = false;
            merge->stats->acks_thinned++;
        }
    }
    /* Holding back copies, so only what may be joined or overtaken is held. */
    if (merge->join_max == 0 && frame_payload_len(f) > 0) {
        pass(merge, f);
        return;
    }
    merge_flush(merge);
    hold(merge, f);
}
