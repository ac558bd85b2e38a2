/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../unit/engine_rig.h"
#include "net/fragment.h"
#include "net/switches.h"
#include "take.h"

#include <errno.h>
#include <net/ethernet.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Whole sessions of a guest that knows its protocols and answers what it gets:
 * connections, datagrams, fragments, echoes, address requests, and the switches
 * of the policy turned between them; against the whole data plane with the real
 * stack, in a network namespace of its own.  Input: the first sequence of all
 * connections in four bytes, then actions, each a byte and its arguments.
 *
 * What holds, whatever the order: each side reads the bytes that the other
 * wrote, all in order and none twice; a datagram arrives whole or not at all;
 * nothing reaches the host that the policy forbids, and what it forbids has
 * ended when the switch is turned.
 */
#define ACTIONS_PER_INPUT 64
#define CONNS             4
#define ACCEPTED_MAX      64

/* Where the host listens, and how the guest calls it. */
static const struct place {
    const char *dst, *bind;
    bool v6, loopback;
} places[] = { { "10.0.2.2", "127.0.0.1", false, true },
               { "192.0.2.1", "192.0.2.1", false, false },
               { "fd00::2", "::1", true, true },
               { "2001:db8::1", "2001:db8::1", true, false } };
#define PLACES G_N_ELEMENTS(places)

/* For all inputs of the process. */
static struct host {
    bool refused; /* no namespace can be had */
    int tcp[PLACES], udp[PLACES];
    uint16_t tcp_port[PLACES], udp_port[PLACES];
} host;

/* A connection as the guest knows it. */
struct conn {
    bool known, synced;
    struct frames_spec spec;
    uint32_t seq, ack; /* the next to send, and the next expected */
    uint32_t peer_first;
};

struct accepted {
    int fd;
    size_t place;
    uint32_t read, written;
};

struct world {
    struct engine_rig *rig;
    struct switches switches;
    struct flows flows;
    uint32_t first_seq;
    uint16_t next_port;
    struct conn conns[CONNS];
    struct accepted accepted[ACCEPTED_MAX];
    size_t accepted_count;
    GPtrArray *pieces; /* of GBytes: the fragments of one packet */
};

/* --- the host --- */

/* GLib traps where it finds fault, which libFuzzer does not know. */
static void trapped(int number)
{
    (void)number;
    abort();
}

static void enter_once(void)
{
    static bool entered;

    if (entered)
        return;
    entered = true;
    (void)signal(SIGTRAP, trapped);
    host.refused = !engine_rig_enter();
    for (size_t i = 0; i < PLACES && !host.refused; i++) {
        host.tcp[i] = engine_rig_host_socket(places[i].bind, SOCK_STREAM,
                                             &host.tcp_port[i]);
        host.udp[i] = engine_rig_host_socket(places[i].bind, SOCK_DGRAM,
                                             &host.udp_port[i]);
    }
}

/* Before libFuzzer has threads, with which no namespace can be had. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    enter_once();
    return 0;
}

static bool is_allowed(const struct world *world, size_t place)
{
    const struct policy *policy = &world->rig->policy;

    return (!places[place].v6 || policy->enable_ipv6) &&
           (places[place].loopback ? policy->allow_host_loopback
                                   : policy->outbound);
}

static void check_pattern(const uint8_t *data, size_t len, uint32_t first)
{
    for (size_t i = 0; i < len; i++)
        g_assert_cmphex(data[i], ==, frames_pattern(first + (uint32_t)i));
}

/* Reads what is there; false when the connection has ended. */
static bool read_conn(const struct world *world, struct accepted *conn)
{
    uint8_t data[4096];
    ssize_t n;

    while ((n = recv(conn->fd, data, sizeof(data), 0)) > 0) {
        g_assert_true(is_allowed(world, conn->place));
        check_pattern(data, (size_t)n, world->first_seq + 1 + conn->read);
        conn->read += (uint32_t)n;
    }
    return n < 0 && errno == EAGAIN;
}

