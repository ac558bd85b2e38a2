/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine_rig.h"
#include "net/pump_internal.h"

#include <sys/socket.h>
#include <unistd.h>

/* As many ends as are held; see pump_end.c. */
#define HELD_MAX 256
/* The least that the kernel allows, so that few bytes make a reader late. */
#define BUFFER_MIN 1
#define SEGMENT    1000
/* Segments that the stack keeps of what a late reader was sent. */
#define KEPT_SEGMENTS 4

struct way {
    const char *listen_at, *dst;
};

static const struct way v4 = { "127.0.0.1", "10.0.2.2" };
static const struct way v6 = { "::1", "fd00::2" };

/* A connection of the guest to a reader on the host. */
struct talk {
    struct engine_rig *rig;
    struct engine_tcp tcp;
    uint32_t first; /* sequence of the first byte */
    int fd;         /* the reader's */
    int stack_fd;
    unsigned lane;
};

/* --- the guest --- */

/* A frame of the connection, for asking the flow table; never sent. */
static struct frame frame_of(const struct talk *talk, uint8_t *out)
{
    struct frames_spec spec = talk->tcp.spec;

    spec.flags = FRAME_ACK;
    return frames_parsed(&spec, out);
}

static void note_socket(void *self, const struct flow_info *flow)
{
    struct talk *talk = self;

    if (flow->guest.port == talk->tcp.spec.sport &&
        flow->peer.port == talk->tcp.spec.dport)
        talk->stack_fd = flow->fd;
}

static struct talk talk_accepted(struct engine_rig *rig, int listener,
                                 const struct engine_tcp *tcp)
{
    struct talk talk = { .rig = rig,
                         .tcp = *tcp,
                         .first = tcp->seq,
                         .fd = engine_rig_accept(rig, listener),
                         .stack_fd = -1 };
    const int least = BUFFER_MIN;
    uint8_t out[FRAMES_MAX];
    struct frame f = frame_of(&talk, out);

    talk.lane = flow_lane(rig->pump->flows, &f);
    pump_each_flow(rig->pump, note_socket, &talk);
    g_assert_cmpint(talk.stack_fd, >=, 0);
    g_assert_cmpint(
        setsockopt(talk.stack_fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least)),
        ==, 0);
    return talk;
}

static int listen_at(const char *addr, uint16_t *port)
{
    const int least = BUFFER_MIN;
    int listener = engine_rig_host_socket(addr, SOCK_STREAM, port);

    g_assert_cmpint(
        setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), ==,
        0);
    return listener;
}

static struct talk talk_open(struct engine_rig *rig, const struct way *way)
{
    uint16_t port;
    int listener = listen_at(way->listen_at, &port);
    struct engine_tcp tcp = engine_tcp_open(rig, way->dst, port, 5000);
    struct talk talk = talk_accepted(rig, listener, &tcp);

    (void)close(listener);
    return talk;
}

static void send_data(struct talk *talk, uint8_t flags, size_t len)
{
    engine_tcp_send(talk->rig, &talk->tcp, 0, flags, len);
    talk->tcp.seq += (uint32_t)len;
    engine_rig_settle(talk->rig);
}

static void send_end(const struct talk *talk)
{
    engine_tcp_send(talk->rig, &talk->tcp, 0, FRAME_FIN | FRAME_ACK, 0);
    engine_rig_settle(talk->rig);
}

static struct frame expect_flag(struct talk *talk, uint8_t flag)
{
    struct frame f;

    do
        f = engine_rig_expect(talk->rig, IPPROTO_TCP);
    while (f.dst.port != talk->tcp.spec.sport || (f.tcp_flags & flag) == 0);
    return f;
}

/* Waits until the guest hears that its end has arrived. */
static void expect_end_taken(struct talk *talk)
{
    struct frame f;

    do
        f = expect_flag(talk, FRAME_ACK);
    while (f.tcp_ack != talk->tcp.seq + 1);
    g_assert_cmphex(f.tcp_flags & FRAME_RST, ==, 0);
}

/* --- the host --- */

/* The host's end, which the guest has not acknowledged. */
static void host_ends(struct talk *talk)
{
    g_assert_cmpint(shutdown(talk->fd, SHUT_WR), ==, 0);
    (void)expect_flag(talk, FRAME_FIN);
}

