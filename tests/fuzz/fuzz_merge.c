/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../unit/frames.h"
#include "net/merge.h"
#include "net/vnet.h"
#include "take.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * What merging may not change: each flow's bytes, their sequence numbers and
 * order, and what the guest knows of acknowledgements in the end; and any frame
 * that is more than a plain segment, down to the last byte.  Joined frames are
 * cut again before they are compared.
 * Input: a byte of options (bit 0: join), then eight bytes for each frame.
 */
#define FLOWS 4

struct side {
    /* Per flow: what the frames say, without where one ends and the next
       begins; whole frames where they are more than plain. */
    GByteArray *said[FLOWS];
    uint32_t next[FLOWS], ack[FLOWS];
};

struct world {
    struct merge *merge;
    struct stats stats;
    struct side in, out;
    bool join;
    uint8_t frame[FRAMES_MAX];
};

static bool is_plain(const struct frame *f)
{
    return f->proto == IPPROTO_TCP && f->data[f->l4 + 12] >> 4 == 5 &&
           (f->tcp_flags & ~FRAME_PSH) == FRAME_ACK;
}

static void note(struct side *side, const struct frame *f)
{
    size_t flow = f->dst.port % FLOWS;
    GByteArray *said = side->said[flow];

    if (!is_plain(f)) {
        g_byte_array_append(said, f->data, (guint)f->len);
        return;
    }
    side->ack[flow] = f->tcp_ack;
    if (frame_payload_len(f) == 0)
        return;
    if (f->tcp_seq != side->next[flow])
        g_byte_array_append(said, f->data + f->l4 + 4, 4);
    g_byte_array_append(said, f->data + f->payload,
                        (guint)frame_payload_len(f));
    side->next[flow] = f->tcp_seq + (uint32_t)frame_payload_len(f);
}

static void note_piece(void *self, uint8_t *data, size_t len)
{
    struct world *world = self;
    struct frame f;

    g_assert_cmpint(frame_parse(data, len, &f), ==, FRAME_GOOD);
    g_assert_true(frames_checksums_are_right(data, len));
    note(&world->out, &f);
}

static void take_merged(void *self, struct frame *f, bool joined)
{
    struct world *world = self;
    struct virtio_net_hdr hdr;

    g_assert_cmpuint(f->len, <=, FRAME_MAX);
    g_assert_true(world->join || !joined);
    if (!joined) {
        g_assert_true(frames_checksums_are_right(f->data, f->len));
        note(&world->out, f);
        return;
    }
    vnet_offload(f, 1500, &hdr);
    g_assert_true(vnet_complete(&hdr, f->data, f->len));
    vnet_segment(f, 1500, note_piece, world);
}

static void put(struct world *world, struct take *in, uint32_t next[FLOWS])
{
    static const uint8_t nops[4] = { 1, 1, 1, 1 };
    static const size_t scale[] = { 1, 16, 200, 250 };
    uint8_t kind = (uint8_t)take_number(in, 1);
    size_t flow = kind % FLOWS, len = take_number(in, 1) * scale[kind >> 2 & 3];
    bool v6 = flow % 2 != 0;
    struct frames_spec spec = { .src = v6 ? "2001:db8::1" : "192.0.2.1",
                                .dst = v6 ? "fd00::100" : "10.0.2.100",
                                .proto = (kind & 0x30) == 0x30 ? IPPROTO_UDP
                                                               : IPPROTO_TCP,
                                .dport = (uint16_t)flow,
                                .flags = (uint8_t)take_number(in, 1),
                                .payload_len = len };
    struct frame f;

    /* Mostly plain segments that continue what was sent. */
    if ((kind & 0x40) == 0)
        spec.flags = FRAME_ACK | (spec.flags & FRAME_PSH);
    if ((kind & 0x30) == 0x20)
        spec.tcp_options = nops, spec.tcp_options_len = sizeof(nops);
    spec.seq = next[flow] + take_offset(in);
    spec.ack = world->in.ack[flow] + take_offset(in);
    spec.window = (uint16_t)take_number(in, 1);
    f = frames_parsed(&spec, world->frame);
    next[flow] = spec.seq + (uint32_t)len;
    note(&world->in, &f);
    merge_put(world->merge, &f);
    memset(world->frame, 0xee, f.len); /* the source is gone */
}

static void check_same(struct world *world)
{
    for (size_t i = 0; i < FLOWS; i++) {
        GByteArray *in = world->in.said[i], *out = world->out.said[i];

        g_assert_cmpuint(in->len, ==, out->len);
        g_assert_true(in->len == 0 ||
                      memcmp(in->data, out->data, in->len) == 0);
        g_assert_cmpuint(world->in.ack[i], ==, world->out.ack[i]);
        g_byte_array_free(in, TRUE);
        g_byte_array_free(out, TRUE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world world;
    struct take in = { data, MIN(size, 500) };
    const struct merge_sink sink = { take_merged, &world };
    uint32_t next[FLOWS] = { 0xfffff000, 0, 0x7ffffff0, 5 };

    memset(&world, 0, offsetof(struct world, frame));
    world.join = (take_number(&in, 1) & 1) != 0;
    for (size_t i = 0; i < FLOWS; i++) {
        world.in.said[i] = g_byte_array_new();
        world.out.said[i] = g_byte_array_new();
    }
    world.merge = merge_new(&sink, world.join ? FRAME_MAX : 0, &world.stats);
    while (in.left > 0) {
        uint8_t flush = (uint8_t)take_number(&in, 1);

        put(&world, &in, next);
        if (flush % 16 == 0)
            merge_flush(world.merge);
    }
    merge_flush(world.merge);
    merge_free(world.merge);
    check_same(&world);
    return 0;
}
