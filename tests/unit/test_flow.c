/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frames.h"
#include "net/flow.h"

#include <string.h>

#define S 1000000000LL /* a second */

enum side { FROM_GUEST, TO_GUEST };

/* A table whose injected frames are kept, and a flow that they belong to. */
struct bench {
    struct stats stats;
    struct flow_table *table;
    GPtrArray *to_guest, *from_guest; /* of GBytes */
    int64_t now_ns;
    bool v6;
    uint32_t answer; /* what the stack acknowledges when asked; 0: nothing */
    bool opens;      /* it opens a connection to the guest, too */
    uint8_t frame[FRAMES_MAX];
};

static void keep_to_guest(void *self, const uint8_t *data, size_t len)
{
    struct bench *b = self;

    g_ptr_array_add(b->to_guest, g_bytes_new(data, len));
}

/* What is known of the guest's segments then; 0 for frames of its own. */
static uint16_t see(struct bench *b, enum side side, struct frames_spec spec)
{
    struct frame f;

    spec.src = b->v6 ? "fd00::100" : "10.0.2.100";
    spec.dst = b->v6 ? "2001:db8::1" : "192.0.2.1";
    if (side == TO_GUEST) {
        const char *guest = spec.src;

        spec.src = spec.dst;
        spec.dst = guest;
        spec.sport = 80;
        spec.dport = spec.dport != 0 ? spec.dport : 40000;
    } else {
        spec.sport = spec.sport != 0 ? spec.sport : 40000;
        spec.dport = 80;
    }
    f = frames_parsed(&spec, b->frame);
    if (side == TO_GUEST)
        return flow_to_guest(b->table, &f, b->now_ns);
    flow_from_guest(b->table, &f, b->now_ns);
    return 0;
}

/* The stack's own answer to what the table asks it. */
static void keep_from_guest(void *self, uint8_t *data, size_t len)
{
    struct bench *b = self;

    g_ptr_array_add(b->from_guest, g_bytes_new(data, len));
    if (b->opens)
        (void)see(b, TO_GUEST,
                  (struct frames_spec){ .flags = FRAME_SYN, .dport = 22 });
    if (b->answer != 0)
        (void)see(b, TO_GUEST,
                  (struct frames_spec){ .flags = FRAME_ACK,
                                        .seq = 5001,
                                        .ack = b->answer,
                                        .window = 1000 });
}

static struct bench *bench_new(void)
{
    struct bench *b = g_new0(struct bench, 1);
    struct flow_sink sink = { keep_to_guest, keep_from_guest, b };

    b->to_guest = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    b->from_guest =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    b->table = flow_table_new(&sink, &b->stats);
    b->now_ns = 1000 * S;
    return b;
}

static void bench_free(struct bench *b)
{
    flow_table_free(b->table);
    g_ptr_array_free(b->to_guest, TRUE);
    g_ptr_array_free(b->from_guest, TRUE);
    g_free(b);
}

/* The guest opens with sequence 1000; the stack answers with 5000. */
static void open_flow(struct bench *b)
{
    see(b, FROM_GUEST, (struct frames_spec){ .flags = FRAME_SYN, .seq = 1000 });
    see(b, TO_GUEST,
        (struct frames_spec){ .flags = FRAME_SYN | FRAME_ACK,
                              .seq = 5000,
                              .ack = 1001,
                              .window = 1000 });
    see(b, FROM_GUEST,
        (struct frames_spec){ .flags = FRAME_ACK, .seq = 1001, .ack = 5001 });
}

static struct frame frame_of(GPtrArray *frames, guint index)
{
    GBytes *bytes = g_ptr_array_index(frames, index);
    gsize len;
    const uint8_t *data = g_bytes_get_data(bytes, &len);
    struct frame f;

    g_assert_cmpint(frame_parse((uint8_t *)(uintptr_t)data, len, &f), ==,
                    FRAME_GOOD);
    g_assert_true(frames_checksums_are_right(data, len));
    return f;
}

static void pass_time(struct bench *b, int64_t seconds)
{
    b->now_ns += seconds * S;
    flow_table_reap(b->table, b->now_ns);
}

/* --- order --- */

static void check(struct bench *b, struct frames_spec spec,
                  enum flow_order want)
{
    struct frame f;

    spec.src = b->v6 ? "fd00::100" : "10.0.2.100";
    spec.dst = b->v6 ? "2001:db8::1" : "192.0.2.1";
    spec.sport = spec.sport != 0 ? spec.sport : 40000;
    spec.dport = 80;
    f = frames_parsed(&spec, b->frame);
    g_assert_cmpint(flow_check_order(b->table, &f), ==, want);
}

