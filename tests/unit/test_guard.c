/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frames.h"
#include "net/guard.h"

#include <string.h>

#define S 1000000000LL /* a second */

/* A guard between two sinks that remember the last frame and count. */
struct bench {
    struct plan plan;
    struct policy policy;
    struct stats stats;
    struct flow_table *flows;
    struct guard *guard;
    int64_t now_ns;
    unsigned passed, answered;
    uint8_t frame[FRAMES_MAX];  /* what the guest sends */
    uint8_t last[FRAMES_MAX];   /* what passed */
    uint8_t answer[FRAMES_MAX]; /* what was answered */
    size_t last_len, answer_len;
};

static void keep_passed(void *self, struct frame *f)
{
    struct bench *b = self;

    b->passed++;
    b->last_len = f->len;
    memcpy(b->last, f->data, f->len);
}

static void keep_answer(void *self, const uint8_t *data, size_t len)
{
    struct bench *b = self;

    b->answered++;
    b->answer_len = len;
    memcpy(b->answer, data, len);
}

static void lose(void *self, const uint8_t *data, size_t len)
{
    (void)self;
    (void)data;
    (void)len;
}

static void lose_mutable(void *self, uint8_t *data, size_t len)
{
    lose(self, data, len);
}

static struct bench *bench_new(void)
{
    struct bench *b = g_new0(struct bench, 1);
    struct guard_sink sink = { .pass = keep_passed,
                               .answer = keep_answer,
                               .self = b };
    struct flow_sink flow_sink = { lose, lose_mutable, b };

    g_assert_cmpint(plan_init(&b->plan, PLAN_CIDR_DEFAULT, NULL), ==, 0);
    b->policy = (struct policy){ true, true, true, true };
    b->now_ns = 1000 * S;
    b->flows = flow_table_new(&flow_sink, &b->stats);
    b->guard =
        guard_new(&b->plan, &b->policy, b->flows, &b->stats, &sink, true);
    return b;
}

static void bench_free(struct bench *b)
{
    guard_free(b->guard);
    flow_table_free(b->flows);
    g_free(b);
}

static void input(struct bench *b, const struct frames_spec *spec)
{
    guard_input(b->guard, b->frame, frames_build(spec, b->frame), b->now_ns);
}

/* Which counter went up by one; the name of the first, or "none". */
static const char *counted(const struct stats *before, const struct stats *now)
{
#define DROP(name)                 \
    if (now->name != before->name) \
        return #name;
    DROP(drop_malformed)
    DROP(drop_ethertype)
    DROP(drop_options)
    DROP(drop_fragment)
    DROP(drop_policy)
    DROP(drop_source)
    DROP(drop_flags)
    DROP(drop_protocol)
    DROP(drop_icmp)
    DROP(refused)
#undef DROP
    return "none";
}

static const uint8_t nops[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };

