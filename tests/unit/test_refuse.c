/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frames.h"
#include "net/refuse.h"

#include <glib.h>
#include <string.h>

static const uint8_t nops[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };

static size_t refuse(const struct frames_spec *spec, enum refuse_reason reason,
                     uint8_t *frame, uint8_t out[REFUSE_MAX])
{
    struct frame f = frames_parsed(spec, frame);
    struct plan plan;

    g_assert_cmpint(plan_init(&plan, PLAN_CIDR_DEFAULT, NULL), ==, 0);
    return refuse_build(&f, &plan, reason, out);
}

/* What must be true of every answer. */
static struct frame check_answer(const uint8_t *asked, uint8_t *out, size_t len)
{
    struct frame f;

    g_assert_cmpint(frame_parse(out, len, &f), ==, FRAME_GOOD);
    g_assert_cmpuint(f.len, ==, len);
    g_assert_true(frames_checksums_are_right(out, len));
    g_assert_cmpint(memcmp(out, asked + 6, 6), ==, 0);
    g_assert_cmpint(memcmp(out + 6, asked, 6), ==, 0);
    return f;
}

static void a_reset_is_one_that_the_asker_believes(void)
{
    /* RFC 9293 3.5.2 */
    static const struct {
        struct frames_spec spec;
        uint32_t seq, ack;
        uint8_t flags;
    } rows[] = {
        { { .flags = FRAME_SYN,
            .seq = 100,
            .tcp_options = nops,
            .tcp_options_len = 8 },
          0,
          101,
          FRAME_RST | FRAME_ACK },
        { { .flags = FRAME_SYN, .seq = 0xffffffff },
          0,
          0,
          FRAME_RST | FRAME_ACK },
        { { .flags = FRAME_SYN, .seq = 5, .dst = "2001:db8::1" },
          0,
          6,
          FRAME_RST | FRAME_ACK },
        { { .flags = FRAME_FIN, .seq = 10, .payload_len = 20 },
          0,
          31,
          FRAME_RST | FRAME_ACK },
        { { .flags = FRAME_ACK, .seq = 10, .ack = 999, .payload_len = 5 },
          999,
          0,
          FRAME_RST },
        { { .flags = FRAME_SYN | FRAME_ACK, .seq = 10, .ack = 7 },
          7,
          0,
          FRAME_RST },
    };
    uint8_t asked[FRAMES_MAX], out[REFUSE_MAX];

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct frames_spec spec = rows[i].spec;
        struct frame f, was;

        spec.sport = 40000;
        spec.dport = 80;
        f = check_answer(asked, out, refuse(&spec, REFUSE_RESET, asked, out));
        was = frames_parsed(&spec, asked);
        g_assert_cmpuint(f.proto, ==, IPPROTO_TCP);
        g_assert_true(ip_endpoint_equal(&f.src, &was.dst));
        g_assert_true(ip_endpoint_equal(&f.dst, &was.src));
        g_assert_cmpuint(f.tcp_flags, ==, rows[i].flags);
        g_assert_cmpuint(f.tcp_seq, ==, rows[i].seq);
        g_assert_cmpuint(f.tcp_ack, ==, rows[i].ack);
        g_assert_cmpuint(frame_payload_len(&f), ==, 0);
    }
}

static void an_error_has_the_type_and_code_of_its_reason(void)
{
    static const struct {
        enum refuse_reason reason;
        uint8_t code4, code6;
    } rows[] = {
        { REFUSE_RESET, 3, 4 }, /* a datagram cannot be reset */
        { REFUSE_NET, 0, 0 },    { REFUSE_HOST, 1, 3 },
        { REFUSE_PORT, 3, 4 },   { REFUSE_PROHIBITED, 13, 1 },
        { REFUSE_POLICY, 9, 1 },
    };
    uint8_t asked[FRAMES_MAX], out[REFUSE_MAX];

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct frames_spec v4 = { .proto = IPPROTO_UDP, .payload_len = 3 };
        struct frames_spec v6 = { .proto = IPPROTO_UDP,
                                  .dst = "2001:db8::1",
                                  .payload_len = 3 };
        struct frame f =
            check_answer(asked, out, refuse(&v4, rows[i].reason, asked, out));

        g_assert_cmpuint(f.proto, ==, IPPROTO_ICMP);
        g_assert_cmpuint(out[f.l4], ==, 3);
        g_assert_cmpuint(out[f.l4 + 1], ==, rows[i].code4);
        f = check_answer(asked, out, refuse(&v6, rows[i].reason, asked, out));
        g_assert_cmpuint(f.proto, ==, IPPROTO_ICMPV6);
        g_assert_cmpuint(out[f.l4], ==, 1);
        g_assert_cmpuint(out[f.l4 + 1], ==, rows[i].code6);
    }
}

