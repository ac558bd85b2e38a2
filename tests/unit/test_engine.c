/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine_rig.h"

#include <net/ethernet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- what works --- */

static void an_address_request_is_answered(struct engine_rig *rig)
{
    uint8_t arp[FRAMES_MAX];
    struct frame f;

    engine_rig_send(rig, arp, frames_build_arp("10.0.2.2", arp));
    f = engine_rig_expect(rig, 0);
    g_assert_cmpuint(frame_get16(f.data + FRAME_ETH_LEN + 6), ==, 2);
    g_assert_cmpint(memcmp(f.data, frames_guest_mac, 6), ==, 0);
}

static void check_tcp(struct engine_rig *rig, const char *listen_at,
                      const char *dst)
{
    uint16_t port;
    int listener = engine_rig_host_socket(listen_at, SOCK_STREAM, &port);
    struct engine_tcp tcp = engine_tcp_open(rig, dst, port, 0x10000);
    int fd = engine_rig_accept(rig, listener);
    uint8_t got[1000];
    struct frame f;

    engine_tcp_send(rig, &tcp, 0, FRAME_ACK | FRAME_PSH, 1000);
    engine_rig_read(rig, fd, got, sizeof(got));
    for (uint32_t i = 0; i < sizeof(got); i++)
        g_assert_cmpuint(got[i], ==, frames_pattern(tcp.seq + i));
    tcp.seq += 1000;
    g_assert_cmpint(write(fd, "hello", 5), ==, 5);
    do
        f = engine_rig_expect(rig, IPPROTO_TCP);
    while (frame_payload_len(&f) == 0);
    g_assert_cmpuint(f.tcp_seq, ==, tcp.ack);
    g_assert_cmpint(memcmp(f.data + f.payload, "hello", 5), ==, 0);
    tcp.ack += 5;
    engine_tcp_send(rig, &tcp, 0, FRAME_ACK | FRAME_FIN, 0);
    engine_rig_wait_readable(rig, fd);
    g_assert_cmpint(read(fd, got, 1), ==, 0);
    (void)close(fd);
    do
        f = engine_rig_expect(rig, IPPROTO_TCP);
    while ((f.tcp_flags & FRAME_FIN) == 0);
    g_assert_cmpuint(f.tcp_ack, ==, tcp.seq + 1);
    (void)close(listener);
}

static void a_tcp_connection_lives_and_ends(struct engine_rig *rig)
{
    check_tcp(rig, "127.0.0.1", "10.0.2.2");
    check_tcp(rig, "192.0.2.1", "192.0.2.1");
    check_tcp(rig, "::1", "fd00::2");
    check_tcp(rig, "2001:db8::1", "2001:db8::1");
}

static void a_closed_port_is_told_by_a_reset(struct engine_rig *rig)
{
    static const char *const dsts[] = { "10.0.2.2", "192.0.2.1", "fd00::2" };

    for (size_t i = 0; i < G_N_ELEMENTS(dsts); i++) {
        struct frames_spec syn = { .dst = dsts[i],
                                   .sport = 1234,
                                   .dport = 9,
                                   .flags = FRAME_SYN,
                                   .seq = 77 };
        struct frame f;

        engine_rig_send_spec(rig, &syn);
        f = engine_rig_expect(rig, IPPROTO_TCP);
        g_assert_cmphex(f.tcp_flags, ==, FRAME_RST | FRAME_ACK);
        g_assert_cmpuint(f.tcp_ack, ==, 78);
    }
}

static void an_echo_is_answered_by_who_has_the_address(struct engine_rig *rig)
{
    static const struct {
        const char *dst;
        bool answered;
    } rows[] = { { "10.0.2.2", true }, { "10.0.2.3", true },
                 { "fd00::2", true },  { "fd00::3", true },
                 { "fe80::2", true },  { "192.0.2.1", true },
                 { "fe80::9", false }, { "2001:db8::1", false } };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        bool v6 = strchr(rows[i].dst, ':') != NULL;
        struct frames_spec echo = { .dst = rows[i].dst,
                                    .proto = v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
                                    .type = v6 ? 128 : 8,
                                    .sport = 77,
                                    .payload_len = 56 };
        struct ip_addr dst = frames_addr(rows[i].dst);
        struct frame f;

        g_test_message("to %s", rows[i].dst);
        engine_rig_send_spec(rig, &echo);
        if (!rows[i].answered) {
            engine_rig_settle(rig); /* an error, or nothing */
            continue;
        }
        do
            f = engine_rig_expect(rig, echo.proto);
        while (f.data[f.l4] != (v6 ? 129 : 0));
        g_assert_true(ip_addr_equal(&f.src.addr, &dst));
        g_assert_cmpuint(frame_payload_len(&f), ==, 56);
    }
}