static void each_frame_has_its_fate(void)
{
    static const struct {
        struct frames_spec spec;
        const char *fate; /* "none": passes */
    } rows[] = {
        { { .flags = FRAME_SYN }, "none" },
        { { .flags = FRAME_SYN, .dst = "2001:db8::1" }, "none" },
        { { .flags = FRAME_ACK, .payload_len = 9000 }, "none" },
        { { .flags = FRAME_RST }, "none" },
        { { .flags = FRAME_FIN | FRAME_ACK }, "none" },
        { { .flags = FRAME_SYN | FRAME_FIN }, "drop_flags" },
        { { .flags = FRAME_SYN | FRAME_RST }, "drop_flags" },
        { { .flags = FRAME_SYN | FRAME_RST | FRAME_ACK }, "drop_flags" },
        { { .flags = 0 }, "drop_flags" },
        { { .flags = FRAME_FIN }, "drop_flags" },
        { { .flags = FRAME_FIN | FRAME_PSH | FRAME_URG }, "drop_flags" },
        { { .flags = 0x3f }, "drop_flags" },
        { { .proto = IPPROTO_UDP, .dport = 53 }, "none" },
        { { .proto = IPPROTO_UDP, .ip_options = nops, .ip_options_len = 8 },
          "drop_options" },
        { { .flags = FRAME_SYN, .ip_options = nops, .ip_options_len = 4 },
          "drop_options" },
        { { .proto = IPPROTO_ICMP, .type = 8 }, "none" },
        { { .proto = IPPROTO_ICMP, .type = 8, .payload_len = 60000 }, "none" },
        { { .proto = IPPROTO_ICMP, .type = 0 }, "drop_icmp" },
        { { .proto = IPPROTO_ICMP, .type = 3, .payload_len = 28 },
          "drop_icmp" },
        { { .proto = IPPROTO_ICMP, .type = 5, .payload_len = 28 },
          "drop_icmp" },
        { { .proto = IPPROTO_ICMP, .type = 13 }, "drop_icmp" },
        { { .proto = IPPROTO_ICMPV6, .dst = "2001:db8::1", .type = 128 },
          "none" },
        { { .proto = IPPROTO_ICMPV6, .dst = "ff02::2", .type = 133 }, "none" },
        { { .proto = IPPROTO_ICMPV6, .dst = "ff02::1:ff00:2", .type = 135 },
          "none" },
        { { .proto = IPPROTO_ICMPV6,
            .src = "::",
            .dst = "ff02::1:ff00:2",
            .type = 135 },
          "none" },
        { { .proto = IPPROTO_ICMPV6, .dst = "fe80::2", .type = 136 }, "none" },
        { { .proto = IPPROTO_ICMPV6, .dst = "ff02::1", .type = 134 },
          "drop_icmp" },
        { { .proto = IPPROTO_ICMPV6, .dst = "fe80::2", .type = 137 },
          "drop_icmp" },
        { { .proto = IPPROTO_ICMPV6, .dst = "fe80::2", .type = 1 },
          "drop_icmp" },
        { { .proto = IPPROTO_ICMPV6, .dst = "ff02::1", .type = 128 },
          "drop_policy" },
        { { .proto = IPPROTO_ICMPV6, .dst = "192.0.2.1", .type = 128 },
          "drop_protocol" },
        { { .proto = IPPROTO_SCTP, .payload_len = 12 }, "drop_protocol" },
        { { .proto = IPPROTO_IGMP, .dst = "224.0.0.22", .payload_len = 8 },
          "drop_protocol" },
        { { .proto = IPPROTO_DSTOPTS, .dst = "2001:db8::1", .payload_len = 40 },
          "drop_protocol" },
        { { .proto = IPPROTO_UDP, .dst = "224.0.0.251" }, "drop_policy" },
        { { .proto = IPPROTO_UDP, .dst = "10.0.2.2", .dport = 69 }, "refused" },
        { { .flags = FRAME_SYN, .dst = "fe80::9" }, "refused" },
        /* Nobody has such an address; answers would go to many, or to us. */
        { { .flags = FRAME_SYN, .src = "127.0.0.1" }, "drop_source" },
        { { .flags = FRAME_SYN, .src = "0.0.0.0" }, "drop_source" },
        { { .flags = FRAME_ACK, .src = "0.1.2.3" }, "drop_source" },
        { { .proto = IPPROTO_UDP, .src = "224.0.0.1" }, "drop_source" },
        { { .proto = IPPROTO_UDP, .src = "255.255.255.255" }, "drop_source" },
        { { .proto = IPPROTO_UDP, .src = "10.0.2.255" }, "drop_source" },
        { { .proto = IPPROTO_UDP, .src = "0.0.0.0", .dport = 53 },
          "drop_source" },
        { { .proto = IPPROTO_UDP,
            .src = "0.0.0.0",
            .dst = "255.255.255.255",
            .sport = 68,
            .dport = 67 },
          "none" },
        { { .proto = IPPROTO_ICMP, .src = "240.0.0.1", .type = 8 },
          "drop_source" },
        { { .flags = FRAME_SYN, .src = "::" }, "drop_source" },
        { { .flags = FRAME_SYN, .src = "::1" }, "drop_source" },
        { { .flags = FRAME_SYN, .src = "ff02::1" }, "drop_source" },
        { { .flags = FRAME_SYN, .src = "::ffff:10.0.2.100" }, "drop_source" },
        { { .proto = IPPROTO_UDP, .src = "::", .dport = 53 }, "drop_source" },
        { { .proto = IPPROTO_ICMPV6,
            .src = "::",
            .dst = "fd00::2",
            .type = 128 },
          "drop_source" },
        { { .proto = IPPROTO_ICMPV6,
            .src = "ff02::5",
            .dst = "fd00::2",
            .type = 135 },
          "drop_source" },
        { { .proto = IPPROTO_UDP,
            .src = "fe80::5",
            .dst = "ff02::1:2",
            .sport = 546,
            .dport = 547 },
          "none" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct bench *b = bench_new();
        const struct stats before = b->stats;

        g_test_message("row %zu", i);
        input(b, &rows[i].spec);
        g_assert_cmpstr(counted(&before, &b->stats), ==, rows[i].fate);
        g_assert_cmpuint(b->passed, ==, g_str_equal(rows[i].fate, "none"));
        g_assert_cmpuint(b->answered, ==, g_str_equal(rows[i].fate, "refused"));
        g_assert_cmpuint(b->stats.frames_from_guest, ==, 1);
        bench_free(b);
    }
}

static void any_bytes_at_all_are_survived(void)
{
    struct bench *b = bench_new();
    g_autoptr(GRand) rand = g_rand_new_with_seed(4711);

    for (int i = 0; i < 20000; i++) {
        struct frames_spec spec = { .proto =
                                        i % 2 == 0 ? IPPROTO_TCP : IPPROTO_UDP,
                                    .dst = i % 3 == 0 ? "2001:db8::1" : NULL,
                                    .flags = FRAME_ACK,
                                    .payload_len = (size_t)(i % 40) };
        size_t len = frames_build(&spec, b->frame);
        int spoiled = g_rand_int_range(rand, 0, 6);

        for (int k = 0; k < spoiled; k++)
            b->frame[g_rand_int_range(rand, 0, (gint32)len)] =
                (uint8_t)g_rand_int(rand);
        len = (size_t)g_rand_int_range(rand, 0, (gint32)len + 30);
        guard_input(b->guard, b->frame, len, b->now_ns);
    }
    g_assert_cmpuint(b->stats.frames_from_guest, ==, 20000);
    bench_free(b);
}

static void what_passes_is_cut_to_its_length(void)
{
    struct bench *b = bench_new();
    size_t len = frames_build(
        &(struct frames_spec){ .proto = IPPROTO_UDP, .payload_len = 3 },
        b->frame);

    memset(b->frame + len, 0xaa, 50);
    guard_input(b->guard, b->frame, len + 50, b->now_ns);
    g_assert_cmpuint(b->last_len, ==, len);
    len = frames_build_arp("10.0.2.2", b->frame);
    memset(b->frame + len, 0xaa, 2000);
    guard_input(b->guard, b->frame, len + 2000, b->now_ns);
    g_assert_cmpuint(b->last_len, ==, len);
    bench_free(b);
}

static void the_urgent_pointer_is_taken_away(void)
{
    static const struct {
        uint8_t flags;
        uint16_t pointer;
        bool changed;
    } rows[] = {
        { FRAME_ACK | FRAME_URG, 1, true },
        { FRAME_ACK | FRAME_URG, 0, true },
        { FRAME_ACK, 0xffff, true },
        { FRAME_ACK | FRAME_URG | FRAME_FIN, 0xffff, true },
        { FRAME_ACK, 0, false },
    };

    for (size_t i = 0; i < 2 * G_N_ELEMENTS(rows); i++) {
        struct bench *b = bench_new();
        struct frames_spec spec = { .dst = i % 2 != 0 ? "2001:db8::1" : NULL,
                                    .flags = rows[i / 2].flags,
                                    .urgent = rows[i / 2].pointer,
                                    .payload_len = 7 };
        struct frame f;

        input(b, &spec);
        g_assert_cmpuint(b->passed, ==, 1);
        g_assert_true(frames_checksums_are_right(b->last, b->last_len));
        g_assert_cmpint(frame_parse(b->last, b->last_len, &f), ==, FRAME_GOOD);
        g_assert_cmphex(f.tcp_flags, ==, rows[i / 2].flags & 0x1fu);
        g_assert_cmpuint(frame_get16(b->last + f.l4 + 18), ==, 0);
        g_assert_cmpuint(frame_payload_len(&f), ==, 7);
        g_assert_cmpuint(b->stats.urgent_cleared, ==, rows[i / 2].changed);
        bench_free(b);
    }
}

static void fragments_are_judged_as_the_packet_they_make(void)
{
    /* The second datagram goes where none may go. */
    static const struct {
        const char *dst;
        unsigned passed, answered;
    } rows[] = { { "192.0.2.1", 1, 0 }, { "127.0.0.1", 0, 1 } };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct bench *b = bench_new();
        struct frames_spec spec = { .dst = rows[i].dst,
                                    .proto = IPPROTO_UDP,
                                    .dport = 80,
                                    .payload_len = 92 };
        uint8_t whole[FRAMES_MAX];
        size_t len = frames_build(&spec, whole);

        b->policy.allow_host_loopback = false;
        for (size_t from = 0; from < 100; from += 48) {
            size_t take = MIN(48, 100 - from);

            memcpy(b->frame, whole, 34);
            memcpy(b->frame + 34, whole + 34 + from, take);
            frame_put16(b->frame + 16, (uint16_t)(20 + take));
            frame_put16(
                b->frame + 20,
                (uint16_t)(from / 8 | (from + take < 100 ? 0x2000u : 0u)));
            guard_input(b->guard, b->frame, 34 + take, b->now_ns);
        }
        g_assert_cmpuint(b->passed, ==, rows[i].passed);
        g_assert_cmpuint(b->answered, ==, rows[i].answered);
        if (b->passed > 0) {
            g_assert_cmpuint(b->last_len, ==, len);
            g_assert_true(frames_checksums_are_right(b->last, len));
        }
        bench_free(b);
    }
}

