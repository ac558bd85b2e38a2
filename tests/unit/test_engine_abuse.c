/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine_rig.h"

#include <net/ethernet.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * What a guest must not get from the data plane, and what it must not do to
 * it: whole attacks against the real stack.  See test_engine.c for what works.
 */

/* True if a connection or datagram waits at this socket of the host. */
static bool has_visitor(int fd, int type)
{
    char byte;

    if (type == SOCK_STREAM)
        return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK) >= 0;
    return recv(fd, &byte, 1, MSG_DONTWAIT) >= 0;
}

static void check_closed(struct engine_rig *rig, const char *dst, int type)
{
    bool v6 = strchr(dst, ':') != NULL;
    uint16_t port;
    int fd = engine_rig_host_socket(v6 ? "::" : "0.0.0.0", type, &port);
    struct frames_spec spec = { .dst = dst,
                                .proto = type == SOCK_STREAM ? IPPROTO_TCP
                                                             : IPPROTO_UDP,
                                .flags = FRAME_SYN,
                                .sport = 4000,
                                .dport = port };

    engine_rig_send_spec(rig, &spec);
    spec.flags = FRAME_ACK;
    engine_rig_send_spec(rig, &spec);
    engine_rig_settle(rig);
    /* Connecting is not done at once; give the stack every occasion. */
    engine_rig_settle(rig);
    if (has_visitor(fd, type))
        g_error("%s was reached", dst);
    (void)close(fd);
}

static void no_spelling_of_the_loopback_leads_in(struct engine_rig *rig)
{
    static const char *const spellings[] = {
        "10.0.2.2", "127.0.0.1",        "127.1.2.3",
        "0.0.0.0",  "0.0.0.1",          "255.255.255.255",
        "fd00::2",  "fd00::9",          "::1",
        "::",       "::ffff:127.0.0.1", "::127.0.0.1",
        "ff02::1",  "::ffff:0.0.0.0",   "fe80::2",
        "fe80::1",  "10.0.2.3",         "10.0.2.255",
        "fd00::3",  "224.0.0.1",
    };

    rig->policy.allow_host_loopback = false;
    for (size_t i = 0; i < G_N_ELEMENTS(spellings); i++) {
        check_closed(rig, spellings[i], SOCK_STREAM);
        check_closed(rig, spellings[i], SOCK_DGRAM);
    }
}

/* Ports that the stack serves itself lead to the host at other addresses. */
static void no_service_port_is_a_way_in(struct engine_rig *rig)
{
    static const struct {
        const char *dst;
        uint16_t port;
    } rows[] = { { "127.0.0.1", 67 }, { "0.0.0.0", 67 },  { "127.0.0.1", 69 },
                 { "::1", 547 },      { "fd00::2", 547 }, { "fd00::7", 547 },
                 { "ff02::1", 547 },  { "::", 547 } };

    rig->policy.allow_host_loopback = false;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        bool v6 = strchr(rows[i].dst, ':') != NULL;
        struct ip_endpoint at = { frames_addr(v6 ? "::" : "0.0.0.0"),
                                  rows[i].port };
        struct frames_spec spec = { .dst = rows[i].dst,
                                    .proto = IPPROTO_UDP,
                                    .sport = 68,
                                    .dport = rows[i].port,
                                    .payload_len = 300 };
        struct sockaddr_storage ss;
        socklen_t len = ip_endpoint_to_sockaddr(&at, &ss);
        int fd = socket(at.addr.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        g_assert_cmpint(bind(fd, (struct sockaddr *)&ss, len), ==, 0);
        engine_rig_send_spec(rig, &spec);
        engine_rig_settle(rig);
        if (has_visitor(fd, SOCK_DGRAM))
            g_error("%s port %u was reached", rows[i].dst, rows[i].port);
        (void)close(fd);
    }
}

static void nobody_serves_files_or_management(struct engine_rig *rig)
{
    /* A read request of TFTP (RFC 1350), and a frame of NC-SI. */
    static const char request[] = "\0\1/etc/passwd\0octet";
    static const char *const dsts[] = { "10.0.2.2", "255.255.255.255",
                                        "fd00::2" };
    uint8_t out[FRAMES_MAX];
    size_t len = frames_build(&(struct frames_spec){ .payload_len = 64 }, out);

    for (size_t i = 0; i < G_N_ELEMENTS(dsts); i++) {
        struct frames_spec spec = { .dst = dsts[i],
                                    .proto = IPPROTO_UDP,
                                    .sport = 2000,
                                    .dport = 69,
                                    .payload = request,
                                    .payload_len = sizeof(request) };

        engine_rig_send_spec(rig, &spec);
        g_assert_false(engine_rig_has(rig, IPPROTO_UDP));
    }
    frame_put16(out + 12, 0x88f8);
    engine_rig_send(rig, out, len);
    engine_rig_settle(rig);
    g_assert_cmpuint(rig->stats.drop_ethertype, ==, 1);
}