static struct frames_spec data_at(uint32_t seq, size_t len)
{
    return (struct frames_spec){ .flags = FRAME_ACK,
                                 .seq = seq,
                                 .ack = 5001,
                                 .window = 65535,
                                 .payload_len = len };
}

static void data_is_in_order_up_to_what_was_acknowledged(void)
{
    static const struct {
        uint32_t seq;
        size_t len;
        enum flow_order want;
    } rows[] = {
        { 1001, 100, FLOW_ORDER_GOOD },
        { 1001, 1000, FLOW_ORDER_GOOD },
        { 901, 100, FLOW_ORDER_GOOD },
        { 901, 1100, FLOW_ORDER_GOOD },
        { 1002, 100, FLOW_ORDER_BAD },
        { 1001, 1001, FLOW_ORDER_BAD },
        { 1500, 1, FLOW_ORDER_BAD },
        { 1001 + 0x40000000, 1, FLOW_ORDER_BAD },
        { 1001u - 0x40000000, 1, FLOW_ORDER_GOOD },
        { 1001, 0, FLOW_ORDER_GOOD },
        { 9999, 0, FLOW_ORDER_GOOD },
    };
    struct bench *b = bench_new();

    open_flow(b);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("row %zu", i);
        check(b, data_at(rows[i].seq, rows[i].len), rows[i].want);
    }
    bench_free(b);
}

static void a_finish_has_its_place_too(void)
{
    struct bench *b = bench_new();
    struct frames_spec fin = data_at(1001, 0), early = data_at(1002, 0);

    fin.flags |= FRAME_FIN;
    early.flags |= FRAME_FIN;
    open_flow(b);
    check(b, fin, FLOW_ORDER_GOOD);
    check(b, early, FLOW_ORDER_BAD);
    bench_free(b);
}

static void sequences_wrap_around(void)
{
    struct bench *b = bench_new();

    see(b, FROM_GUEST,
        (struct frames_spec){ .flags = FRAME_SYN, .seq = 0xfffffeff });
    see(b, TO_GUEST,
        (struct frames_spec){ .flags = FRAME_SYN | FRAME_ACK,
                              .seq = 5000,
                              .ack = 0xffffff00,
                              .window = 1000 });
    check(b, data_at(0xffffff00, 1000), FLOW_ORDER_GOOD);
    check(b, data_at(10, 100), FLOW_ORDER_BAD);
    see(b, TO_GUEST,
        (struct frames_spec){
            .flags = FRAME_ACK, .seq = 5001, .ack = 10, .window = 1000 });
    check(b, data_at(10, 100), FLOW_ORDER_GOOD);
    check(b, data_at(0xffffff00, 100), FLOW_ORDER_GOOD);
    bench_free(b);
}

static void a_delayed_acknowledgement_is_asked_for(gconstpointer data)
{
    struct bench *b = bench_new();
    struct frame f;

    b->v6 = data != NULL;
    open_flow(b);
    check(b, data_at(1101, 100), FLOW_ORDER_BAD);
    g_assert_cmpuint(b->from_guest->len, ==, 1);
    /* Empty, and from before what was acknowledged: answered, else ignored. */
    f = frame_of(b->from_guest, 0);
    g_assert_cmpuint(f.tcp_seq, ==, 1000);
    g_assert_cmpuint(f.tcp_ack, ==, 5001);
    g_assert_cmpuint(frame_payload_len(&f), ==, 0);
    g_assert_cmphex(f.tcp_flags, ==, FRAME_ACK);
    b->answer = 1101;
    check(b, data_at(1101, 100), FLOW_ORDER_GOOD);
    /* What is known needs no question. */
    check(b, data_at(1101, 100), FLOW_ORDER_GOOD);
    g_assert_cmpuint(b->from_guest->len, ==, 2);
    bench_free(b);
}

static void the_probe_of_a_full_window_passes(void)
{
    struct bench *b = bench_new();

    open_flow(b);
    see(b, TO_GUEST,
        (struct frames_spec){ .flags = FRAME_ACK, .seq = 5001, .ack = 2001 });
    check(b, data_at(2001, 1), FLOW_ORDER_GOOD);
    check(b, data_at(2001, 2), FLOW_ORDER_BAD);
    check(b, data_at(2002, 1), FLOW_ORDER_BAD);
    bench_free(b);
}