static void write_conn(struct accepted *conn, size_t len)
{
    uint8_t data[255 * 32];
    ssize_t n;

    for (size_t i = 0; i < len; i++)
        data[i] = frames_pattern(conn->written + (uint32_t)i);
    n = send(conn->fd, data, len, 0);
    if (n > 0)
        conn->written += (uint32_t)n;
}

static void take_connections(struct world *world, size_t place)
{
    int fd;

    while ((fd = accept4(host.tcp[place], NULL, NULL,
                         SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        g_assert_true(is_allowed(world, place));
        if (world->accepted_count == ACCEPTED_MAX)
            (void)close(fd);
        else
            world->accepted[world->accepted_count++] =
                (struct accepted){ .fd = fd, .place = place };
    }
}

static void take_datagrams(struct world *world, size_t place)
{
    static uint8_t data[65536];
    struct sockaddr_storage from;
    socklen_t len = sizeof(from);
    ssize_t n;

    while ((n = recvfrom(host.udp[place], data, sizeof(data), 0,
                         (struct sockaddr *)&from, &len)) >= 0) {
        g_assert_true(is_allowed(world, place));
        check_pattern(data, (size_t)n, 0);
        (void)sendto(host.udp[place], data, (size_t)n, 0,
                     (struct sockaddr *)&from, len);
        len = sizeof(from);
    }
}

/* Takes what has come, checks it, and echoes datagrams. */
static void host_reads(struct world *world)
{
    for (size_t i = 0; i < PLACES; i++) {
        take_connections(world, i);
        take_datagrams(world, i);
    }
    for (size_t i = 0; i < world->accepted_count; i++)
        (void)read_conn(world, &world->accepted[i]);
}

static void host_acts(struct world *world, struct take *in)
{
    uint8_t which = (uint8_t)take_number(in, 1);
    struct accepted *conn;

    if (world->accepted_count == 0)
        return;
    conn = &world->accepted[(which >> 2) % world->accepted_count];
    switch (which & 3) {
    case 0:
        (void)shutdown(conn->fd, SHUT_WR);
        break;
    case 1:
        (void)shutdown(conn->fd, SHUT_RDWR);
        break;
    default:
        write_conn(conn, take_number(in, 1) * 32u);
        break;
    }
}

/* --- what comes to the guest --- */

static struct conn *conn_of(struct world *world, const struct frame *f)
{
    for (size_t i = 0; i < CONNS; i++) {
        struct conn *conn = &world->conns[i];
        struct ip_addr peer;

        if (!conn->known || conn->spec.sport != f->dst.port ||
            conn->spec.dport != f->src.port)
            continue;
        peer = frames_addr(conn->spec.dst);
        if (ip_addr_equal(&peer, &f->src.addr))
            return conn;
    }
    return NULL;
}

static void got_segment(struct world *world, const struct frame *f)
{
    struct conn *conn = conn_of(world, f);
    uint32_t len = (uint32_t)frame_payload_len(f);

    if (conn == NULL)
        return;
    if ((f->tcp_flags & FRAME_RST) != 0) {
        conn->synced = false;
    } else if ((f->tcp_flags & FRAME_SYN) != 0) {
        if (f->tcp_ack != world->first_seq + 1)
            return;
        conn->synced = true;
        conn->peer_first = f->tcp_seq + 1;
        conn->ack = f->tcp_seq + 1;
    } else if (conn->synced) {
        check_pattern(f->data + f->payload, len, f->tcp_seq - conn->peer_first);
        if (f->tcp_seq == conn->ack)
            conn->ack += len + ((f->tcp_flags & FRAME_FIN) != 0);
    }
}

static void got_datagram(const struct frame *f)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct ip_addr place = frames_addr(places[i].dst);

        if (f->src.port == host.udp_port[i] &&
            ip_addr_equal(&place, &f->src.addr))
            check_pattern(f->data + f->payload, frame_payload_len(f), 0);
    }
}

static bool has_arrived(void *self)
{
    const struct engine_rig *rig = self;

    return !g_queue_is_empty(rig->arrived);
}