static void host_finishes(struct talk *talk)
{
    host_ends(talk);
    talk->tcp.ack++;
    send_data(talk, FRAME_ACK, 0);
}

static bool is_behind(const struct talk *talk)
{
    return stack_is_behind(talk->rig->pump->stack, talk->lane, talk->stack_fd);
}

/* Sends so much that the stack has some of it left. */
static void make_late(struct talk *talk)
{
    while (!is_behind(talk)) {
        g_assert_cmpuint(talk->tcp.seq - talk->first, <, 40 * SEGMENT);
        send_data(talk, FRAME_ACK, SEGMENT);
    }
    for (int i = 0; i < KEPT_SEGMENTS; i++)
        send_data(talk, FRAME_ACK, SEGMENT);
    g_assert_true(is_behind(talk));
}

static void check_data_is_read(struct talk *talk)
{
    size_t len = talk->tcp.seq - talk->first;
    g_autofree uint8_t *got = g_malloc(len + 1);

    engine_rig_read(talk->rig, talk->fd, got, len);
    for (uint32_t i = 0; i < len; i++)
        g_assert_cmpuint(got[i], ==, frames_pattern(talk->first + i));
    talk->first = talk->tcp.seq;
}

/* The reader takes all that the guest sent, and the end. */
static void check_all_is_read(struct talk *talk)
{
    char byte;

    check_data_is_read(talk);
    engine_rig_wait_readable(talk->rig, talk->fd);
    g_assert_cmpint(read(talk->fd, &byte, 1), ==, 0);
}

static void check_held(const struct engine_rig *rig, guint count)
{
    g_assert_cmpuint(rig->pump->held_ends.length, ==, count);
}

/* What the stack has acknowledged of it. */
static bool knows_end(const struct talk *talk)
{
    uint8_t out[FRAMES_MAX];
    struct frame f = frame_of(talk, out);

    return flow_is_over(talk->rig->pump->flows, &f);
}

static void check_sockets_are_gone(struct engine_rig *rig)
{
    check_held(rig, 0);
    g_assert_cmpuint(stack_sockets(rig->pump->stack), ==, 0);
}

static void check_all_is_gone(struct engine_rig *rig)
{
    check_sockets_are_gone(rig);
    g_assert_cmpuint(pump_flow_count(rig->pump), ==, 0);
}

/* A late reader, after which the guest has sent all it has, and its end. */
static struct talk talk_held(struct engine_rig *rig, const struct way *way)
{
    guint before = rig->pump->held_ends.length;
    struct talk talk = talk_open(rig, way);

    host_finishes(&talk);
    make_late(&talk);
    send_end(&talk);
    check_held(rig, before + 1);
    return talk;
}

/* --- nobody is late --- */

static void an_end_that_is_the_last_frees_the_socket_at_once(
    struct engine_rig *rig)
{
    struct talk talk = talk_open(rig, &v4);

    host_finishes(&talk);
    g_assert_cmpuint(stack_sockets(rig->pump->stack), ==, 1);
    engine_tcp_send(rig, &talk.tcp, 0, FRAME_FIN | FRAME_ACK, 0);
    expect_end_taken(&talk);
    check_all_is_gone(rig);
    check_all_is_read(&talk);
    (void)close(talk.fd);
}

static void the_data_of_the_last_segment_arrives_before_its_end(
    struct engine_rig *rig)
{
    struct talk talk = talk_open(rig, &v6);

    host_finishes(&talk);
    engine_tcp_send(rig, &talk.tcp, 0, FRAME_FIN | FRAME_ACK, 500);
    talk.tcp.seq += 500;
    expect_end_taken(&talk);
    check_all_is_gone(rig);
    check_all_is_read(&talk);
    (void)close(talk.fd);
}

/* Until then the stack, which could not know, keeps the socket. */
static void ends_that_cross_wait_for_the_last_acknowledgement(
    struct engine_rig *rig)
{
    struct talk talk = talk_open(rig, &v4);