static void nothing_flows_before_both_sides_agreed(void)
{
    struct bench *b = bench_new();
    struct frames_spec syn_with_data = data_at(1000, 10);

    check(b, data_at(1001, 10), FLOW_ORDER_STRANGER);
    syn_with_data.flags = FRAME_SYN;
    check(b, syn_with_data, FLOW_ORDER_BAD);
    see(b, FROM_GUEST, (struct frames_spec){ .flags = FRAME_SYN, .seq = 1000 });
    check(b, data_at(1001, 10), FLOW_ORDER_BAD);
    bench_free(b);
}

static void a_reset_of_the_stack_tells_no_position(void)
{
    struct bench *b = bench_new();

    open_flow(b);
    see(b, TO_GUEST,
        (struct frames_spec){ .flags = FRAME_RST | FRAME_ACK,
                              .seq = 99999,
                              .ack = 1501,
                              .window = 60000 });
    check(b, data_at(1501, 10), FLOW_ORDER_BAD);
    bench_free(b);
}

static void the_unlucky_end_is_kept_from_a_stack_that_may_queue(void)
{
    struct bench *b = bench_new();

    see(b, FROM_GUEST,
        (struct frames_spec){ .flags = FRAME_SYN, .seq = 0xffffff00 });
    see(b, TO_GUEST,
        (struct frames_spec){ .flags = FRAME_SYN | FRAME_ACK,
                              .seq = 5000,
                              .ack = 0xffffff01,
                              .window = 1000 });
    see(b, FROM_GUEST, (struct frames_spec){ .flags = FRAME_ACK, .ack = 5001 });
    check(b, data_at(0xffffff01, 255), FLOW_ORDER_GOOD);
    see(b, TO_GUEST,
        (struct frames_spec){ .flags = FRAME_ACK | FRAME_FIN,
                              .seq = 5001,
                              .ack = 0xffffff01,
                              .window = 1000 });
    check(b, data_at(0xffffff01, 255), FLOW_ORDER_BAD);
    check(b, data_at(0xffffff01, 254), FLOW_ORDER_GOOD);
    check(b, data_at(0xffffff01, 256), FLOW_ORDER_GOOD);
    bench_free(b);
}

/* --- the table --- */

static void only_the_first_segment_makes_a_flow(void)
{
    struct bench *b = bench_new();

    see(b, FROM_GUEST, (struct frames_spec){ .flags = FRAME_ACK });
    see(b, TO_GUEST, (struct frames_spec){ .flags = FRAME_SYN | FRAME_ACK });
    g_assert_cmpuint(flow_count(b->table), ==, 0);
    see(b, FROM_GUEST, (struct frames_spec){ .flags = FRAME_SYN });
    see(b, FROM_GUEST, (struct frames_spec){ .flags = FRAME_SYN });
    g_assert_cmpuint(flow_count(b->table), ==, 1);
    see(b, TO_GUEST, (struct frames_spec){ .flags = FRAME_SYN, .dport = 22 });
    g_assert_cmpuint(flow_count(b->table), ==, 2);
    bench_free(b);
}

/* With flows that are being opened, from this port of the guest on. */
static void fill_up(struct bench *b, uint16_t port)
{
    while (flow_has_room(b->table))
        see(b, FROM_GUEST,
            (struct frames_spec){ .flags = FRAME_SYN, .sport = port++ });
    g_assert_cmpuint(flow_count(b->table), ==, FLOW_TABLE_MAX);
}

static void a_full_table_takes_no_more_and_forgets_in_time(void)
{
    struct bench *b = bench_new();
    struct frames_spec late = { .flags = FRAME_SYN, .sport = 9 };

    fill_up(b, 1000);
    see(b, FROM_GUEST, late);
    g_assert_cmpuint(flow_count(b->table), ==, FLOW_TABLE_MAX);
    pass_time(b, 61);
    g_assert_cmpuint(flow_count(b->table), ==, 0);
    g_assert_true(flow_has_room(b->table));
    bench_free(b);
}