/* To a port that the stack carries itself, although it serves it elsewhere. */
static void a_refused_datagram_is_told(struct engine_rig *rig)
{
    struct frames_spec spec = { .dst = "192.0.2.1",
                                .proto = IPPROTO_UDP,
                                .sport = 68,
                                .dport = 67,
                                .payload_len = 300 };
    struct frame f;

    engine_rig_send_spec(rig, &spec);
    f = engine_rig_expect(rig, IPPROTO_ICMP);
    g_assert_cmpuint(f.data[f.l4], ==, 3);
    g_assert_cmpuint(f.data[f.l4 + 1], ==, 3);
}

/* --- what a guest may try --- */

struct way {
    const char *listen_at, *dst;
};

static void by_both_families(struct engine_rig *rig,
                             void (*body)(struct engine_rig *rig,
                                          const struct way *way))
{
    static const struct way ways[] = { { "127.0.0.1", "10.0.2.2" },
                                       { "::1", "fd00::2" } };

    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        g_test_message("to %s", ways[i].dst);
        rig->stats.urgent_cleared = rig->stats.drop_out_of_order = 0;
        body(rig, &ways[i]);
    }
}

static void urgent_data_is_nothing_but_data_by(struct engine_rig *rig,
                                               const struct way *way)
{
    uint16_t port;
    int listener = engine_rig_host_socket(way->listen_at, SOCK_STREAM, &port);
    struct engine_tcp tcp = engine_tcp_open(rig, way->dst, port, 1);
    int fd = engine_rig_accept(rig, listener);
    struct frames_spec urgent = tcp.spec;
    uint8_t got[100];

    urgent.flags = FRAME_ACK | FRAME_URG;
    urgent.urgent = 0xffff;
    urgent.seq = tcp.seq;
    urgent.ack = tcp.ack;
    urgent.payload_len = 1;
    engine_rig_send_spec(rig, &urgent);
    engine_rig_settle(rig);
    engine_tcp_send(rig, &tcp, 1, FRAME_ACK | FRAME_FIN, 0);
    engine_rig_read(rig, fd, got, 1);
    g_assert_cmpuint(got[0], ==, frames_pattern(tcp.seq));
    engine_rig_wait_readable(rig, fd);
    g_assert_cmpint(read(fd, got, sizeof(got)), ==, 0);
    g_assert_cmpint(recv(fd, got, 1, MSG_OOB), <, 0);
    g_assert_cmpuint(rig->stats.urgent_cleared, ==, 1);
}

static void urgent_data_is_nothing_but_data(struct engine_rig *rig)
{
    by_both_families(rig, urgent_data_is_nothing_but_data_by);
}

/* Libraries that are given no order get none of the drops either. */
static void check_dropped(const struct engine_rig *rig, uint64_t count)
{
    g_assert_cmpuint(rig->stats.drop_out_of_order, ==,
                     slirp_engine_wants_order() ? count : 0);
}

/* Segments that leave a hole, the last of which ends at sequence zero. */
static void segments_out_of_order_are_not_believed_by(struct engine_rig *rig,
                                                      const struct way *way)
{
    uint16_t port;
    int listener = engine_rig_host_socket(way->listen_at, SOCK_STREAM, &port);
    struct engine_tcp tcp = engine_tcp_open(rig, way->dst, port, 0u - 1 - 300);
    int fd = engine_rig_accept(rig, listener);
    uint8_t got[400];

    engine_tcp_send(rig, &tcp, 200, FRAME_ACK, 100);
    engine_tcp_send(rig, &tcp, 100, FRAME_ACK, 100);
    engine_tcp_send(rig, &tcp, 0, FRAME_ACK, 100);
    engine_rig_settle(rig);
    /* What a real guest does then: it sends from the hole on. */
    engine_tcp_send(rig, &tcp, 100, FRAME_ACK, 150);
    engine_tcp_send(rig, &tcp, 250, FRAME_ACK, 150);
    engine_rig_read(rig, fd, got, sizeof(got));
    for (uint32_t i = 0; i < sizeof(got); i++)
        g_assert_cmpuint(got[i], ==, frames_pattern(tcp.seq + i));
}

static void segments_out_of_order_are_not_believed(struct engine_rig *rig)
{
    by_both_families(rig, segments_out_of_order_are_not_believed_by);
}

/*
 * The same end in order, but on a connection that the host has half closed,
 * where the stack takes the long way.
 */
static void sequence_zero_is_passed_while_the_host_has_finished(
    struct engine_rig *rig)
{
    uint16_t port;
    int listener = engine_rig_host_socket("127.0.0.1", SOCK_STREAM, &port);
    struct engine_tcp tcp =
        engine_tcp_open(rig, "10.0.2.2", port, 0u - 1 - 300);
    int fd = engine_rig_accept(rig, listener);
    struct frame f;
    uint8_t got[500];