/* Takes one frame; true if it is an answer to an address request. */
static bool got_frame(struct world *world)
{
    GBytes *bytes = g_queue_pop_head(world->rig->arrived);
    gsize len;
    const uint8_t *data = g_bytes_get_data(bytes, &len);
    uint8_t *own = g_memdup2(data, len);
    struct frame f;
    bool answer;

    g_assert_cmpint(frame_parse(own, len, &f), ==, FRAME_GOOD);
    g_assert_true(frames_checksums_are_right(own, f.len));
    answer = f.ethertype == ETHERTYPE_ARP && own[21] == 2;
    if (f.l4 != 0 && !f.fragment && f.proto == IPPROTO_TCP)
        got_segment(world, &f);
    if (f.l4 != 0 && !f.fragment && f.proto == IPPROTO_UDP)
        got_datagram(&f);
    g_free(own);
    g_bytes_unref(bytes);
    return answer;
}

/* Until all that was sent is dealt with, and all that came of it is read. */
static void settle(struct world *world)
{
    uint8_t arp[FRAMES_MAX];
    bool answered = false;

    engine_rig_send(world->rig, arp, frames_build_arp("10.0.2.3", arp));
    world->rig->awaited = "the answer to an address request";
    while (!answered) {
        engine_rig_run_until(world->rig, has_arrived, world->rig);
        answered = got_frame(world);
    }
}

/* --- what the guest does --- */

static void send_segment(struct world *world, struct conn *conn, uint8_t flags,
                         size_t len, uint32_t skip)
{
    struct frames_spec spec = conn->spec;

    spec.flags = flags;
    spec.seq = conn->seq + skip;
    spec.ack = (flags & FRAME_ACK) != 0 ? conn->ack : 0;
    spec.payload_len = len;
    engine_rig_send_spec(world->rig, &spec);
}

static void open_conn(struct world *world, struct conn *conn, size_t place)
{
    *conn = (struct conn){ .known = true,
                           .spec = { .dst = places[place].dst,
                                     .sport = world->next_port++,
                                     .dport = host.tcp_port[place],
                                     .window = 65535 },
                           .seq = world->first_seq };
    send_segment(world, conn, FRAME_SYN, 0, 0);
    conn->seq++;
    /* The host answers in its own time, but on the loopback soon. */
    for (int i = 0; i < 3 && !conn->synced; i++)
        settle(world);
    if (conn->synced)
        send_segment(world, conn, FRAME_ACK, 0, 0);
}

static void odd_segment(struct world *world, struct conn *conn, struct take *in)
{
    struct frames_spec spec = conn->spec;

    spec.flags = (uint8_t)take_number(in, 1) & 0x3f;
    spec.seq = conn->seq + take_offset(in);
    spec.ack = conn->ack + take_offset(in);
    spec.window = (uint16_t)(take_number(in, 1) << 8);
    /* The pattern has no room for a SYN within data. */
    if ((spec.flags & FRAME_SYN) == 0)
        spec.payload_len = take_number(in, 1);
    engine_rig_send_spec(world->rig, &spec);
}

static void use_conn(struct world *world, struct take *in)
{
    uint8_t what = (uint8_t)take_number(in, 1);
    struct conn *conn = &world->conns[what % CONNS];
    size_t len;

    if (!conn->known || what >> 5 == 0) {
        open_conn(world, conn, what / CONNS % PLACES);
        return;
    }
    switch (what >> 5) {
    case 1:
        odd_segment(world, conn, in);
        break;
    case 2:
        send_segment(world, conn, FRAME_ACK | FRAME_FIN, 0, 0);
        conn->seq++;
        break;
    case 3:
        send_segment(world, conn, FRAME_ACK, 0, 0);
        break;
    case 4: /* a hole, to be filled by what follows */
        send_segment(world, conn, FRAME_ACK, 100, take_number(in, 1));
        break;
    default:
        len = take_number(in, 1) * 5;
        send_segment(world, conn, FRAME_ACK | FRAME_PSH, len, 0);
        conn->seq += (uint32_t)len;
        break;
    }
}

static void keep_piece(void *self, uint8_t *data, size_t len)
{
    struct world *world = self;

    g_ptr_array_add(world->pieces, g_bytes_new(data, len));
}