    host_ends(&talk);
    engine_tcp_send(rig, &talk.tcp, 0, FRAME_FIN | FRAME_ACK, 0);
    expect_end_taken(&talk);
    g_assert_cmpuint(stack_sockets(rig->pump->stack), ==, 1);
    talk.tcp.seq++;
    talk.tcp.ack++;
    engine_tcp_send(rig, &talk.tcp, 0, FRAME_ACK, 0);
    engine_rig_settle(rig);
    check_all_is_gone(rig);
    (void)close(talk.fd);
}

static void a_guest_that_ends_first_is_forgotten_with_the_last_acknowledgement(
    struct engine_rig *rig)
{
    struct talk talk = talk_open(rig, &v4);

    engine_tcp_send(rig, &talk.tcp, 0, FRAME_FIN | FRAME_ACK, 0);
    expect_end_taken(&talk);
    host_ends(&talk);
    g_assert_cmpuint(pump_flow_count(rig->pump), ==, 1);
    talk.tcp.seq++;
    talk.tcp.ack++;
    engine_tcp_send(rig, &talk.tcp, 0, FRAME_ACK, 0);
    engine_rig_settle(rig);
    check_all_is_gone(rig);
    (void)close(talk.fd);
}

/* --- a reader is late --- */

static void check_late_reader(struct engine_rig *rig, const struct way *way)
{
    struct talk talk = talk_held(rig, way);

    g_assert_false(knows_end(&talk));
    check_all_is_read(&talk);
    expect_end_taken(&talk);
    check_all_is_gone(rig);
    (void)close(talk.fd);
}

static void a_late_reader_gets_all_and_then_the_end(struct engine_rig *rig)
{
    check_late_reader(rig, &v4);
    check_late_reader(rig, &v6);
}

static void the_end_of_a_last_segment_waits_but_its_data_does_not(
    struct engine_rig *rig)
{
    struct talk talk = talk_open(rig, &v4);

    host_finishes(&talk);
    make_late(&talk);
    engine_tcp_send(rig, &talk.tcp, 0, FRAME_FIN | FRAME_ACK, SEGMENT);
    talk.tcp.seq += SEGMENT;
    engine_rig_settle(rig);
    check_held(rig, 1);
    g_assert_false(knows_end(&talk));
    check_all_is_read(&talk);
    expect_end_taken(&talk);
    check_all_is_gone(rig);
    (void)close(talk.fd);
}

static void a_last_segment_that_makes_its_reader_late_has_its_end_held(
    struct engine_rig *rig)
{
    struct talk talk = talk_open(rig, &v4);

    host_finishes(&talk);
    g_assert_false(is_behind(&talk));
    engine_tcp_send(rig, &talk.tcp, 0, FRAME_FIN | FRAME_ACK, 30 * SEGMENT);
    talk.tcp.seq += 30 * SEGMENT;
    engine_rig_settle(rig);
    g_assert_true(is_behind(&talk));
    check_held(rig, 1);
    g_assert_false(knows_end(&talk));
    check_all_is_read(&talk);
    check_all_is_gone(rig);
    (void)close(talk.fd);
}

/* Whether or not it knows of the host's end by then. */
static void an_end_that_is_sent_again_is_held_once(struct engine_rig *rig)
{
    struct talk talk = talk_open(rig, &v4);

    host_ends(&talk);
    make_late(&talk);
    for (int i = 0; i < 3; i++) {
        send_end(&talk);
        check_held(rig, 1);
    }
    talk.tcp.ack++;
    send_end(&talk);
    check_held(rig, 1);
    check_all_is_read(&talk);
    expect_end_taken(&talk);
    check_held(rig, 0);
    send_data(&talk, FRAME_ACK, 0);
    (void)close(talk.fd);
}

static void a_guest_that_is_gone_takes_nothing_from_a_late_reader(
    struct engine_rig *rig)
{
    struct talk talk = talk_held(rig, &v4);

    engine_tcp_send(rig, &talk.tcp, 1, FRAME_RST, 0);
    engine_tcp_send(rig, &talk.tcp, 0, FRAME_RST, 0);
    engine_rig_settle(rig);
    check_held(rig, 1);
    check_all_is_read(&talk);
    check_all_is_gone(rig);
    (void)close(talk.fd);
}