    g_assert_cmpint(shutdown(fd, SHUT_WR), ==, 0);
    do
        f = engine_rig_expect(rig, IPPROTO_TCP);
    while ((f.tcp_flags & FRAME_FIN) == 0);
    tcp.ack++;
    engine_tcp_send(rig, &tcp, 0, FRAME_ACK, 0);
    engine_tcp_send(rig, &tcp, 0, FRAME_ACK, 300);
    engine_rig_settle(rig);
    /* Sent again it is cut otherwise. */
    engine_tcp_send(rig, &tcp, 0, FRAME_ACK, 299);
    engine_tcp_send(rig, &tcp, 299, FRAME_ACK, 201);
    engine_rig_read(rig, fd, got, sizeof(got));
    for (uint32_t i = 0; i < sizeof(got); i++)
        g_assert_cmpuint(got[i], ==, frames_pattern(tcp.seq + i));
}

/*
 * An acknowledgement with data makes the stack delay its own; the next segment
 * must not be taken for one out of order.
 */
static void a_delayed_acknowledgement_delays_nothing_by(struct engine_rig *rig,
                                                        const struct way *way)
{
    uint16_t port;
    int listener = engine_rig_host_socket(way->listen_at, SOCK_STREAM, &port);
    struct engine_tcp tcp = engine_tcp_open(rig, way->dst, port, 0x5000);
    int fd = engine_rig_accept(rig, listener);
    struct frame f;
    uint8_t got[300];

    g_assert_cmpint(write(fd, "hello", 5), ==, 5);
    do
        f = engine_rig_expect(rig, IPPROTO_TCP);
    while (frame_payload_len(&f) == 0);
    tcp.ack += 5;
    engine_tcp_send(rig, &tcp, 0, FRAME_ACK, 100);
    engine_tcp_send(rig, &tcp, 100, FRAME_ACK, 100);
    engine_tcp_send(rig, &tcp, 200, FRAME_ACK, 100);
    engine_rig_read(rig, fd, got, sizeof(got));
    for (uint32_t i = 0; i < sizeof(got); i++)
        g_assert_cmpuint(got[i], ==, frames_pattern(tcp.seq + i));
    check_dropped(rig, 0);
}

static void a_delayed_acknowledgement_delays_nothing(struct engine_rig *rig)
{
    by_both_families(rig, a_delayed_acknowledgement_delays_nothing_by);
}

/* Segments that the stack throws away must not count as sent. */
static void what_the_stack_rejects_leaves_no_hole_by(struct engine_rig *rig,
                                                     const struct way *way)
{
    uint16_t port;
    int listener = engine_rig_host_socket(way->listen_at, SOCK_STREAM, &port);
    struct engine_tcp tcp = engine_tcp_open(rig, way->dst, port, 0u - 301);
    int fd = engine_rig_accept(rig, listener);
    struct engine_tcp liar = tcp;
    struct frames_spec bad = tcp.spec;
    uint8_t got[400];

    bad.seq = tcp.seq;
    bad.ack = tcp.ack;
    bad.flags = FRAME_ACK;
    bad.payload_len = 100;
    bad.bad_checksum = true;
    engine_rig_send_spec(rig, &bad);
    liar.ack = tcp.ack + 100000; /* of what was never sent */
    engine_tcp_send(rig, &liar, 0, FRAME_ACK, 100);
    for (uint32_t from = 100; from < 300; from += 100)
        engine_tcp_send(rig, &tcp, from, FRAME_ACK, 100);
    engine_rig_settle(rig);
    check_dropped(rig, 2);
    for (uint32_t from = 0; from < 400; from += 200)
        engine_tcp_send(rig, &tcp, from, FRAME_ACK, 200);
    engine_rig_read(rig, fd, got, sizeof(got));
    for (uint32_t i = 0; i < sizeof(got); i++)
        g_assert_cmpuint(got[i], ==, frames_pattern(tcp.seq + i));
}

static void what_the_stack_rejects_leaves_no_hole(struct engine_rig *rig)
{
    by_both_families(rig, what_the_stack_rejects_leaves_no_hole_by);
}