/* Cuts a datagram with `payload` bytes and sends the pieces that `which` has.
 */
static void send_pieces(struct engine_rig *rig, uint16_t port, uint16_t id,
                        size_t piece, unsigned which)
{
    struct frames_spec spec = { .dst = "10.0.2.2",
                                .proto = IPPROTO_UDP,
                                .sport = 3000,
                                .dport = port,
                                .payload_len = 2000 };
    uint8_t whole[FRAMES_MAX], out[FRAMES_MAX];
    size_t total = frames_build(&spec, whole) - 34;

    for (size_t from = 0, i = 0; from < total; from += piece, i++) {
        size_t len = MIN(piece, total - from);
        uint16_t more = from + len < total ? 0x2000 : 0;

        if ((which & 1u << i) == 0)
            continue;
        memcpy(out, whole, 34);
        memcpy(out + 34, whole + 34 + from, len);
        frame_put16(out + 16, (uint16_t)(20 + len));
        frame_put16(out + 18, id);
        frame_put16(out + 20, (uint16_t)(from / 8 | more));
        engine_rig_send(rig, out, 34 + len);
    }
}

static void fragments_arrive_as_one_or_not_at_all(struct engine_rig *rig)
{
    uint16_t port;
    int fd = engine_rig_host_socket("127.0.0.1", SOCK_DGRAM, &port);
    uint8_t got[4000];

    send_pieces(rig, port, 1, 512, 0xff);
    engine_rig_wait_readable(rig, fd);
    g_assert_cmpint(recv(fd, got, sizeof(got), MSG_DONTWAIT), ==, 2000);
    for (uint32_t i = 0; i < 2000; i++)
        g_assert_cmpuint(got[i], ==, frames_pattern(i));
    send_pieces(rig, port, 2, 512, 0xfd);
    send_pieces(rig, port, 3, 512, 0x0f - 0x08);
    send_pieces(rig, port, 4, 512, 0x08);
    for (uint16_t id = 100; id < 2000; id++)
        send_pieces(rig, port, id, 512, 1);
    engine_rig_settle(rig);
    g_assert_cmpint(recv(fd, got, sizeof(got), MSG_DONTWAIT), <, 0);
    send_pieces(rig, port, 5, 1024, 0xff);
    engine_rig_wait_readable(rig, fd);
    g_assert_cmpint(recv(fd, got, sizeof(got), MSG_DONTWAIT), ==, 2000);
}

static void spoofed_sources_get_nothing_out(struct engine_rig *rig)
{
    static const char *const sources[] = {
        "127.0.0.1", "0.0.0.0",    "255.255.255.255",
        "224.0.0.1", "10.0.2.255", "::",
        "::1",       "ff02::1",    "::ffff:10.0.2.2"
    };
    uint16_t port;
    int udp = engine_rig_host_socket("127.0.0.1", SOCK_DGRAM, &port);

    for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
        bool v6 = strchr(sources[i], ':') != NULL;
        struct frames_spec spec = { .src = sources[i],
                                    .dst = v6 ? "fd00::2" : "10.0.2.2",
                                    .proto = IPPROTO_UDP,
                                    .sport = 1,
                                    .dport = port };

        engine_rig_send_spec(rig, &spec);
        spec.proto = IPPROTO_TCP;
        spec.flags = FRAME_SYN;
        engine_rig_send_spec(rig, &spec);
        g_assert_false(engine_rig_has(rig, IPPROTO_TCP));
    }
    g_assert_false(has_visitor(udp, SOCK_DGRAM));
    g_assert_cmpuint(rig->stats.drop_source, ==, 2 * G_N_ELEMENTS(sources));
}

static void still_serves(struct engine_rig *rig, const char *listen_at,
                         const char *dst)
{
    uint16_t port;
    int listener = engine_rig_host_socket(listen_at, SOCK_STREAM, &port);
    struct engine_tcp tcp = engine_tcp_open(rig, dst, port, 1);
    int fd = engine_rig_accept(rig, listener);
    uint8_t got[100];

    engine_tcp_send(rig, &tcp, 0, FRAME_ACK | FRAME_PSH, sizeof(got));
    engine_rig_read(rig, fd, got, sizeof(got));
    for (uint32_t i = 0; i < sizeof(got); i++)
        g_assert_cmpuint(got[i], ==, frames_pattern(tcp.seq + i));
    (void)close(fd);
    (void)close(listener);
}