static void each_late_reader_has_its_own_time(struct engine_rig *rig)
{
    struct talk talks[3];

    for (guint i = 0; i < G_N_ELEMENTS(talks); i++)
        talks[i] = talk_held(rig, i == 1 ? &v6 : &v4);
    check_all_is_read(&talks[1]);
    check_held(rig, 2);
    check_all_is_read(&talks[2]);
    check_held(rig, 1);
    g_assert_cmpuint(stack_sockets(rig->pump->stack), ==, 1);
    g_assert_false(knows_end(&talks[0]));
    check_all_is_read(&talks[0]);
    check_all_is_gone(rig);
    for (guint i = 0; i < G_N_ELEMENTS(talks); i++)
        (void)close(talks[i].fd);
}

/* --- what an end is not --- */

static void send_broken(struct talk *talk, size_t payload_len)
{
    struct frames_spec broken = talk->tcp.spec;

    broken.seq = talk->tcp.seq;
    broken.ack = talk->tcp.ack;
    broken.flags = FRAME_FIN | FRAME_ACK;
    broken.payload_len = payload_len;
    broken.bad_checksum = true;
    engine_rig_send_spec(talk->rig, &broken);
    engine_rig_settle(talk->rig);
}

/* The guest says it again, in order, and everybody has finished. */
static void check_good_end(struct talk *talk)
{
    engine_tcp_send(talk->rig, &talk->tcp, 0, FRAME_FIN | FRAME_ACK, SEGMENT);
    talk->tcp.seq += SEGMENT;
    check_all_is_read(talk);
    expect_end_taken(talk);
    check_all_is_gone(talk->rig);
}

static void a_broken_last_segment_is_neither_data_nor_end(
    struct engine_rig *rig)
{
    struct talk talk = talk_open(rig, &v4);

    host_finishes(&talk);
    send_broken(&talk, SEGMENT);
    g_assert_false(knows_end(&talk));
    check_good_end(&talk);
    (void)close(talk.fd);
}

/* Of what acknowledges more than was sent, the stack takes nothing. */
static void the_end_of_data_that_the_stack_rejects_is_not_held(
    struct engine_rig *rig)
{
    uint64_t before = rig->stats.drop_out_of_order;
    struct talk talk = talk_open(rig, &v4);
    struct engine_tcp wrong;

    host_finishes(&talk);
    make_late(&talk);
    wrong = talk.tcp;
    wrong.ack += 100000;
    engine_tcp_send(rig, &wrong, 0, FRAME_FIN | FRAME_ACK, SEGMENT);
    engine_rig_settle(rig);
    if (slirp_engine_wants_order()) {
        check_held(rig, 0);
        g_assert_cmpuint(rig->stats.drop_out_of_order, ==, before + 1);
    }
    check_data_is_read(&talk);
    g_assert_false(knows_end(&talk));
    check_good_end(&talk);
    (void)close(talk.fd);
}

static void check_broken_end(struct engine_rig *rig, const struct way *way,
                             size_t payload_len)
{
    struct talk talk = talk_open(rig, way);

    host_finishes(&talk);
    make_late(&talk);
    send_broken(&talk, payload_len);
    check_held(rig, 0);
    check_data_is_read(&talk);
    g_assert_false(knows_end(&talk));
    check_good_end(&talk);
    (void)close(talk.fd);
}

static void a_broken_last_segment_holds_no_end(struct engine_rig *rig)
{
    check_broken_end(rig, &v4, SEGMENT);
    check_broken_end(rig, &v6, SEGMENT);
}

static void a_broken_end_is_not_held(struct engine_rig *rig)
{
    check_broken_end(rig, &v4, 0);
    check_broken_end(rig, &v6, 0);
}

/* Such an end does not even come so far, where the stack wants order. */
static void an_end_behind_a_hole_is_not_held(struct engine_rig *rig)
{
    struct talk talk = talk_open(rig, &v4);

    host_finishes(&talk);
    make_late(&talk);
    engine_tcp_send(rig, &talk.tcp, SEGMENT, FRAME_FIN | FRAME_ACK, 0);
    engine_rig_settle(rig);
    if (slirp_engine_wants_order())
        check_held(rig, 0);
    send_data(&talk, FRAME_ACK, SEGMENT);
    send_end(&talk);
    check_held(rig, 1);
    check_all_is_read(&talk);
    expect_end_taken(&talk);
    check_all_is_gone(rig);
    (void)close(talk.fd);
}

