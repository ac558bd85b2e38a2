/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine_rig.h"

#include "net/dgram.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Forwards as the stack and the datagram flows carry them. */

static struct fwd_rule rule_of(int proto, const char *host, uint16_t host_port,
                               const char *guest, uint16_t guest_port)
{
    return (struct fwd_rule){ .proto = proto,
                              .host = { frames_addr(host), host_port },
                              .guest = { frames_addr(guest), guest_port } };
}

static struct fwd_driver driver_for(struct engine_rig *rig, int proto)
{
    return proto == IPPROTO_TCP ? stack_fwd_driver(pump_stack(rig->pump))
                                : dgram_fwd_driver(pump_dgram(rig->pump));
}

/* Starts one at a port that the kernel picks. */
static void *start(const struct fwd_driver *driver, struct fwd_rule *rule)
{
    g_autoptr(GError) err = NULL;
    void *handle;

    g_assert_true(driver->can_carry(driver->self, rule));
    handle = driver->start(driver->self, rule, &err);
    g_assert_no_error(err);
    g_assert_nonnull(handle);
    g_assert_cmpuint(rule->host.port, !=, 0);
    return handle;
}

/* A client of the host; TCP ones are only begun. */
static int client(const struct fwd_rule *rule, int type)
{
    struct sockaddr_storage ss;
    socklen_t len = ip_endpoint_to_sockaddr(&rule->host, &ss);
    int fd =
        socket(rule->host.addr.family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    g_assert_cmpint(fd, >=, 0);
    if (connect(fd, (struct sockaddr *)&ss, len) < 0)
        g_assert_cmpint(errno, ==, EINPROGRESS);
    return fd;
}

/* Answers a SYN of the stack as the guest's kernel would; returns the flow. */
static struct engine_tcp answer_syn(struct engine_rig *rig,
                                    const struct frame *syn)
{
    static char src[IP_ADDR_TEXT_MAX], dst[IP_ADDR_TEXT_MAX];
    struct engine_tcp tcp = {
        .spec = { .src = ip_addr_format(&syn->dst.addr, src),
                  .dst = ip_addr_format(&syn->src.addr, dst),
                  .sport = syn->dst.port,
                  .dport = syn->src.port,
                  .window = 65535 },
        .seq = 7000,
        .ack = syn->tcp_seq + 1,
    };

    engine_tcp_send(rig, &tcp, 0, FRAME_SYN | FRAME_ACK, 0);
    tcp.seq++;
    return tcp;
}

static struct frame expect_syn(struct engine_rig *rig)
{
    struct frame f;

    do
        f = engine_rig_expect(rig, IPPROTO_TCP);
    while ((f.tcp_flags & FRAME_SYN) == 0);
    return f;
}

static void check_stream(struct engine_rig *rig, const char *host,
                         const char *guest)
{
    struct fwd_driver driver = driver_for(rig, IPPROTO_TCP);
    struct fwd_rule rule = rule_of(IPPROTO_TCP, host, 0, guest, 8080);
    void *handle = start(&driver, &rule);
    int fd = client(&rule, SOCK_STREAM);
    struct frame syn = expect_syn(rig);
    struct engine_tcp tcp;
    uint8_t got[100];

    g_assert_cmpuint(syn.dst.port, ==, 8080);
    tcp = answer_syn(rig, &syn);
    engine_tcp_send(rig, &tcp, 0, FRAME_ACK | FRAME_PSH, 100);
    engine_rig_read(rig, fd, got, sizeof(got));
    g_assert_cmpuint(got[99], ==, frames_pattern(tcp.seq + 99));
    (void)close(fd);
    driver.stop(driver.self, handle);
    fd = client(&rule, SOCK_STREAM);
    engine_rig_settle(rig);
    g_assert_cmpint(send(fd, "x", 1, 0), <, 0);
    (void)close(fd);
}

static void a_stream_is_forwarded(struct engine_rig *rig)
{
    check_stream(rig, "127.0.0.1", "10.0.2.100");
    check_stream(rig, "192.0.2.1", "10.0.2.100");
    check_stream(rig, "::1", "fd00::100");
}

/* The guest answers to its gateway, which it may not call by itself. */
static void a_stream_is_forwarded_past_a_closed_loopback(struct engine_rig *rig)
{
    rig->policy.allow_host_loopback = false;
    rig->policy.outbound = false;
    a_stream_is_forwarded(rig);
}

static void check_datagram(struct engine_rig *rig, const char *host,
                           const char *guest)
{
    struct fwd_driver driver = driver_for(rig, IPPROTO_UDP);
    struct fwd_rule rule = rule_of(IPPROTO_UDP, host, 0, guest, 5300);
    void *handle = start(&driver, &rule);
    int fd = client(&rule, SOCK_DGRAM);
    char src[IP_ADDR_TEXT_MAX], dst[IP_ADDR_TEXT_MAX];
    struct frames_spec reply = { .proto = IPPROTO_UDP, .payload_len = 9 };
    struct frame f;
    uint8_t got[100];

    g_assert_cmpint(send(fd, "hello", 5, 0), ==, 5);
    f = engine_rig_expect(rig, IPPROTO_UDP);
    g_assert_cmpuint(f.dst.port, ==, 5300);
    g_assert_cmpint(memcmp(f.data + f.payload, "hello", 5), ==, 0);
    reply.src = ip_addr_format(&f.dst.addr, src);
    reply.dst = ip_addr_format(&f.src.addr, dst);
    reply.sport = f.dst.port;
    reply.dport = f.src.port;
    engine_rig_send_spec(rig, &reply);
    engine_rig_wait_readable(rig, fd);
    g_assert_cmpint(recv(fd, got, sizeof(got), 0), ==, 9);
    (void)close(fd);
    driver.stop(driver.self, handle);
}

static void a_datagram_is_forwarded_and_answered(struct engine_rig *rig)
{
    check_datagram(rig, "127.0.0.1", "10.0.2.100");
    check_datagram(rig, "192.0.2.1", "10.0.2.100");
    check_datagram(rig, "::1", "fd00::100");
    rig->policy.allow_host_loopback = false;
    rig->policy.outbound = false;
    check_datagram(rig, "127.0.0.1", "10.0.2.100");
    check_datagram(rig, "192.0.2.1", "10.0.2.100");
    check_datagram(rig, "::1", "fd00::100");
}

static void many_clients_at_once_are_all_taken(struct engine_rig *rig)
{
    enum { CLIENTS = 64 };
    struct fwd_driver driver = driver_for(rig, IPPROTO_TCP);
    struct fwd_rule rule =
        rule_of(IPPROTO_TCP, "127.0.0.1", 0, "10.0.2.100", 80);
    void *handle = start(&driver, &rule);
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    int fds[CLIENTS];

    for (size_t i = 0; i < CLIENTS; i++)
        fds[i] = client(&rule, SOCK_STREAM);
    while (g_hash_table_size(seen) < CLIENTS) {
        struct frame syn = expect_syn(rig);

        if (g_hash_table_add(seen, GUINT_TO_POINTER(syn.src.port)))
            (void)answer_syn(rig, &syn);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        g_assert_cmpint(send(fds[i], "x", 1, 0), ==, 1);
        (void)close(fds[i]);
    }
    driver.stop(driver.self, handle);
}

static void what_the_stack_cannot_carry_is_not_taken(struct engine_rig *rig)
{
    static const struct {
        const char *host, *guest;
    } rows[] = { { "127.0.0.1", "0.0.0.0" },
                 { "::1", "::" },
                 { "127.0.0.1", "fd00::100" },
                 { "::1", "10.0.2.100" } };
    struct fwd_driver driver = driver_for(rig, IPPROTO_TCP);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct fwd_rule tcp =
            rule_of(IPPROTO_TCP, rows[i].host, 0, rows[i].guest, 80);
        struct fwd_rule udp =
            rule_of(IPPROTO_UDP, rows[i].host, 0, rows[i].guest, 80);

        g_assert_false(driver.can_carry(driver.self, &tcp));
        g_assert_false(driver.can_carry(driver.self, &udp));
    }
}

