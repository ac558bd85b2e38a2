/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine_rig.h"
#include "net/dgram_internal.h"
#include "net/reasm.h"
#include "own_namespace.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define S 1000000000LL /* a second */

#define WORLD4   "192.0.2.1"
#define WORLD6   "2001:db8::1"
#define GATEWAY4 "10.0.2.2"
#define GATEWAY6 "fd00::2"

/* Who has sent what a host's socket got last. */
struct heard {
    struct sockaddr_storage from;
    struct ip_endpoint end;
    uint8_t bytes[2048];
    size_t len;
};

static struct heard hear(struct engine_rig *rig, int fd)
{
    struct heard h = { .len = 0 };
    socklen_t len = sizeof(h.from);
    ssize_t n;

    engine_rig_wait_readable(rig, fd);
    n = recvfrom(fd, h.bytes, sizeof(h.bytes), 0, (struct sockaddr *)&h.from,
                 &len);
    g_assert_cmpint(n, >=, 0);
    h.len = (size_t)n;
    g_assert_true(ip_endpoint_from_sockaddr(&h.from, &h.end));
    return h;
}

static void say(int fd, const struct sockaddr_storage *to, const void *data,
                size_t len)
{
    g_assert_cmpint(sendto(fd, data, len, 0, (const struct sockaddr *)to,
                           to->ss_family == AF_INET6
                               ? sizeof(struct sockaddr_in6)
                               : sizeof(struct sockaddr_in)),
                    ==, (ssize_t)len);
}

static void ask(struct engine_rig *rig, const char *dst, uint16_t port)
{
    const struct frames_spec spec = { .dst = dst,
                                      .proto = IPPROTO_UDP,
                                      .sport = 4000,
                                      .dport = port,
                                      .payload_len = 100 };

    engine_rig_send_spec(rig, &spec);
}

static void check_good(const struct frame *f)
{
    g_assert_true(frames_checksums_are_right(f->data, f->len));
    g_assert_true(memcmp(f->data, frames_guest_mac, 6) == 0);
}

static const struct {
    const char *guest_says, *host_has, *guest_is;
} places[] = {
    { WORLD4, WORLD4, "10.0.2.100" },
    { WORLD6, WORLD6, "fd00::100" },
    { GATEWAY4, "127.0.0.1", "10.0.2.100" },
    { GATEWAY6, "::1", "fd00::100" },
};

static void question_and_answer_pass(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        struct engine_rig *rig = engine_rig_new();
        uint16_t port;
        int fd = engine_rig_host_socket(places[i].host_has, SOCK_DGRAM, &port);
        struct ip_addr asked = frames_addr(places[i].guest_says);
        struct ip_addr guest = frames_addr(places[i].guest_is);
        struct heard h;
        struct frame f;

        g_test_message("to %s", places[i].guest_says);
        ask(rig, places[i].guest_says, port);
        h = hear(rig, fd);
        g_assert_cmpuint(h.len, ==, 100);
        g_assert_cmpuint(h.bytes[7], ==, frames_pattern(7));
        say(fd, &h.from, "yes", 3);
        f = engine_rig_expect(rig, IPPROTO_UDP);
        check_good(&f);
        g_assert_true(ip_addr_equal(&f.src.addr, &asked));
        g_assert_true(ip_addr_equal(&f.dst.addr, &guest));
        g_assert_cmpuint(f.src.port, ==, port);
        g_assert_cmpuint(f.dst.port, ==, 4000);
        g_assert_cmpuint(frame_payload_len(&f), ==, 3);
        g_assert_true(memcmp(f.data + f.payload, "yes", 3) == 0);
        (void)close(fd);
        engine_rig_free(rig);
    }
}

static void an_empty_datagram_is_one(void)
{
    struct engine_rig *rig = engine_rig_new();
    uint16_t port;
    int fd = engine_rig_host_socket(WORLD4, SOCK_DGRAM, &port);
    struct frames_spec spec = { .proto = IPPROTO_UDP, .dport = port };
    struct heard h;

    engine_rig_send_spec(rig, &spec);
    h = hear(rig, fd);
    g_assert_cmpuint(h.len, ==, 0);
    say(fd, &h.from, "", 0);
    g_assert_cmpuint(engine_rig_expect(rig, IPPROTO_UDP).len, ==,
                     FRAME_ETH_LEN + FRAME_IPV4_LEN + FRAME_UDP_LEN);
    (void)close(fd);
    engine_rig_free(rig);
}