static void a_full_table_forgets_what_ended_first(void)
{
    struct bench *b = bench_new();
    struct frames_spec late = { .flags = FRAME_SYN, .sport = 9 };

    fill_up(b, 1000);
    for (uint16_t port = 3001; port >= 3000; port--)
        see(b, FROM_GUEST,
            (struct frames_spec){ .flags = FRAME_RST, .sport = port });
    g_assert_true(flow_has_room(b->table));
    see(b, FROM_GUEST, late);
    g_assert_cmpuint(flow_count(b->table), ==, FLOW_TABLE_MAX);
    g_assert_true(flow_has_room(b->table));
    /* 3001 is gone and 3000 is not: it starts anew without another's place. */
    see(b, FROM_GUEST,
        (struct frames_spec){ .flags = FRAME_SYN, .sport = 3000 });
    g_assert_false(flow_has_room(b->table));
    g_assert_cmpuint(flow_count(b->table), ==, FLOW_TABLE_MAX);
    bench_free(b);
}

/* What is found in the table is still used when the stack opens another. */
static void nothing_is_forgotten_while_the_stack_works(void)
{
    const struct frames_spec syn = { .src = "10.0.2.100",
                                     .dst = "192.0.2.1",
                                     .sport = 40000,
                                     .dport = 80,
                                     .flags = FRAME_SYN };
    const uint8_t fin = FRAME_FIN | FRAME_ACK;
    struct bench *b = bench_new();
    struct frame f;

    open_flow(b);
    fill_up(b, 1);
    see(b, TO_GUEST,
        (struct frames_spec){ .flags = fin, .seq = 5001, .ack = 1001 });
    see(b, FROM_GUEST,
        (struct frames_spec){ .flags = fin, .seq = 1001, .ack = 5002 });
    see(b, TO_GUEST,
        (struct frames_spec){ .flags = FRAME_ACK, .seq = 5002, .ack = 1002 });
    b->opens = true;
    f = frames_parsed(&syn, b->frame);
    g_assert_true(flow_is_over(b->table, &f));
    flow_finish(b->table, &f);
    g_assert_cmpuint(b->from_guest->len, ==, 1);
    g_assert_cmpuint(flow_count(b->table), ==, FLOW_TABLE_MAX - 1);
    bench_free(b);
}

static void a_finished_flow_is_forgotten_after_a_minute(void)
{
    struct bench *b = bench_new();

    open_flow(b);
    see(b, FROM_GUEST,
        (struct frames_spec){
            .flags = FRAME_ACK | FRAME_FIN, .seq = 1001, .ack = 5001 });
    see(b, TO_GUEST,
        (struct frames_spec){
            .flags = FRAME_ACK | FRAME_FIN, .seq = 5001, .ack = 1002 });
    pass_time(b, 59);
    g_assert_cmpuint(flow_count(b->table), ==, 1);
    pass_time(b, 2);
    g_assert_cmpuint(flow_count(b->table), ==, 0);
    g_assert_cmpuint(b->to_guest->len + b->from_guest->len, ==, 0);
    bench_free(b);
}

/* One segment after the other, from the guest (sequence 1001 on) or to it (5001
   on), and whether that was all. */
static void check_over(const struct frames_spec *from, size_t count,
                       uint32_t reset_at)
{
    struct bench *b = bench_new();
    struct frames_spec syn = { .src = "10.0.2.100",
                               .dst = "192.0.2.1",
                               .sport = 40000,
                               .dport = 80,
                               .flags = FRAME_SYN };
    struct frame f;

    open_flow(b);
    for (size_t i = 0; i < count; i++) {
        enum side side = from[i].seq < 5000 ? FROM_GUEST : TO_GUEST;

        f = frames_parsed(&syn, b->frame);
        g_assert_false(flow_is_over(b->table, &f));
        (void)see(b, side, from[i]);
    }
    f = frames_parsed(&syn, b->frame);
    g_assert_true(flow_is_over(b->table, &f));
    flow_finish(b->table, &f);
    g_assert_cmpuint(flow_count(b->table), ==, 0);
    g_assert_cmpuint(b->to_guest->len, ==, 0);
    g_assert_cmpuint(b->from_guest->len, ==, reset_at != 0);
    if (reset_at != 0) {
        f = frame_of(b->from_guest, 0);
        g_assert_cmphex(f.tcp_flags, ==, FRAME_RST);
        g_assert_cmpuint(f.tcp_seq, ==, reset_at);
    }
    bench_free(b);
}

static void a_flow_is_over_when_both_ends_are_acknowledged(void)
{
    const uint8_t fin = FRAME_FIN | FRAME_ACK;
    const struct frames_spec guest_first[] = {
        { .flags = fin, .seq = 1001, .ack = 5001, .payload_len = 10 },
        { .flags = FRAME_ACK, .seq = 5001, .ack = 1012 },
        { .flags = fin, .seq = 5001, .ack = 1012, .payload_len = 20 },
        { .flags = FRAME_ACK, .seq = 1012, .ack = 5001 },
        { .flags = FRAME_ACK, .seq = 1012, .ack = 5022 },
    };

    check_over(guest_first, G_N_ELEMENTS(guest_first), 0);
}