static void a_port_is_had_once(struct engine_rig *rig)
{
    static const int protos[] = { IPPROTO_TCP, IPPROTO_UDP };

    for (size_t i = 0; i < G_N_ELEMENTS(protos); i++) {
        struct fwd_driver driver = driver_for(rig, protos[i]);
        struct fwd_rule rule =
            rule_of(protos[i], "127.0.0.1", 0, "10.0.2.100", 80);
        void *handle = start(&driver, &rule), *again;
        g_autoptr(GError) err = NULL;

        g_assert_null(driver.start(driver.self, &rule, &err));
        g_assert_nonnull(err);
        driver.stop(driver.self, handle);
        again = start(&driver, &rule);
        driver.stop(driver.self, again);
    }
}

static const struct engine_rig_test tests[] = {
    { "a stream is forwarded", a_stream_is_forwarded },
    { "a stream is forwarded past a closed loopback",
      a_stream_is_forwarded_past_a_closed_loopback },
    { "a datagram is forwarded and answered",
      a_datagram_is_forwarded_and_answered },
    { "many clients at once are all taken",
      many_clients_at_once_are_all_taken },
    { "what the stack cannot carry is not taken",
      what_the_stack_cannot_carry_is_not_taken },
    { "a port is had once", a_port_is_had_once },
};

int main(int argc, char **argv)
{
    return engine_rig_main(argc, argv, "forward", tests, G_N_ELEMENTS(tests));
}