/* --- an end that nobody waits for any more --- */

static bool is_any(void *self, const struct flow_info *flow)
{
    (void)self;
    (void)flow;
    return true;
}

static bool holds_none(void *self)
{
    const struct engine_rig *rig = self;

    return rig->pump->held_ends.length == 0;
}

static void check_still_serves(struct engine_rig *rig)
{
    struct talk talk = talk_open(rig, &v4);

    host_finishes(&talk);
    send_data(&talk, FRAME_ACK, SEGMENT);
    send_end(&talk);
    check_all_is_read(&talk);
    check_sockets_are_gone(rig);
    (void)close(talk.fd);
}

static void a_reader_that_gives_up_leaves_nothing_held(struct engine_rig *rig)
{
    struct talk talk = talk_held(rig, &v4);

    (void)close(talk.fd); /* a reset, as there is unread data */
    rig->awaited = "the end of an end";
    engine_rig_run_until(rig, holds_none, rig);
    check_sockets_are_gone(rig);
    check_still_serves(rig);
}

static void a_flow_that_is_ended_leaves_nothing_held(struct engine_rig *rig)
{
    struct talk talk = talk_held(rig, &v4);

    (void)pump_end_flows(rig->pump, is_any, NULL);
    rig->awaited = "the end of an end";
    engine_rig_run_until(rig, holds_none, rig);
    check_sockets_are_gone(rig);
    check_still_serves(rig);
    (void)close(talk.fd);
}

static void what_is_held_goes_with_the_pump(struct engine_rig *rig)
{
    struct talk talk = talk_held(rig, &v4);

    (void)talk; /* the rest is the rig's, and a leak checker's */
}

/* --- who else is there --- */

static void reset_of(const struct talk *talk)
{
    engine_tcp_send(talk->rig, &talk->tcp, 0, FRAME_RST, 0);
    engine_rig_settle(talk->rig);
}

/* One of the same host, and one of the same port of the guest. */
static void a_held_end_keeps_no_reset_of_another(struct engine_rig *rig)
{
    uint16_t port, other_port;
    int listener = listen_at(v4.listen_at, &port);
    int other_listener = listen_at(v4.listen_at, &other_port);
    struct engine_tcp tcp = engine_tcp_open(rig, v4.dst, port, 5000);
    struct talk held = talk_accepted(rig, listener, &tcp), other;

    host_finishes(&held);
    make_late(&held);
    send_end(&held);
    check_held(rig, 1);
    tcp = engine_tcp_open(rig, v4.dst, port, 5000);
    other = talk_accepted(rig, listener, &tcp);
    g_assert_cmpuint(stack_sockets(rig->pump->stack), ==, 2);
    reset_of(&other);
    g_assert_cmpuint(stack_sockets(rig->pump->stack), ==, 1);
    (void)close(other.fd);

    tcp = (struct engine_tcp){ .spec = held.tcp.spec, .seq = 9000 };
    tcp.spec.dport = other_port;
    engine_tcp_send(rig, &tcp, 0, FRAME_SYN, 0);
    tcp.ack = expect_flag(&held, FRAME_SYN).tcp_seq + 1;
    tcp.seq++;
    engine_tcp_send(rig, &tcp, 0, FRAME_ACK, 0);
    other = talk_accepted(rig, other_listener, &tcp);
    g_assert_cmpuint(stack_sockets(rig->pump->stack), ==, 2);
    reset_of(&other);
    g_assert_cmpuint(stack_sockets(rig->pump->stack), ==, 1);
    (void)close(other.fd);

    check_held(rig, 1);
    check_all_is_read(&held);
    check_sockets_are_gone(rig);
    (void)close(held.fd);
    (void)close(listener);
    (void)close(other_listener);
}