static void ipv6_is_off_for_all_of_it(void)
{
    static const struct frames_spec specs[] = {
        { .dst = "2001:db8::1", .flags = FRAME_SYN },
        { .dst = "2001:db8::1", .flags = FRAME_ACK },
        { .dst = "ff02::1:ff00:2", .proto = IPPROTO_ICMPV6, .type = 135 },
    };
    struct bench *b = bench_new();

    b->policy.enable_ipv6 = false;
    for (size_t i = 0; i < G_N_ELEMENTS(specs); i++)
        input(b, &specs[i]);
    g_assert_cmpuint(b->stats.drop_policy, ==, G_N_ELEMENTS(specs));
    g_assert_cmpuint(b->passed + b->answered, ==, 0);
    bench_free(b);
}

static const struct frames_spec syn_to_host = { .dst = "10.0.2.2",
                                                .flags = FRAME_SYN };
static const struct frames_spec later_to_host[] = {
    { .dst = "10.0.2.2", .flags = FRAME_SYN | FRAME_ACK },
    { .dst = "10.0.2.2", .flags = FRAME_ACK, .payload_len = 5 },
    { .dst = "10.0.2.2", .flags = FRAME_ACK | FRAME_FIN },
    { .dst = "10.0.2.2", .flags = FRAME_RST },
};