/* In pieces of the size and order that the input says; some come twice. */
static void send_cut(struct world *world, const struct frames_spec *spec,
                     struct take *in)
{
    uint8_t how = (uint8_t)take_number(in, 1);
    unsigned mtu = 1280 + how % 8 * 20u;
    uint8_t *out = g_malloc(FRAMES_MAX);
    struct frame f = frames_parsed(spec, out);

    if (!fragment_wants(&f, mtu)) {
        engine_rig_send(world->rig, f.data, f.len);
        g_free(out);
        return;
    }
    fragment_cut(&f, mtu, how / 8, keep_piece, world);
    for (guint i = 0; i < world->pieces->len; i++) {
        guint order = (how & 0x80) != 0 ? world->pieces->len - 1 - i : i;
        GBytes *piece = g_ptr_array_index(world->pieces, order);
        uint8_t times = (uint8_t)take_number(in, 1);

        for (int n = times == 0xff ? 0 : times == 0xfe ? 2 : 1; n > 0; n--)
            engine_rig_send(world->rig, g_bytes_get_data(piece, NULL),
                            g_bytes_get_size(piece));
    }
    g_ptr_array_set_size(world->pieces, 0);
    g_free(out);
}

static void send_datagram(struct world *world, struct take *in)
{
    uint8_t what = (uint8_t)take_number(in, 1);
    size_t place = what % PLACES, len = take_number(in, 1);
    g_autofree uint8_t *payload = NULL;
    struct frames_spec spec = { .proto = IPPROTO_UDP,
                                .dst = places[place].dst,
                                .sport = (uint16_t)(2000 + what / 4 % 8),
                                .dport = host.udp_port[place] };

    spec.payload_len = (what & 0x80) != 0 ? len * 250 : len;
    payload = g_malloc(spec.payload_len + 1);
    for (size_t i = 0; i < spec.payload_len; i++)
        payload[i] = frames_pattern((uint32_t)i);
    spec.payload = payload;
    if ((what & 0x40) != 0)
        send_cut(world, &spec, in);
    else if (spec.payload_len <= 1400)
        engine_rig_send_spec(world->rig, &spec);
}

static void send_echo(struct world *world, struct take *in)
{
    uint8_t what = (uint8_t)take_number(in, 1);
    const struct place *place = &places[what % PLACES];
    struct frames_spec spec = { .proto =
                                    place->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
                                .dst = place->dst,
                                .type = place->v6 ? 128 : 8,
                                .payload_len = (what >> 2) * 24u };

    send_cut(world, &spec, in);
}

/* What a service of the stack gets: addresses by DHCP, names. */
static void ask_service(struct world *world, struct take *in)
{
    static const struct frames_spec services[] = {
        { .src = "0.0.0.0",
          .dst = "255.255.255.255",
          .sport = 68,
          .dport = 67 },
        { .dst = "10.0.2.2", .sport = 68, .dport = 67 },
        { .dst = "10.0.2.3", .sport = 3000, .dport = 53 },
        { .dst = "fd00::3", .sport = 3000, .dport = 53 },
        { .dst = "10.0.2.2", .sport = 3000, .dport = 69 },
    };
    static const uint8_t magic[] = { 99, 130, 83, 99 };
    uint8_t which = (uint8_t)take_number(in, 1);
    struct frames_spec spec = services[which % G_N_ELEMENTS(services)];
    uint8_t payload[548] = { 1, 1, 6 };
    size_t len, start = spec.dport == 67 ? 240 : 0;
    const uint8_t *bytes =
        take_bytes(in, take_number(in, 1) % (sizeof(payload) - start), &len);

    memcpy(payload + 28, frames_guest_mac, 6);
    memcpy(payload + 236, magic, sizeof(magic));
    if (len > 0)
        memcpy(payload + start, bytes, len);
    spec.proto = IPPROTO_UDP;
    spec.payload = payload;
    spec.payload_len = spec.dport == 67 ? sizeof(payload) : len;
    engine_rig_send_spec(world->rig, &spec);
}