/* RFC 4787 4.1: endpoint-independent mapping. */
static void one_port_of_the_guest_is_one_port_outside(void)
{
    struct engine_rig *rig = engine_rig_new();
    uint16_t port, port2;
    int fd = engine_rig_host_socket(WORLD4, SOCK_DGRAM, &port);
    int fd2 = engine_rig_host_socket(WORLD4, SOCK_DGRAM, &port2);
    uint16_t seen;

    ask(rig, WORLD4, port);
    ask(rig, WORLD4, port2);
    seen = hear(rig, fd).end.port;
    g_assert_cmpuint(hear(rig, fd2).end.port, ==, seen);
    g_assert_cmpuint(pump_flow_count(rig->pump), ==, 2);
    g_assert_cmpuint(rig->budget.used[BUDGET_UDP], ==, 1);
    (void)close(fd);
    (void)close(fd2);
    engine_rig_free(rig);
}

static void a_row_of_datagrams_keeps_its_edges(void)
{
    struct engine_rig *rig = engine_rig_new();
    uint16_t port;
    int fd = engine_rig_host_socket(WORLD4, SOCK_DGRAM, &port);

    /* Equal ones may go in one call; a shorter or longer one ends that. */
    static const size_t sizes[] = { 500, 500, 500, 20, 500, 501, 501, 0, 7 };

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        struct frames_spec spec = { .proto = IPPROTO_UDP,
                                    .sport = 4000,
                                    .dport = port,
                                    .payload_len = sizes[i] };

        engine_rig_send_spec(rig, &spec);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++)
        g_assert_cmpuint(hear(rig, fd).len, ==, sizes[i]);
    (void)close(fd);
    engine_rig_free(rig);
}

static void a_large_answer_comes_in_fragments(void)
{
    static uint8_t answer[5000];
    struct engine_rig *rig = engine_rig_new();
    struct stats stats = { 0 };
    struct reasm *reasm = reasm_new(&stats);
    uint16_t port;
    int fd = engine_rig_host_socket(WORLD4, SOCK_DGRAM, &port);
    uint8_t *whole = NULL;
    size_t len = 0;
    struct heard h;

    for (size_t i = 0; i < sizeof(answer); i++)
        answer[i] = frames_pattern((uint32_t)i);
    ask(rig, WORLD4, port);
    h = hear(rig, fd);
    say(fd, &h.from, answer, sizeof(answer));
    while (whole == NULL) {
        struct frame f = engine_rig_expect(rig, IPPROTO_UDP);

        g_assert_cmpuint(f.len, <=, FRAME_ETH_LEN + 1500);
        g_assert_true(f.fragment);
        whole = reasm_put(reasm, &f, S, &len);
    }
    g_assert_true(frames_checksums_are_right(whole, len));
    g_assert_true(
        memcmp(whole + len - sizeof(answer), answer, sizeof(answer)) == 0);
    reasm_free(reasm);
    (void)close(fd);
    engine_rig_free(rig);
}

/* --- what goes wrong --- */