static void a_flood_of_garbage_leaves_the_stack_alive(struct engine_rig *rig)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    uint8_t out[2048];

    for (int i = 0; i < 5000; i++) {
        struct frames_spec spec = { .dst = i % 2 ? "fd00::2" : "10.0.2.2",
                                    .proto = i % 3 ? IPPROTO_TCP : IPPROTO_UDP,
                                    .flags = (uint8_t)g_rand_int(rand),
                                    .sport = (uint16_t)g_rand_int(rand),
                                    .dport = 9,
                                    .payload_len = g_rand_int(rand) % 1000u };
        size_t len = frames_build(&spec, out);

        for (int k = g_rand_int_range(rand, 0, 4); k > 0; k--)
            out[g_rand_int_range(rand, 12, 60)] = (uint8_t)g_rand_int(rand);
        engine_rig_send(rig, out, len);
    }
    engine_rig_settle(rig);
    still_serves(rig, "127.0.0.1", "10.0.2.2");
    still_serves(rig, "::1", "fd00::2");
}

/* What the reaper sends in the guest's name. */
static void a_reset_at_the_acknowledged_place_closes_the_socket(
    struct engine_rig *rig)
{
    uint16_t port;
    int listener = engine_rig_host_socket("127.0.0.1", SOCK_STREAM, &port);
    struct engine_tcp tcp = engine_tcp_open(rig, "10.0.2.2", port, 1);
    int fd = engine_rig_accept(rig, listener);
    char byte;

    engine_tcp_send(rig, &tcp, 0, FRAME_ACK | FRAME_FIN, 0);
    engine_rig_wait_readable(rig, fd);
    g_assert_cmpint(read(fd, &byte, 1), ==, 0);
    engine_rig_settle(rig);
    engine_tcp_send(rig, &tcp, 1, FRAME_RST, 0);
    engine_rig_settle(rig);
    /* The socket is gone: what is written is refused sooner or later. */
    g_assert_cmpint(write(fd, "x", 1), ==, 1);
    engine_rig_wait_readable(rig, fd);
    g_assert_cmpint(write(fd, "x", 1), <, 0);
}

static void a_full_table_of_descriptors_empties_again(struct engine_rig *rig)
{
    const struct rlimit few = { 64, 64 };
    uint16_t port;
    int listener = engine_rig_host_socket("127.0.0.1", SOCK_STREAM, &port);

    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &few), ==, 0);
    for (uint16_t i = 0; i < 200; i++) {
        struct frames_spec syn = { .dst = "10.0.2.2",
                                   .sport = (uint16_t)(10000 + i),
                                   .dport = port,
                                   .flags = FRAME_SYN,
                                   .seq = 1 };

        engine_rig_send_spec(rig, &syn);
    }
    engine_rig_settle(rig);
    for (uint16_t i = 0; i < 200; i++) {
        struct frames_spec rst = { .dst = "10.0.2.2",
                                   .sport = (uint16_t)(10000 + i),
                                   .dport = port,
                                   .flags = FRAME_RST,
                                   .seq = 2 };

        engine_rig_send_spec(rig, &rst);
    }
    engine_rig_settle(rig);
    (void)close(listener); /* and all that waits there */
    listener = engine_rig_host_socket("127.0.0.1", SOCK_STREAM, &port);
    (void)engine_tcp_open(rig, "10.0.2.2", port, 1);
}

static const struct engine_rig_test tests[] = {
    { "no spelling of the loopback leads in",
      no_spelling_of_the_loopback_leads_in },
    { "no service port is a way in", no_service_port_is_a_way_in },
    { "nobody serves files or management", nobody_serves_files_or_management },
    { "fragments arrive as one or not at all",
      fragments_arrive_as_one_or_not_at_all },
    { "spoofed sources get nothing out", spoofed_sources_get_nothing_out },
    { "a flood of garbage leaves the stack alive",
      a_flood_of_garbage_leaves_the_stack_alive },
    { "a reset at the acknowledged place closes the socket",
      a_reset_at_the_acknowledged_place_closes_the_socket },
    { "a full table of descriptors empties again",
      a_full_table_of_descriptors_empties_again },
};

int main(int argc, char **argv)
{
    return engine_rig_main(argc, argv, "abuse", tests, G_N_ELEMENTS(tests));
}