/* Router solicitations, neighbours, and what else is said of addresses. */
static void say_of_neighbours(struct world *world, struct take *in)
{
    static const uint8_t types[] = { 133, 135, 136, 134, 137, 143 };
    struct ip_addr target = frames_addr("fd00::2");
    uint8_t which = (uint8_t)take_number(in, 1);
    struct frames_spec spec = {
        .proto = IPPROTO_ICMPV6,
        .src = (which & 0x40) != 0 ? "fe80::1" : "fd00::100",
        .dst = (which & 0x80) != 0 ? "ff02::2" : "fd00::2",
        .hop_limit = 255,
        .type = types[which % G_N_ELEMENTS(types)],
        .payload = &target.v6,
        .payload_len = 16
    };

    engine_rig_send_spec(world->rig, &spec);
}

/* --- the policy --- */

static size_t end_flows(void *self, flow_match match, void *matcher)
{
    struct world *world = self;

    return pump_end_flows(world->rig->pump, match, matcher);
}

static int set_ipv6(void *self, bool on, GError **err)
{
    struct world *world = self;

    (void)err;
    if (on)
        pump_ipv6_on(world->rig->pump);
    else
        pump_ipv6_off(world->rig->pump);
    return 0;
}

static void narrowed(void *self, const struct policy *wanted)
{
    struct world *world = self;

    pump_policy_narrowed(world->rig->pump, wanted);
}

static void changed(void *self, size_t ended)
{
    (void)self;
    (void)ended;
}

/* What came before was allowed; what comes after is judged by the new one. */
static void set_policy(struct world *world, struct take *in)
{
    uint8_t bits = (uint8_t)take_number(in, 1);
    const struct policy wanted = { .allow_host_loopback = (bits & 1) != 0,
                                   .enable_ipv6 = (bits & 2) != 0,
                                   .enable_dns = (bits & 4) != 0,
                                   .outbound = (bits & 8) != 0 };
    size_t ended;

    settle(world);
    host_reads(world);
    g_assert_cmpint(switches_set(&world->switches, &wanted, &ended, NULL), ==,
                    0);
    settle(world);
    for (size_t i = 0; i < world->accepted_count; i++) {
        struct accepted *conn = &world->accepted[i];

        bool open = read_conn(world, conn);

        /* One that is only being opened may take a while to end. */
        g_assert_true(!open || is_allowed(world, conn->place) ||
                      conn->read == 0);
    }
}

/* --- one input --- */

static void do_one(struct world *world, struct take *in)
{
    uint8_t kind = (uint8_t)take_number(in, 1);

    switch (kind % 8) {
    case 0:
        set_policy(world, in);
        break;
    case 1:
        send_datagram(world, in);
        break;
    case 2:
        send_echo(world, in);
        break;
    case 3:
        ask_service(world, in);
        break;
    case 4:
        say_of_neighbours(world, in);
        break;
    case 5:
        host_acts(world, in);
        break;
    default:
        use_conn(world, in);
        break;
    }
    if ((kind & 0x80) != 0) {
        settle(world);
        host_reads(world);
    }
}

static void world_init(struct world *world, uint32_t first_seq)
{
    *world = (struct world){ .rig = engine_rig_new(),
                             .first_seq = first_seq,
                             .next_port = 40000 };
    world->pieces =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    world->flows = (struct flows){ .end_matching = end_flows, .self = world };
    world->switches = (struct switches){ .policy = &world->rig->policy,
                                         .plan = &world->rig->plan,
                                         .flows = &world->flows,
                                         .set_ipv6 = set_ipv6,
                                         .narrowed = narrowed,
                                         .changed = changed,
                                         .self = world };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct take in = { data, size };
    struct world world;

    enter_once();
    if (host.refused)
        return 0;
    world_init(&world, take_number(&in, 4));
    for (int i = 0; i < ACTIONS_PER_INPUT && in.left > 0; i++)
        do_one(&world, &in);
    settle(&world);
    host_reads(&world);
    for (size_t i = 0; i < world.accepted_count; i++)
        (void)close(world.accepted[i].fd);
    g_ptr_array_free(world.pieces, TRUE);
    engine_rig_free(world.rig);
    /* What the stack had sent on at its end. */
    world.accepted_count = 0;
    return 0;
}