static void a_stack_that_finished_first_need_not_linger(void)
{
    const uint8_t fin = FRAME_FIN | FRAME_ACK;
    const struct frames_spec host_first[] = {
        { .flags = fin, .seq = 5001, .ack = 1001, .payload_len = 20 },
        { .flags = FRAME_ACK, .seq = 1001, .ack = 5022, .payload_len = 10 },
        { .flags = fin, .seq = 1011, .ack = 5022 },
        { .flags = FRAME_ACK, .seq = 5022, .ack = 1011 },
        { .flags = FRAME_ACK, .seq = 5022, .ack = 1012 },
    };
    const struct frames_spec both_at_once[] = {
        { .flags = fin, .seq = 5001, .ack = 1001 },
        { .flags = fin, .seq = 1001, .ack = 5001 },
        { .flags = FRAME_ACK, .seq = 5002, .ack = 1002 },
        { .flags = FRAME_ACK, .seq = 1002, .ack = 5002 },
    };

    check_over(host_first, G_N_ELEMENTS(host_first), 1012);
    check_over(both_at_once, G_N_ELEMENTS(both_at_once), 1002);
}

static void a_reset_from_beyond_the_window_ends_nothing(void)
{
    struct bench *b = bench_new();

    open_flow(b);
    see(b, FROM_GUEST,
        (struct frames_spec){ .flags = FRAME_RST, .seq = 1001 + 1001 });
    pass_time(b, 61);
    g_assert_cmpuint(flow_count(b->table), ==, 1);
    see(b, FROM_GUEST, (struct frames_spec){ .flags = FRAME_RST, .seq = 1001 });
    pass_time(b, 61);
    g_assert_cmpuint(flow_count(b->table), ==, 0);
    bench_free(b);
}

static void a_tuple_used_again_starts_anew(void)
{
    struct bench *b = bench_new();

    open_flow(b);
    see(b, FROM_GUEST, (struct frames_spec){ .flags = FRAME_RST, .seq = 1001 });
    see(b, FROM_GUEST,
        (struct frames_spec){ .flags = FRAME_SYN, .seq = 70000 });
    check(b, data_at(1001, 10), FLOW_ORDER_BAD);
    pass_time(b, 59);
    g_assert_cmpuint(flow_count(b->table), ==, 1);
    bench_free(b);
}

static void note_bytes(void *self, const struct flow_info *flow)
{
    uint64_t *bytes = self;

    bytes[flow->guest.port - 40000] = flow->bytes_from_guest;
}

static void a_frame_looked_up_stays_with_its_flow(void)
{
    const struct frames_spec spec = { .src = "10.0.2.100",
                                      .dst = "192.0.2.1",
                                      .sport = 40000,
                                      .dport = 80,
                                      .flags = FRAME_ACK,
                                      .seq = 1001,
                                      .payload_len = 10 };
    uint64_t bytes[2] = { 0 };
    struct bench *b = bench_new();
    uint8_t data[FRAMES_MAX];
    struct frame f = frames_parsed(&spec, data);

    flow_look_up(b->table, &f);
    g_assert_null(f.flow);
    open_flow(b);
    flow_look_up(b->table, &f);
    g_assert_nonnull(f.flow);
    see(b, FROM_GUEST,
        (struct frames_spec){ .flags = FRAME_SYN, .sport = 40001 });
    flow_from_guest(b->table, &f, b->now_ns);
    flow_each(b->table, note_bytes, bytes);
    g_assert_cmpuint(bytes[0], ==, 10);
    g_assert_cmpuint(bytes[1], ==, 0);
    bench_free(b);
}

static void a_frame_looked_up_too_early_opens_its_flow(void)
{
    const struct frames_spec spec = { .src = "10.0.2.100",
                                      .dst = "192.0.2.1",
                                      .sport = 40000,
                                      .dport = 80,
                                      .flags = FRAME_SYN };
    struct bench *b = bench_new();
    uint8_t data[FRAMES_MAX];
    struct frame f = frames_parsed(&spec, data);

    flow_look_up(b->table, &f);
    flow_from_guest(b->table, &f, b->now_ns);
    g_assert_cmpuint(flow_count(b->table), ==, 1);
    g_assert_true(flow_is_known(b->table, &f));
    bench_free(b);
}