static void an_error_quotes_the_packet_as_far_as_it_may(gconstpointer data)
{
    const char *dst = data;
    bool v6 = strchr(dst, ':') != NULL;
    static const size_t sizes[] = { 0, 1, 7, 400, 900, 1500, 60000 };
    uint8_t *asked = g_malloc(FRAMES_MAX);
    uint8_t out[REFUSE_MAX];

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        struct frames_spec spec = { .proto = IPPROTO_UDP,
                                    .dst = dst,
                                    .payload_len = sizes[i] };
        size_t len = refuse(&spec, REFUSE_PORT, asked, out);
        struct frame f = check_answer(asked, out, len), was;
        struct ip_addr from = frames_addr(v6 ? "fd00::2" : "10.0.2.2");
        size_t quoted = frame_payload_len(&f);

        was = frames_parsed(&spec, asked);
        g_assert_true(ip_addr_equal(&f.src.addr, &from));
        g_assert_true(ip_addr_equal(&f.dst.addr, &was.src.addr));
        g_assert_cmpuint(f.len - FRAME_ETH_LEN, <=, v6 ? 1280u : 576u);
        g_assert_cmpuint(quoted, >=,
                         MIN(was.len - FRAME_ETH_LEN, v6 ? 1232u : 512u));
        g_assert_cmpint(memcmp(out + f.payload, asked + FRAME_ETH_LEN, quoted),
                        ==, 0);
    }
    g_free(asked);
}

static void what_must_not_be_answered_is_not(void)
{
    static const struct frames_spec specs[] = {
        { .flags = FRAME_RST },
        { .flags = FRAME_RST | FRAME_ACK, .dst = "2001:db8::1" },
        { .proto = IPPROTO_ICMP, .type = 3, .payload_len = 28 },
        { .proto = IPPROTO_ICMP, .type = 0 },
        { .proto = IPPROTO_ICMPV6, .dst = "2001:db8::1", .type = 1 },
        { .proto = IPPROTO_ICMPV6, .dst = "fe80::2", .type = 135 },
        { .proto = IPPROTO_UDP, .dst = "224.0.0.251" },
        { .proto = IPPROTO_UDP, .dst = "255.255.255.255" },
        { .proto = IPPROTO_UDP, .dst = "ff02::fb" },
        { .proto = IPPROTO_UDP, .src = "fd00::1", .dst = "ffff:ffff::1" },
        { .proto = IPPROTO_UDP, .src = "0.0.0.0" },
        { .proto = IPPROTO_UDP, .src = "::" },
        { .proto = IPPROTO_UDP, .src = "224.0.0.1" },
        { .proto = IPPROTO_UDP, .src = "255.255.255.255" },
        { .proto = IPPROTO_UDP, .src = "ff02::1" },
        { .flags = FRAME_SYN, .src = "0.0.0.0" },
        { .flags = FRAME_SYN, .dst = "224.0.0.1" },
        { .flags = FRAME_SYN, .dst = "255.255.255.255" },
        { .flags = FRAME_SYN, .dst = "ff02::1" },
        { .proto = IPPROTO_SCTP, .payload_len = 20 },
    };
    uint8_t asked[FRAMES_MAX], out[REFUSE_MAX];

    for (size_t i = 0; i < G_N_ELEMENTS(specs); i++)
        for (int r = 0; r < REFUSE_REASON_COUNT; r++) {
            g_test_message("row %zu, reason %d", i, r);
            g_assert_cmpuint(
                refuse(&specs[i], (enum refuse_reason)r, asked, out), ==, 0);
        }
}

static void echo_requests_are_answered(void)
{
    static const struct frames_spec specs[] = {
        { .proto = IPPROTO_ICMP, .type = 8, .payload_len = 56 },
        { .proto = IPPROTO_ICMPV6, .dst = "2001:db8::1", .type = 128 },
    };
    uint8_t asked[FRAMES_MAX], out[REFUSE_MAX];

    for (size_t i = 0; i < G_N_ELEMENTS(specs); i++)
        (void)check_answer(asked, out,
                           refuse(&specs[i], REFUSE_NET, asked, out));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/refuse/a reset is one that the asker believes",
                    a_reset_is_one_that_the_asker_believes);
    g_test_add_func("/refuse/an error has the type and code of its reason",
                    an_error_has_the_type_and_code_of_its_reason);
    g_test_add_data_func(
        "/refuse/an error quotes the packet as far as it may (IPv4)",
        "192.0.2.1", an_error_quotes_the_packet_as_far_as_it_may);
    g_test_add_data_func(
        "/refuse/an error quotes the packet as far as it may (IPv6)",
        "2001:db8::1", an_error_quotes_the_packet_as_far_as_it_may);
    g_test_add_func("/refuse/what must not be answered is not",
                    what_must_not_be_answered_is_not);
    g_test_add_func("/refuse/echo requests are answered",
                    echo_requests_are_answered);
    return g_test_run();
}