/* A guest that uses the port anew has forgotten what was. */
static void a_port_that_is_used_anew_has_no_end_held(struct engine_rig *rig)
{
    uint16_t port;
    int listener = listen_at(v4.listen_at, &port);
    struct engine_tcp tcp = engine_tcp_open(rig, v4.dst, port, 5000);
    struct talk held = talk_accepted(rig, listener, &tcp);

    host_finishes(&held);
    make_late(&held);
    send_end(&held);
    check_held(rig, 1);
    tcp.seq = held.tcp.seq + 0x1000000;
    engine_tcp_send(rig, &tcp, 0, FRAME_SYN, 0);
    g_assert_true(engine_rig_has(rig, IPPROTO_TCP));
    check_held(rig, 0);
    /* The stack tells where it is; so the guest's reset counts. */
    reset_of(&held);
    g_assert_cmpuint(stack_sockets(rig->pump->stack), ==, 0);
    (void)close(held.fd);
    (void)close(listener);
}

/* --- the bound --- */

/* It is passed on at once, and its reader has ten seconds. */
static void ends_beyond_the_bound_are_passed_on(struct engine_rig *rig)
{
    struct talk *talks = g_new0(struct talk, HELD_MAX + 2);
    struct talk *beyond = &talks[HELD_MAX], *next = beyond + 1;

    for (guint i = 0; i < HELD_MAX; i++)
        talks[i] = talk_held(rig, &v4);
    *beyond = talk_open(rig, &v4);
    host_finishes(beyond);
    make_late(beyond);
    send_end(beyond);
    check_held(rig, HELD_MAX);
    g_assert_true(knows_end(beyond));
    g_assert_cmpuint(stack_sockets(rig->pump->stack), ==, HELD_MAX + 1);
    check_all_is_read(beyond);
    /* And there is room again. */
    check_all_is_read(&talks[0]);
    check_held(rig, HELD_MAX - 1);
    *next = talk_held(rig, &v4);
    check_held(rig, HELD_MAX);
    for (guint i = 0; i < HELD_MAX + 2; i++)
        (void)close(talks[i].fd);
    g_free(talks);
}

static const struct engine_rig_test tests[] = {
    { "an end that is the last frees the socket at once",
      an_end_that_is_the_last_frees_the_socket_at_once },
    { "the data of the last segment arrives before its end",
      the_data_of_the_last_segment_arrives_before_its_end },
    { "ends that cross wait for the last acknowledgement",
      ends_that_cross_wait_for_the_last_acknowledgement },
    { "a guest that ends first is forgotten with the last acknowledgement",
      a_guest_that_ends_first_is_forgotten_with_the_last_acknowledgement },
    { "a late reader gets all and then the end",
      a_late_reader_gets_all_and_then_the_end },
    { "the end of a last segment waits but its data does not",
      the_end_of_a_last_segment_waits_but_its_data_does_not },
    { "a last segment that makes its reader late has its end held",
      a_last_segment_that_makes_its_reader_late_has_its_end_held },
    { "an end that is sent again is held once",
      an_end_that_is_sent_again_is_held_once },
    { "a guest that is gone takes nothing from a late reader",
      a_guest_that_is_gone_takes_nothing_from_a_late_reader },
    { "each late reader has its own time", each_late_reader_has_its_own_time },
    { "a broken last segment is neither data nor end",
      a_broken_last_segment_is_neither_data_nor_end },
    { "the end of data that the stack rejects is not held",
      the_end_of_data_that_the_stack_rejects_is_not_held },
    { "a broken last segment holds no end",
      a_broken_last_segment_holds_no_end },
    { "a broken end is not held", a_broken_end_is_not_held },
    { "an end behind a hole is not held", an_end_behind_a_hole_is_not_held },
    { "a reader that gives up leaves nothing held",
      a_reader_that_gives_up_leaves_nothing_held },
    { "a flow that is ended leaves nothing held",
      a_flow_that_is_ended_leaves_nothing_held },
    { "what is held goes with the pump", what_is_held_goes_with_the_pump },
    { "a held end keeps no reset of another",
      a_held_end_keeps_no_reset_of_another },
    { "a port that is used anew has no end held",
      a_port_that_is_used_anew_has_no_end_held },
    { "ends beyond the bound are passed on",
      ends_beyond_the_bound_are_passed_on },
};

int main(int argc, char **argv)
{
    return engine_rig_main(argc, argv, "pump-end", tests, G_N_ELEMENTS(tests));
}