/* --- probing and ending --- */

/* Three probes, one interval apart, then the reset. */
static void check_probed_and_ended(struct bench *b)
{
    struct frame f;

    for (guint i = 0; i < FLOW_PROBES_MAX; i++) {
        pass_time(b, 0);
        g_assert_cmpuint(b->to_guest->len, ==, i + 1);
        f = frame_of(b->to_guest, i);
        g_assert_cmphex(f.tcp_flags, ==, FRAME_ACK);
        g_assert_cmpuint(f.tcp_seq, ==, 5000);
        g_assert_cmpuint(f.tcp_ack, ==, 1001);
        /* It must not offer what the stack did not. */
        g_assert_cmpuint(f.tcp_window, ==, 1000);
        g_assert_cmpint(memcmp(f.data, frames_guest_mac, 6), ==, 0);
        pass_time(b, FLOW_HALF_CLOSED_IDLE_S - 1);
        g_assert_cmpuint(b->to_guest->len, ==, i + 1);
        g_assert_cmpuint(b->from_guest->len, ==, 0);
        b->now_ns += 1 * S;
    }
    pass_time(b, 0);
    g_assert_cmpuint(b->from_guest->len, ==, 1);
    f = frame_of(b->from_guest, 0);
    g_assert_cmphex(f.tcp_flags, ==, FRAME_RST);
    g_assert_cmpuint(f.tcp_seq, ==, 1001);
    g_assert_cmpuint(f.src.port, ==, 40000);
    g_assert_cmpuint(b->stats.flows_probed, ==, FLOW_PROBES_MAX);
    g_assert_cmpuint(b->stats.flows_reaped, ==, 1);
    pass_time(b, 3600);
    g_assert_cmpuint(flow_count(b->table), ==, 0);
    g_assert_cmpuint(b->from_guest->len, ==, 1);
}

static void a_silent_flow_is_probed_and_ended(gconstpointer data)
{
    struct bench *b = bench_new();

    b->v6 = data != NULL;
    open_flow(b);
    pass_time(b, FLOW_ESTABLISHED_IDLE_S - 1);
    g_assert_cmpuint(b->to_guest->len, ==, 0);
    b->now_ns += 1 * S;
    check_probed_and_ended(b);
    bench_free(b);
}

static void a_half_closed_flow_is_probed_sooner(void)
{
    static const enum side sides[] = { FROM_GUEST, TO_GUEST };

    for (size_t i = 0; i < G_N_ELEMENTS(sides); i++) {
        struct bench *b = bench_new();

        open_flow(b);
        see(b, sides[i],
            sides[i] == FROM_GUEST
                ? (struct frames_spec){ .flags = FRAME_ACK | FRAME_FIN,
                                        .seq = 1001,
                                        .ack = 5001 }
                : (struct frames_spec){ .flags = FRAME_ACK | FRAME_FIN,
                                        .seq = 5001,
                                        .ack = 1001,
                                        .window = 1000 });
        pass_time(b, FLOW_HALF_CLOSED_IDLE_S - 1);
        g_assert_cmpuint(b->to_guest->len, ==, 0);
        pass_time(b, 1);
        g_assert_cmpuint(b->to_guest->len, ==, 1);
        bench_free(b);
    }
}

static void a_guest_that_answers_keeps_its_flow(void)
{
    struct bench *b = bench_new();

    open_flow(b);
    pass_time(b, FLOW_ESTABLISHED_IDLE_S);
    for (int i = 0; i < 20; i++) {
        see(b, FROM_GUEST,
            (struct frames_spec){
                .flags = FRAME_ACK, .seq = 1001, .ack = 5001 });
        pass_time(b, FLOW_ESTABLISHED_IDLE_S);
    }
    g_assert_cmpuint(b->to_guest->len, ==, 21);
    g_assert_cmpuint(b->stats.flows_reaped, ==, 0);
    bench_free(b);
}

static void data_to_the_guest_counts_as_life(void)
{
    struct bench *b = bench_new();

    open_flow(b);
    for (uint32_t i = 0; i < 10; i++) {
        pass_time(b, FLOW_ESTABLISHED_IDLE_S - 1);
        see(b, TO_GUEST,
            (struct frames_spec){ .flags = FRAME_ACK,
                                  .seq = 5001 + i,
                                  .ack = 1001,
                                  .window = 1000,
                                  .payload_len = 1 });
    }
    g_assert_cmpuint(b->to_guest->len, ==, 0);
    bench_free(b);
}