/* Data before the connection is open waits in no queue. */
static void data_before_the_handshake_is_dropped_by(struct engine_rig *rig,
                                                    const struct way *way)
{
    uint16_t port;
    int listener = engine_rig_host_socket(way->listen_at, SOCK_STREAM, &port);
    struct engine_tcp tcp = { .spec = { .dst = way->dst,
                                        .sport = 5000,
                                        .dport = port,
                                        .window = 65535 },
                              .seq = 0u - 101 };
    struct frame f;

    if (!slirp_engine_wants_order())
        return;
    engine_tcp_send(rig, &tcp, 0, FRAME_SYN, 100);
    engine_tcp_send(rig, &tcp, 0, FRAME_SYN, 0);
    engine_tcp_send(rig, &tcp, 1, FRAME_ACK, 50);
    engine_tcp_send(rig, &tcp, 51, FRAME_ACK, 50);
    f = engine_rig_expect(rig, IPPROTO_TCP);
    g_assert_cmphex(f.tcp_flags, ==, FRAME_SYN | FRAME_ACK);
    g_assert_cmpuint(f.tcp_ack, ==, tcp.seq + 1);
    check_dropped(rig, 3);
    tcp.seq++;
    tcp.ack = f.tcp_seq + 1;
    engine_tcp_send(rig, &tcp, 0, FRAME_ACK, 100);
    engine_rig_settle(rig);
    engine_tcp_send(rig, &tcp, 0, FRAME_ACK, 101);
    (void)engine_rig_accept(rig, listener);
}

static void data_before_the_handshake_is_dropped(struct engine_rig *rig)
{
    by_both_families(rig, data_before_the_handshake_is_dropped_by);
}

static void a_segment_of_no_connection_is_reset(struct engine_rig *rig)
{
    static const char *const dsts[] = { "10.0.2.2", "fd00::2", "192.0.2.1" };

    for (size_t i = 0; i < G_N_ELEMENTS(dsts); i++) {
        struct engine_tcp tcp = {
            .spec = { .dst = dsts[i], .sport = 999, .dport = 80 },
            .seq = 5,
            .ack = 4711
        };
        struct frame f;

        engine_tcp_send(rig, &tcp, 0, FRAME_ACK | FRAME_PSH, 10);
        f = engine_rig_expect(rig, IPPROTO_TCP);
        g_assert_cmphex(f.tcp_flags, ==, FRAME_RST);
        g_assert_cmpuint(f.tcp_seq, ==, 4711);
        engine_tcp_send(rig, &tcp, 0, FRAME_ACK, 0);
        f = engine_rig_expect(rig, IPPROTO_TCP);
        g_assert_cmphex(f.tcp_flags, ==, FRAME_RST);
    }
}

static void the_tail_of_a_frame_is_not_data(struct engine_rig *rig)
{
    static const char *const dsts[] = { "10.0.2.2", "fd00::2" };

    for (size_t i = 0; i < G_N_ELEMENTS(dsts); i++) {
        uint16_t port;
        int listener = engine_rig_host_socket(i == 0 ? "127.0.0.1" : "::1",
                                              SOCK_STREAM, &port);
        struct engine_tcp tcp = engine_tcp_open(rig, dsts[i], port, 1);
        int fd = engine_rig_accept(rig, listener);
        struct frames_spec spec = tcp.spec;
        uint8_t out[FRAMES_MAX], got[100];
        size_t len;

        spec.seq = tcp.seq;
        spec.ack = tcp.ack;
        spec.flags = FRAME_ACK;
        spec.payload_len = 4;
        len = frames_build(&spec, out);
        memcpy(out + len, "TRAILING", 8);
        engine_rig_send(rig, out, len + 8);
        engine_tcp_send(rig, &tcp, 4, FRAME_ACK | FRAME_FIN, 0);
        engine_rig_read(rig, fd, got, 4);
        engine_rig_wait_readable(rig, fd);
        g_assert_cmpint(read(fd, got, sizeof(got)), ==, 0);
        (void)close(fd);
        (void)close(listener);
    }
}

static const struct engine_rig_test tests[] = {
    { "an address request is answered", an_address_request_is_answered },
    { "a TCP connection lives and ends", a_tcp_connection_lives_and_ends },
    { "a closed port is told by a reset", a_closed_port_is_told_by_a_reset },
    { "an echo is answered by who has the address",
      an_echo_is_answered_by_who_has_the_address },
    { "a refused datagram is told", a_refused_datagram_is_told },
    { "urgent data is nothing but data", urgent_data_is_nothing_but_data },
    { "segments out of order are not believed",
      segments_out_of_order_are_not_believed },
    { "sequence zero is passed while the host has finished",
      sequence_zero_is_passed_while_the_host_has_finished },
    { "a delayed acknowledgement delays nothing",
      a_delayed_acknowledgement_delays_nothing },
    { "what the stack rejects leaves no hole",
      what_the_stack_rejects_leaves_no_hole },
    { "data before the handshake is dropped",
      data_before_the_handshake_is_dropped },
    { "a segment of no connection is reset",
      a_segment_of_no_connection_is_reset },
    { "the tail of a frame is not data", the_tail_of_a_frame_is_not_data },
};

int main(int argc, char **argv)
{
    return engine_rig_main(argc, argv, "engine", tests, G_N_ELEMENTS(tests));
}