static void a_closed_port_is_told(void)
{
    static const struct {
        const char *dst;
        int proto;
        uint8_t type, code;
    } rows[] = {
        { WORLD4, IPPROTO_ICMP, 3, 3 },
        { GATEWAY4, IPPROTO_ICMP, 3, 3 },
        { WORLD6, IPPROTO_ICMPV6, 1, 4 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct engine_rig *rig = engine_rig_new();
        struct ip_addr asked = frames_addr(rows[i].dst);
        struct frame f, quoted;
        uint8_t copy[FRAME_MAX];

        ask(rig, rows[i].dst, 9);
        f = engine_rig_expect(rig, rows[i].proto);
        check_good(&f);
        g_assert_cmpuint(f.data[f.l4], ==, rows[i].type);
        g_assert_cmpuint(f.data[f.l4 + 1], ==, rows[i].code);
        g_assert_true(ip_addr_equal(&f.src.addr, &asked));
        /* The guest finds its socket by what is quoted. */
        memcpy(copy, f.data, FRAME_ETH_LEN);
        memcpy(copy + FRAME_ETH_LEN, f.data + f.payload, f.len - f.payload);
        g_assert_cmpint(
            frame_parse(copy, FRAME_ETH_LEN + f.len - f.payload, &quoted), ==,
            FRAME_GOOD);
        g_assert_cmpint(quoted.proto, ==, IPPROTO_UDP);
        g_assert_true(ip_addr_equal(&quoted.dst.addr, &asked));
        g_assert_cmpuint(quoted.src.port, ==, 4000);
        g_assert_cmpuint(quoted.dst.port, ==, 9);
        engine_rig_free(rig);
    }
}

static void a_datagram_without_hops_left_is_told(void)
{
    struct engine_rig *rig = engine_rig_new();
    uint16_t port;
    int fd = engine_rig_host_socket(WORLD4, SOCK_DGRAM, &port);
    const struct frames_spec spec = { .proto = IPPROTO_UDP,
                                      .dport = port,
                                      .hop_limit = 1 };
    struct frame f;

    engine_rig_send_spec(rig, &spec);
    f = engine_rig_expect(rig, IPPROTO_ICMP);
    g_assert_cmpuint(f.data[f.l4], ==, 11);
    check_good(&f);
    g_assert_cmpint(recv(fd, &f, sizeof(f), MSG_DONTWAIT), <, 0);
    (void)close(fd);
    engine_rig_free(rig);
}

static void a_wrong_checksum_goes_nowhere(void)
{
    struct engine_rig *rig = engine_rig_new();
    uint16_t port;
    int fd = engine_rig_host_socket(WORLD4, SOCK_DGRAM, &port);
    const struct frames_spec spec = { .proto = IPPROTO_UDP,
                                      .dport = port,
                                      .payload_len = 10,
                                      .bad_checksum = true };
    uint8_t byte;

    engine_rig_send_spec(rig, &spec);
    engine_rig_settle(rig);
    g_assert_cmpuint(rig->stats.drop_checksum, ==, 1);
    g_assert_cmpint(recv(fd, &byte, 1, MSG_DONTWAIT), <, 0);
    (void)close(fd);
    engine_rig_free(rig);
}

static void without_descriptors_a_new_flow_is_refused(void)
{
    struct engine_rig *rig = engine_rig_new();
    uint16_t port;
    int fd = engine_rig_host_socket(WORLD4, SOCK_DGRAM, &port);
    struct frames_spec other = { .proto = IPPROTO_UDP,
                                 .sport = 4001,
                                 .dport = port };
    struct frame f;

    rig->budget.max[BUDGET_UDP] = 1;
    ask(rig, WORLD4, port);
    (void)hear(rig, fd);
    engine_rig_send_spec(rig, &other);
    f = engine_rig_expect(rig, IPPROTO_ICMP);
    g_assert_cmpuint(f.data[f.l4], ==, 3);
    g_assert_cmpuint(rig->stats.flows_refused, ==, 1);
    /* The old one lives. */
    ask(rig, WORLD4, port);
    (void)hear(rig, fd);
    (void)close(fd);
    engine_rig_free(rig);
}

/* --- life --- */

static void an_idle_flow_is_forgotten(void)
{
    struct engine_rig *rig = engine_rig_new();
    uint16_t port;
    int fd = engine_rig_host_socket(WORLD4, SOCK_DGRAM, &port);
    int64_t now_ns;

    ask(rig, WORLD4, port);
    (void)hear(rig, fd);
    now_ns = loop_now_ns(rig->loop);
    dgram_reap(pump_dgram(rig->pump), now_ns + (DGRAM_IDLE_S - 2) * S);
    g_assert_cmpuint(pump_flow_count(rig->pump), ==, 1);
    dgram_reap(pump_dgram(rig->pump), now_ns + (DGRAM_IDLE_S + 1) * S);
    g_assert_cmpuint(pump_flow_count(rig->pump), ==, 0);
    g_assert_cmpuint(rig->budget.used[BUDGET_UDP], ==, 0);
    (void)close(fd);
    engine_rig_free(rig);
}

static void an_idle_echo_is_forgotten_sooner(void)
{
    struct frames_spec spec = {
        .proto = IPPROTO_ICMP, .dst = WORLD4, .type = 8, .payload_len = 56
    };
    struct engine_rig *rig;
    int64_t now_ns;

    if (!write_text("/proc/sys/net/ipv4/ping_group_range", "0 0")) {
        g_test_skip("ping sockets cannot be had");
        return;
    }
    rig = engine_rig_new();
    engine_rig_send_spec(rig, &spec);
    (void)engine_rig_expect(rig, IPPROTO_ICMP);
    now_ns = loop_now_ns(rig->loop);
    dgram_reap(pump_dgram(rig->pump), now_ns + (DGRAM_ECHO_IDLE_S - 2) * S);
    g_assert_cmpuint(pump_flow_count(rig->pump), ==, 1);
    dgram_reap(pump_dgram(rig->pump), now_ns + (DGRAM_ECHO_IDLE_S + 1) * S);
    g_assert_cmpuint(pump_flow_count(rig->pump), ==, 0);
    engine_rig_free(rig);
}

static void keep_info(void *self, const struct flow_info *flow)
{
    *(struct flow_info *)self = *flow;
}

static bool every(void *self, const struct flow_info *flow)
{
    (void)self;
    (void)flow;
    return true;
}

static void a_flow_is_listed_and_ended(void)
{
    struct engine_rig *rig = engine_rig_new();
    uint16_t port;
    int fd = engine_rig_host_socket("127.0.0.1", SOCK_DGRAM, &port);
    struct ip_addr gateway = frames_addr(GATEWAY4);
    struct flow_info info = { .id = 0 };
    struct heard h;

    ask(rig, GATEWAY4, port);
    h = hear(rig, fd);
    say(fd, &h.from, "four", 4);
    (void)engine_rig_expect(rig, IPPROTO_UDP);
    pump_each_flow(rig->pump, keep_info, &info);
    g_assert_cmpuint(info.id, ==, 1);
    g_assert_cmpint(info.proto, ==, IPPROTO_UDP);
    g_assert_false(info.inbound);
    g_assert_true(ip_addr_equal(&info.peer.addr, &gateway));
    g_assert_cmpuint(info.peer.port, ==, port);
    g_assert_cmpuint(info.guest.port, ==, 4000);
    g_assert_cmpuint(info.bytes_from_guest, ==, 100);
    g_assert_cmpuint(info.bytes_to_guest, ==, 4);
    g_assert_cmpuint(pump_end_flows(rig->pump, every, NULL), ==, 1);
    g_assert_cmpuint(pump_flow_count(rig->pump), ==, 0);
    g_assert_cmpuint(rig->budget.used[BUDGET_UDP], ==, 0);
    (void)close(fd);
    engine_rig_free(rig);
}

/* --- echo --- */

static void echoes_come_back(void)
{
    static const struct {
        const char *dst;
        int proto;
        uint8_t request, reply;
    } rows[] = {
        { WORLD4, IPPROTO_ICMP, 8, 0 },
        { WORLD6, IPPROTO_ICMPV6, 128, 129 },
    };

    if (!write_text("/proc/sys/net/ipv4/ping_group_range", "0 0")) {
        g_test_skip("ping sockets cannot be had");
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct engine_rig *rig = engine_rig_new();
        struct frames_spec spec = { .proto = rows[i].proto,
                                    .dst = rows[i].dst,
                                    .type = rows[i].request,
                                    .payload_len = 56 };
        struct frame f;

        engine_rig_send_spec(rig, &spec);
        f = engine_rig_expect(rig, rows[i].proto);
        check_good(&f);
        g_assert_cmpuint(f.data[f.l4], ==, rows[i].reply);
        g_assert_cmpuint(frame_payload_len(&f), ==, 56);
        g_assert_cmpuint(f.data[f.payload + 9], ==, frames_pattern(9));
        g_assert_cmpuint(rig->budget.used[BUDGET_ECHO], ==, 1);
        engine_rig_free(rig);
    }
}

/* --- forwards --- */

static void *forward(struct engine_rig *rig, struct fwd_driver *driver,
                     const char *host, enum fwd_source source, uint16_t *port)
{
    struct fwd_rule rule = { .proto = IPPROTO_UDP,
                             .host.addr = frames_addr(host),
                             .guest = { frames_addr("10.0.2.100"), 7000 },
                             .source = source };
    g_autoptr(GError) err = NULL;
    void *handle;

    *driver = dgram_fwd_driver(pump_dgram(rig->pump));
    g_assert_true(driver->can_carry(driver->self, &rule));
    handle = driver->start(driver->self, &rule, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(rule.host.port, !=, 0);
    *port = rule.host.port;
    return handle;
}

static void answer(struct engine_rig *rig, const struct frame *f,
                   const char *from)
{
    char to[IP_ADDR_TEXT_MAX];
    const struct frames_spec spec = { .src = from,
                                      .dst = ip_addr_format(&f->src.addr, to),
                                      .proto = IPPROTO_UDP,
                                      .sport = f->dst.port,
                                      .dport = f->src.port,
                                      .payload_len = 5 };

    engine_rig_send_spec(rig, &spec);
}

static void a_forward_shows_the_client_and_answers_as_it_was_asked(void)
{
    static const struct {
        const char *client, *asks, *seen_as;
        enum fwd_source source;
        const char *answers_from;
    } rows[] = {
        { WORLD4, WORLD4, WORLD4, FWD_SOURCE_KEEP, "10.0.2.100" },
        { "127.0.0.1", "127.0.0.1", GATEWAY4, FWD_SOURCE_KEEP, "10.0.2.100" },
        { WORLD4, "127.0.0.9", WORLD4, FWD_SOURCE_KEEP, "10.0.2.100" },
        { WORLD4, WORLD4, GATEWAY4, FWD_SOURCE_GATEWAY, "10.0.2.100" },
        /* A server on all addresses may pick another one of its own. */
        { WORLD4, WORLD4, WORLD4, FWD_SOURCE_KEEP, "10.0.2.17" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct engine_rig *rig = engine_rig_new();
        struct fwd_driver driver;
        uint16_t port, client_port;
        void *handle = forward(rig, &driver, "0.0.0.0", rows[i].source, &port);
        int fd =
            engine_rig_host_socket(rows[i].client, SOCK_DGRAM, &client_port);
        struct ip_endpoint asks = { frames_addr(rows[i].asks), port };
        struct ip_addr seen_as = frames_addr(rows[i].seen_as);
        struct sockaddr_storage to;
        struct heard h;
        struct frame f;

        g_test_message("row %zu", i);
        (void)ip_endpoint_to_sockaddr(&asks, &to);
        say(fd, &to, "hello", 5);
        f = engine_rig_expect(rig, IPPROTO_UDP);
        check_good(&f);
        g_assert_true(ip_addr_equal(&f.src.addr, &seen_as));
        g_assert_cmpuint(f.src.port, ==, client_port);
        g_assert_cmpuint(f.dst.port, ==, 7000);
        g_assert_cmpuint(driver.connections(driver.self, handle), ==, 1);
        answer(rig, &f, rows[i].answers_from);
        h = hear(rig, fd);
        g_assert_cmpuint(h.len, ==, 5);
        g_assert_true(ip_endpoint_equal(&h.end, &asks));
        driver.stop(driver.self, handle);
        g_assert_cmpuint(pump_flow_count(rig->pump), ==, 0);
        (void)close(fd);
        engine_rig_free(rig);
    }
}

/* Two that the guest cannot tell by their addresses. */
static void clients_with_one_port_are_told_apart(void)
{
    struct engine_rig *rig = engine_rig_new();
    struct fwd_driver driver;
    struct sockaddr_storage to;
    struct ip_endpoint asks = { frames_addr("127.0.0.1"), 0 };
    struct frame first, second;
    uint16_t port, other_port;
    void *handle = forward(rig, &driver, "0.0.0.0", FWD_SOURCE_KEEP, &port);
    int fd = engine_rig_host_socket("127.0.0.1", SOCK_DGRAM, &other_port);
    int fd2 = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ip_endpoint same = { frames_addr("127.0.0.2"), other_port };
    struct sockaddr_storage ss;
    socklen_t len = ip_endpoint_to_sockaddr(&same, &ss);

    asks.port = port;
    (void)ip_endpoint_to_sockaddr(&asks, &to);
    g_assert_cmpint(bind(fd2, (struct sockaddr *)&ss, len), ==, 0);
    say(fd, &to, "1", 1);
    first = engine_rig_expect(rig, IPPROTO_UDP);
    say(fd2, &to, "2", 1);
    second = engine_rig_expect(rig, IPPROTO_UDP);
    g_assert_true(ip_addr_equal(&first.src.addr, &second.src.addr));
    g_assert_cmpuint(first.src.port, !=, second.src.port);
    answer(rig, &second, "10.0.2.100");
    g_assert_cmpuint(hear(rig, fd2).len, ==, 5);
    answer(rig, &first, "10.0.2.100");
    g_assert_cmpuint(hear(rig, fd).len, ==, 5);
    driver.stop(driver.self, handle);
    (void)close(fd);
    (void)close(fd2);
    engine_rig_free(rig);
}

static void an_answer_passes_where_the_guest_may_not_begin(void)
{
    struct engine_rig *rig = engine_rig_new();
    struct fwd_driver driver;
    uint16_t port, client_port;
    void *handle = forward(rig, &driver, WORLD4, FWD_SOURCE_KEEP, &port);
    int fd = engine_rig_host_socket(WORLD4, SOCK_DGRAM, &client_port);
    struct ip_endpoint asks = { frames_addr(WORLD4), port };
    struct sockaddr_storage to;
    struct frame f;

    rig->policy.outbound = false;
    (void)ip_endpoint_to_sockaddr(&asks, &to);
    say(fd, &to, "hello", 5);
    f = engine_rig_expect(rig, IPPROTO_UDP);
    answer(rig, &f, "10.0.2.100");
    g_assert_cmpuint(hear(rig, fd).len, ==, 5);
    ask(rig, WORLD4, client_port);
    g_assert_cmpuint(engine_rig_expect(rig, IPPROTO_ICMP).len, >, 0);
    driver.stop(driver.self, handle);
    (void)close(fd);
    engine_rig_free(rig);
}

static struct dgram_flow *client(struct dgram_socket *socket, unsigned number)
{
    const union dgram_addr addr = {
        .v4 = { .sin_family = AF_INET,
                .sin_port = htons(5000),
                .sin_addr.s_addr = htonl(0xc6120000u + number) },
    };

    return dgram_fwd_flow(socket, &addr);
}

/* Who is outside can pretend to be many, but that costs the guest nothing. */
static void a_client_too_many_takes_the_place_of_an_idle_one(void)
{
    struct engine_rig *rig = engine_rig_new();
    struct dgram *dgram = pump_dgram(rig->pump);
    struct fwd_driver driver;
    uint16_t port, peer_port;
    void *handle = forward(rig, &driver, WORLD4, FWD_SOURCE_KEEP, &port);
    int fd = engine_rig_host_socket(WORLD4, SOCK_DGRAM, &peer_port);
    struct dgram_flow *first;

    ask(rig, WORLD4, peer_port);
    (void)hear(rig, fd);
    first = client(handle, 0);
    for (unsigned i = 1; dgram_count(dgram) < DGRAM_FLOWS_MAX; i++)
        g_assert_nonnull(client(handle, i));
    g_assert_null(client(handle, DGRAM_FLOWS_MAX));
    first->last_ns -= DGRAM_SAFE_S * S;
    ((struct dgram_flow *)dgram->by_age.head->data)->last_ns = first->last_ns;
    g_assert_true(dgram->by_age.head->data != first); /* the guest's own */
    g_assert_nonnull(client(handle, DGRAM_FLOWS_MAX));
    g_assert_cmpuint(rig->stats.flows_evicted, ==, 1);
    g_assert_cmpuint(driver.connections(driver.self, handle), ==,
                     DGRAM_FLOWS_MAX - 1);
    g_assert_null(client(handle, DGRAM_FLOWS_MAX + 1));
    driver.stop(driver.self, handle);
    (void)close(fd);
    engine_rig_free(rig);
}

static const struct {
    const char *name;
    void (*body)(void);
} tests[] = {
    { "question and answer pass", question_and_answer_pass },
    { "an empty datagram is one", an_empty_datagram_is_one },
    { "one port of the guest is one port outside",
      one_port_of_the_guest_is_one_port_outside },
    { "a row of datagrams keeps its edges",
      a_row_of_datagrams_keeps_its_edges },
    { "a large answer comes in fragments", a_large_answer_comes_in_fragments },
    { "a closed port is told", a_closed_port_is_told },
    { "a datagram without hops left is told",
      a_datagram_without_hops_left_is_told },
    { "a wrong checksum goes nowhere", a_wrong_checksum_goes_nowhere },
    { "without descriptors a new flow is refused",
      without_descriptors_a_new_flow_is_refused },
    { "an idle flow is forgotten", an_idle_flow_is_forgotten },
    { "an idle echo is forgotten sooner", an_idle_echo_is_forgotten_sooner },
    { "a flow is listed and ended", a_flow_is_listed_and_ended },
    { "echoes come back", echoes_come_back },
    { "a forward shows the client and answers as it was asked",
      a_forward_shows_the_client_and_answers_as_it_was_asked },
    { "clients with one port are told apart",
      clients_with_one_port_are_told_apart },
    { "an answer passes where the guest may not begin",
      an_answer_passes_where_the_guest_may_not_begin },
    { "a client too many takes the place of an idle one",
      a_client_too_many_takes_the_place_of_an_idle_one },
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!engine_rig_enter()) {
        g_print("1..0 # SKIP namespaces are refused\n");
        return 0;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/dgram/%s", tests[i].name);

        g_test_add_func(path, tests[i].body);
    }
    return g_test_run();
}