/* --- ending on demand --- */

static bool any(void *self, const struct flow_info *flow)
{
    (void)self;
    (void)flow;
    return true;
}

static void check_reset_of_stack(struct bench *b, guint index)
{
    struct frame f;

    g_assert_cmpuint(b->from_guest->len, ==, index + 1);
    f = frame_of(b->from_guest, index);
    g_assert_cmphex(f.tcp_flags, ==, FRAME_RST);
    g_assert_cmpuint(f.tcp_seq, ==, 1001);
}

static void a_flow_that_has_to_end_ends_on_both_sides(void)
{
    struct bench *b = bench_new();

    open_flow(b);
    g_assert_cmpuint(flow_end_matching(b->table, any, NULL), ==, 1);
    check_reset_of_stack(b, 0);
    g_assert_cmpuint(b->to_guest->len, ==, 1);
    g_assert_cmphex(frame_of(b->to_guest, 0).tcp_flags, ==,
                    FRAME_RST | FRAME_ACK);
    bench_free(b);
}

/* A guest can forge what looks like an end; the stack may know better. */
static void one_that_seems_over_ends_in_the_stack_too(void)
{
    struct bench *b = bench_new();

    open_flow(b);
    see(b, FROM_GUEST, (struct frames_spec){ .flags = FRAME_RST, .seq = 1001 });
    g_assert_cmpuint(flow_end_matching(b->table, any, NULL), ==, 0);
    check_reset_of_stack(b, 0);
    g_assert_cmpuint(b->to_guest->len, ==, 0);
    bench_free(b);
}

static void one_that_is_being_opened_ends_when_the_stack_answers(void)
{
    struct bench *b = bench_new();

    see(b, FROM_GUEST, (struct frames_spec){ .flags = FRAME_SYN, .seq = 1000 });
    g_assert_cmpuint(flow_end_matching(b->table, any, NULL), ==, 1);
    g_ptr_array_set_size(b->from_guest, 0);
    pass_time(b, 1);
    g_assert_cmpuint(b->from_guest->len, ==, 0);
    see(b, TO_GUEST,
        (struct frames_spec){ .flags = FRAME_SYN | FRAME_ACK,
                              .seq = 5000,
                              .ack = 1001,
                              .window = 1000 });
    pass_time(b, 1);
    check_reset_of_stack(b, 0);
    pass_time(b, 1);
    check_reset_of_stack(b, 0);
    bench_free(b);
}

static int ended_by(struct bench *b, uint8_t flags, uint32_t ack)
{
    const struct frames_spec spec = { .src = "10.0.2.100",
                                      .dst = "192.0.2.1",
                                      .sport = 40000,
                                      .dport = 80,
                                      .flags = flags,
                                      .seq = 1002,
                                      .ack = ack };
    struct frame f = frames_parsed(&spec, b->frame);

    return flow_ended_by(b->table, &f);
}

static void the_last_word_of_a_finished_flow_is_known(void)
{
    const struct frames_spec syn = { .src = "10.0.2.100",
                                     .dst = "192.0.2.1",
                                     .sport = 40000,
                                     .dport = 80,
                                     .flags = FRAME_SYN,
                                     .seq = 1000 };
    struct bench *b = bench_new();
    struct frame f;

    open_flow(b);
    f = frames_parsed(&syn, b->frame);
    flow_note_socket(b->table, &f, true, 77);
    g_assert_cmpint(ended_by(b, FRAME_ACK, 5001), ==, -1);
    see(b, FROM_GUEST,
        (struct frames_spec){
            .flags = FRAME_FIN | FRAME_ACK, .seq = 1001, .ack = 5001 });
    g_assert_cmpint(ended_by(b, FRAME_ACK, 5001), ==, -1);
    see(b, TO_GUEST,
        (struct frames_spec){ .flags = FRAME_FIN | FRAME_ACK,
                              .seq = 5001,
                              .ack = 1002,
                              .window = 1000 });
    g_assert_cmpint(ended_by(b, FRAME_ACK, 5001), ==, -1);
    g_assert_cmpint(ended_by(b, FRAME_RST | FRAME_ACK, 5002), ==, -1);
    g_assert_cmpint(ended_by(b, FRAME_ACK, 5002), ==, 77);
    bench_free(b);
}