/* As the pump does with what passes, and with what comes back. */
static void note_flow(struct bench *b, const struct frames_spec *spec,
                      bool from_guest)
{
    uint8_t out[FRAMES_MAX];
    struct frame f = frames_parsed(spec, out);

    if (from_guest)
        flow_from_guest(b->flows, &f, b->now_ns);
    else
        flow_to_guest(b->flows, &f, b->now_ns);
}

static void only_the_opening_of_a_connection_is_judged(void)
{
    struct bench *b = bench_new();

    note_flow(b, &syn_to_host, true);
    b->policy.allow_host_loopback = false;
    for (size_t i = 0; i < G_N_ELEMENTS(later_to_host); i++)
        input(b, &later_to_host[i]);
    g_assert_cmpuint(b->passed, ==, G_N_ELEMENTS(later_to_host));
    input(b, &syn_to_host);
    g_assert_cmpuint(b->passed, ==, G_N_ELEMENTS(later_to_host));
    g_assert_cmpuint(b->answered, ==, 1);
    bench_free(b);
}

/* The stack need not see an end where we do; the guest may have forged it. */
static void a_connection_that_is_over_is_judged_anew(void)
{
    static const struct frames_spec reset = { .dst = "10.0.2.2",
                                              .flags = FRAME_RST };
    struct bench *b = bench_new();

    for (unsigned known = 0; known < 2; known++) {
        if (known > 0) {
            note_flow(b, &syn_to_host, true);
            note_flow(b, &reset, true);
        }
        b->policy.allow_host_loopback = true;
        input(b, &later_to_host[1]);
        g_assert_cmpuint(b->passed, ==, 1 + known);
        b->policy.allow_host_loopback = false;
        for (size_t i = 0; i < G_N_ELEMENTS(later_to_host); i++)
            input(b, &later_to_host[i]);
        g_assert_cmpuint(b->passed, ==, 1 + known);
    }
    g_assert_cmpuint(b->answered, ==, 0);
    g_assert_cmpuint(b->stats.drop_policy, ==, 2 * G_N_ELEMENTS(later_to_host));
    bench_free(b);
}

static void one_from_outside_is_answered_to_the_last(void)
{
    static const struct frames_spec from_host[] = {
        { .src = "10.0.2.2", .dst = "10.0.2.100", .flags = FRAME_SYN },
        { .src = "10.0.2.2", .dst = "10.0.2.100", .flags = FRAME_RST },
    };
    struct bench *b = bench_new();

    b->policy.allow_host_loopback = false;
    for (size_t i = 0; i < G_N_ELEMENTS(from_host); i++) {
        note_flow(b, &from_host[i], false);
        input(b, &later_to_host[1]);
        g_assert_cmpuint(b->passed, ==, i + 1);
    }
    bench_free(b);
}

