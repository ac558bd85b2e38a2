/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../unit/frames.h"
#include "net/checksum.h"
#include "net/guard.h"
#include "take.h"

#include <net/ethernet.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Frames of a hostile guest through the guard, and what it passes on to the
 * judgement of order.  Input: for each frame a byte that says how it is sent
 * (bit 0: with right checksums; bit 1: as one that the stack sends; the rest:
 * how many seconds later), its length in two bytes, and its bytes.
 */
struct world {
    struct plan plan;
    struct policy policy;
    struct stats stats;
    struct flow_table *flows;
    struct guard *guard;
    int64_t now_ns;
};

static void check_passed(void *self, struct frame *f)
{
    struct world *world = self;
    struct frame again;

    g_assert_cmpint(frame_parse(f->data, f->len, &again), ==, FRAME_GOOD);
    g_assert_cmpuint(again.len, ==, f->len);
    if (f->ethertype == ETHERTYPE_ARP)
        return;
    g_assert_false(again.options || again.fragment);
    g_assert_cmpuint(again.l4, !=, 0);
    if (f->proto != IPPROTO_TCP)
        return;
    g_assert_cmpuint(again.tcp_flags & FRAME_URG, ==, 0);
    g_assert_cmpuint(frame_get16(f->data + f->l4 + 18), ==, 0);
    if (guard_admits_order(world->guard, f))
        flow_from_guest(world->flows, f, world->now_ns);
}

static void check_answer(void *self, const uint8_t *data, size_t len)
{
    struct frame f;

    (void)self;
    g_assert_cmpint(frame_parse((uint8_t *)(uintptr_t)data, len, &f), ==,
                    FRAME_GOOD);
    g_assert_cmpuint(f.len, ==, len);
    g_assert_true(frames_checksums_are_right(data, len));
}

static void check_injected(void *self, uint8_t *data, size_t len)
{
    check_answer(self, data, len);
}

static void set_checksums(uint8_t *data, size_t len)
{
    struct frame f;

    if (frame_parse(data, len, &f) != FRAME_GOOD || f.proto == 0)
        return;
    if (f.ethertype == ETHERTYPE_IP)
        checksum_set_ipv4(data + FRAME_ETH_LEN);
    if (f.l4 != 0 && f.proto == IPPROTO_TCP)
        checksum_set_l4(&f, 16);
    else if (f.l4 != 0 && f.proto == IPPROTO_UDP)
        checksum_set_l4(&f, 6);
}

static void put_frame(struct world *world, uint8_t how, uint8_t *data,
                      size_t len)
{
    struct frame f;

    world->now_ns += (how >> 2) * 1000000000LL;
    if ((how & 1) != 0)
        set_checksums(data, len);
    if ((how & 2) == 0) {
        guard_input(world->guard, data, len, world->now_ns);
    } else if (frame_parse(data, len, &f) == FRAME_GOOD && f.l4 != 0) {
        if (f.proto == IPPROTO_TCP)
            flow_to_guest(world->flows, &f, world->now_ns);
        guard_note_to_guest(world->guard, &f, world->now_ns);
    }
    flow_table_reap(world->flows, world->now_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world world = { .policy = { false, true, true, true },
                           .now_ns = 1000000000LL };
    const struct flow_sink flow_sink = { check_answer, check_injected, &world };
    const struct guard_sink sink = { .pass = check_passed,
                                     .answer = check_answer,
                                     .self = &world };
    struct take in = { data, size };

    g_assert_cmpint(plan_init(&world.plan, PLAN_CIDR_DEFAULT, NULL), ==, 0);
    world.flows = flow_table_new(&flow_sink, &world.stats);
    world.guard = guard_new(&world.plan, &world.policy, world.flows,
                            &world.stats, &sink, true);
    while (in.left > 0) {
        uint8_t how = (uint8_t)take_number(&in, 1);
        size_t len;
        const uint8_t *bytes = take_bytes(&in, take_number(&in, 2), &len);
        /* Exactly as long as the frame, for a sanitizer to see its end. */
        g_autofree uint8_t *frame = g_memdup2(bytes, len);

        put_frame(&world, how, frame, len);
    }
    guard_free(world.guard);
    flow_table_free(world.flows);
    return 0;
}