/* Someone behind the guest may take less than its own link. */
static void what_the_guest_takes_at_once_is_known(void)
{
    static const uint8_t mss[] = { 2, 4, 1360 >> 8, 1360 & 0xff };
    const struct frames_spec data = { .flags = FRAME_ACK, .payload_len = 10 };
    struct bench *b = bench_new();

    g_assert_cmpuint(see(b, TO_GUEST, data), ==, 0);
    (void)see(b, FROM_GUEST,
              (struct frames_spec){ .flags = FRAME_SYN,
                                    .tcp_options = mss,
                                    .tcp_options_len = sizeof(mss) });
    g_assert_cmpuint(see(b, TO_GUEST, data), ==, 1360);
    (void)see(b, FROM_GUEST, data);
    g_assert_cmpuint(see(b, TO_GUEST, data), ==, 1360);
    bench_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/flow/data is in order up to what was acknowledged",
                    data_is_in_order_up_to_what_was_acknowledged);
    g_test_add_func("/flow/a finish has its place too",
                    a_finish_has_its_place_too);
    g_test_add_func("/flow/sequences wrap around", sequences_wrap_around);
    g_test_add_data_func("/flow/a delayed acknowledgement is asked for (IPv4)",
                         NULL, a_delayed_acknowledgement_is_asked_for);
    g_test_add_data_func("/flow/a delayed acknowledgement is asked for (IPv6)",
                         "v6", a_delayed_acknowledgement_is_asked_for);
    g_test_add_func("/flow/the probe of a full window passes",
                    the_probe_of_a_full_window_passes);
    g_test_add_func("/flow/nothing flows before both sides agreed",
                    nothing_flows_before_both_sides_agreed);
    g_test_add_func("/flow/a reset of the stack tells no position",
                    a_reset_of_the_stack_tells_no_position);
    g_test_add_func("/flow/the unlucky end is kept from a stack that may queue",
                    the_unlucky_end_is_kept_from_a_stack_that_may_queue);
    g_test_add_func("/flow/only the first segment makes a flow",
                    only_the_first_segment_makes_a_flow);
    g_test_add_func("/flow/a full table takes no more and forgets in time",
                    a_full_table_takes_no_more_and_forgets_in_time);
    g_test_add_func("/flow/a full table forgets what ended first",
                    a_full_table_forgets_what_ended_first);
    g_test_add_func("/flow/nothing is forgotten while the stack works",
                    nothing_is_forgotten_while_the_stack_works);
    g_test_add_func("/flow/a finished flow is forgotten after a minute",
                    a_finished_flow_is_forgotten_after_a_minute);
    g_test_add_func("/flow/a flow is over when both ends are acknowledged",
                    a_flow_is_over_when_both_ends_are_acknowledged);
    g_test_add_func("/flow/a stack that finished first need not linger",
                    a_stack_that_finished_first_need_not_linger);
    g_test_add_func("/flow/a reset from beyond the window ends nothing",
                    a_reset_from_beyond_the_window_ends_nothing);
    g_test_add_func("/flow/a tuple used again starts anew",
                    a_tuple_used_again_starts_anew);
    g_test_add_func("/flow/a frame looked up stays with its flow",
                    a_frame_looked_up_stays_with_its_flow);
    g_test_add_func("/flow/a frame looked up too early opens its flow",
                    a_frame_looked_up_too_early_opens_its_flow);
    g_test_add_data_func("/flow/a silent flow is probed and ended (IPv4)", NULL,
                         a_silent_flow_is_probed_and_ended);
    g_test_add_data_func("/flow/a silent flow is probed and ended (IPv6)", "v6",
                         a_silent_flow_is_probed_and_ended);
    g_test_add_func("/flow/a half-closed flow is probed sooner",
                    a_half_closed_flow_is_probed_sooner);
    g_test_add_func("/flow/a guest that answers keeps its flow",
                    a_guest_that_answers_keeps_its_flow);
    g_test_add_func("/flow/data to the guest counts as life",
                    data_to_the_guest_counts_as_life);
    g_test_add_func("/flow/a flow that has to end ends on both sides",
                    a_flow_that_has_to_end_ends_on_both_sides);
    g_test_add_func("/flow/one that seems over ends in the stack too",
                    one_that_seems_over_ends_in_the_stack_too);
    g_test_add_func(
        "/flow/one that is being opened ends when the stack answers",
        one_that_is_being_opened_ends_when_the_stack_answers);
    g_test_add_func("/flow/the last word of a finished flow is known",
                    the_last_word_of_a_finished_flow_is_known);
    g_test_add_func("/flow/what the guest takes at once is known",
                    what_the_guest_takes_at_once_is_known);
    return g_test_run();
}