static void a_reply_passes_where_a_request_does_not(void)
{
    static const struct frames_spec from_host = { .src = "10.0.2.2",
                                                  .dst = "10.0.2.100",
                                                  .proto = IPPROTO_UDP,
                                                  .sport = 5000,
                                                  .dport = 53 };
    struct frames_spec reply = { .src = "10.0.2.100",
                                 .dst = "10.0.2.2",
                                 .proto = IPPROTO_UDP,
                                 .sport = 53,
                                 .dport = 5000 };
    struct bench *b = bench_new();
    uint8_t out[FRAMES_MAX];
    struct frame f;

    b->policy.allow_host_loopback = false;
    input(b, &reply);
    g_assert_cmpuint(b->passed, ==, 0);
    f = frames_parsed(&from_host, out);
    guard_note_to_guest(b->guard, &f, b->now_ns);
    input(b, &reply);
    g_assert_cmpuint(b->passed, ==, 1);
    reply.dport = 5001;
    input(b, &reply);
    reply.dport = 5000;
    reply.sport = 54;
    input(b, &reply);
    g_assert_cmpuint(b->passed, ==, 1);
    reply.sport = 53;
    b->now_ns += 3600 * S;
    input(b, &reply);
    g_assert_cmpuint(b->passed, ==, 1);
    bench_free(b);
}

static void echo_requests_have_a_rate(void)
{
    static const struct frames_spec echo = { .proto = IPPROTO_ICMP, .type = 8 };
    struct bench *b = bench_new();

    for (int i = 0; i < 3 * GUARD_ECHO_BURST; i++)
        input(b, &echo);
    g_assert_cmpuint(b->passed, ==, GUARD_ECHO_BURST);
    g_assert_cmpuint(b->stats.drop_echo_rate, ==, 2 * GUARD_ECHO_BURST);
    b->now_ns += S;
    for (int i = 0; i < 3 * GUARD_ECHO_PER_S; i++)
        input(b, &echo);
    g_assert_cmpuint(b->passed, ==, GUARD_ECHO_BURST + GUARD_ECHO_PER_S);
    bench_free(b);
}

static void order_is_judged_where_it_is_asked_for(void)
{
    static const struct frames_spec stray = { .flags = FRAME_ACK,
                                              .payload_len = 5 };
    struct bench *b = bench_new();
    struct guard_sink sink = { .pass = keep_passed, .self = b };
    struct guard *lax =
        guard_new(&b->plan, &b->policy, b->flows, &b->stats, &sink, false);
    struct frame f = frames_parsed(&stray, b->frame);

    g_assert_true(guard_admits_order(lax, &f));
    g_assert_false(guard_admits_order(b->guard, &f));
    g_assert_cmpuint(b->answered, ==, 1);
    g_assert_cmpint(frame_parse(b->answer, b->answer_len, &f), ==, FRAME_GOOD);
    g_assert_cmphex(f.tcp_flags, ==, FRAME_RST);
    guard_free(lax);
    bench_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/guard/each frame has its fate", each_frame_has_its_fate);
    g_test_add_func("/guard/any bytes at all are survived",
                    any_bytes_at_all_are_survived);
    g_test_add_func("/guard/what passes is cut to its length",
                    what_passes_is_cut_to_its_length);
    g_test_add_func("/guard/the urgent pointer is taken away",
                    the_urgent_pointer_is_taken_away);
    g_test_add_func("/guard/fragments are judged as the packet they make",
                    fragments_are_judged_as_the_packet_they_make);
    g_test_add_func("/guard/IPv6 is off for all of it",
                    ipv6_is_off_for_all_of_it);
    g_test_add_func("/guard/only the opening of a connection is judged",
                    only_the_opening_of_a_connection_is_judged);
    g_test_add_func("/guard/a connection that is over is judged anew",
                    a_connection_that_is_over_is_judged_anew);
    g_test_add_func("/guard/one from outside is answered to the last",
                    one_from_outside_is_answered_to_the_last);
    g_test_add_func("/guard/a reply passes where a request does not",
                    a_reply_passes_where_a_request_does_not);
    g_test_add_func("/guard/echo requests have a rate",
                    echo_requests_have_a_rate);
    g_test_add_func("/guard/order is judged where it is asked for",
                    order_is_judged_where_it_is_asked_for);
    return g_test_run();
}
