/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns_build.h"

#include "base/own.h"
#include "net/dns_server.h"
#include "net/dns_stream.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/epoll.h>

/*
 * The name server with its forwarder, between clients and servers of the host
 * that behave in one way or another; all in one loop.
 */
#define DEADLINE_MS 20000
#define SERVERS     3

enum behaviour {
    ANSWERS,    /* "yes", with the server's number as address */
    SILENT,     /* takes, and says nothing */
    FAILS,      /* SERVFAIL */
    LIES_FIRST, /* wrong number, wrong question, then the answer */
    CUTS,       /* by UDP: truncated */
    IS_LONG,    /* 700 bytes */
    HANGS_UP,   /* by TCP: closes at once */
    IS_HUGE,    /* by TCP: 60000 bytes, to several at once */
};

struct fake {
    struct rig *rig;
    enum behaviour behaviour;
    struct loop_watch udp, tcp, conn;
    unsigned number, asked, asked_tcp, open;
    GHashTable *ports; /* that questions came from */
    struct resolver address;
};

struct rig {
    struct loop *loop;
    struct budget budget;
    struct stats stats;
    struct policy policy;
    struct names *names;
    struct resolvers *resolvers;
    struct dns_forward *forward;
    struct dns_server *server;
    struct sockaddr_in udp_addr, tcp_addr;
    struct fake fake[SERVERS];
    struct loop_timer deadline;
    struct loop_watch client;
};

static int bound(int type, struct sockaddr_in *addr)
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int room = 1 << 17; /* more than what is written at once */
    socklen_t len = sizeof(*addr);

    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    addr->sin_family = AF_INET;
    addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    g_assert_cmpint(bind(fd, (struct sockaddr *)addr, len), ==, 0);
    if (type == SOCK_STREAM)
        g_assert_cmpint(listen(fd, 16), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)addr, &len), ==, 0);
    return fd;
}

/* --- servers of the host --- */

static size_t fake_reply(const struct fake *fake, const uint8_t *data,
                         size_t len, bool stream, uint8_t *out)
{
    const struct dns_record record = {
        .type = DNS_TYPE_A, .addr = ip_addr_v4_host(0xc0000200 + fake->number)
    };
    struct dns_query query;

    g_assert_cmpint(dns_query_parse(data, len, &query), ==, DNS_NOERROR);
    if (fake->behaviour == FAILS)
        return dns_reply(&query, DNS_SERVFAIL, NULL, 0, out, DNS_UDP_MIN);
    if (fake->behaviour == CUTS && !stream)
        return dns_reply_truncated(&query, out, DNS_UDP_MIN);
    len = dns_reply(&query, DNS_NOERROR, &record, 1, out, DNS_UDP_MIN);
    if (fake->behaviour == IS_LONG) {
        memset(out + len, 0, 700 - len);
        len = 700;
    }
    return len;
}

static void fake_udp(void *self, uint32_t events)
{
    struct fake *fake = self;
    struct sockaddr_in from;
    socklen_t from_len = sizeof(from);
    uint8_t in[2048], out[2048];
    ssize_t n = recvfrom(fake->udp.fd, in, sizeof(in), 0,
                         (struct sockaddr *)&from, &from_len);
    size_t len;

    (void)events;
    g_assert_cmpint(n, >, 0);
    fake->asked++;
    g_hash_table_add(fake->ports, GUINT_TO_POINTER(from.sin_port));
    if (fake->behaviour == SILENT)
        return;
    len = fake_reply(fake, in, (size_t)n, false, out);
    if (fake->behaviour == LIES_FIRST) {
        out[len - 1] = 66;
        out[0] ^= 1;
        (void)sendto(fake->udp.fd, out, len, 0, (struct sockaddr *)&from,
                     from_len);
        out[0] ^= 1;
        out[13] ^= 1;
        (void)sendto(fake->udp.fd, out, len, 0, (struct sockaddr *)&from,
                     from_len);
        out[13] ^= 1;
        out[len - 1] = (uint8_t)fake->number;
    }
    (void)sendto(fake->udp.fd, out, len, 0, (struct sockaddr *)&from, from_len);
}

static void fake_conn(void *self, uint32_t events)
{
    struct fake *fake = self;
    uint8_t in[2048], out[2048];
    ssize_t n = recv(fake->conn.fd, in, sizeof(in), 0);

    (void)events;
    if (n > 2 && fake->behaviour != SILENT) {
        size_t len = fake_reply(fake, in + 2, (size_t)n - 2, true, out + 2);

        frame_put16(out, (uint16_t)len);
        /* In two pieces: who reads must put them together. */
        (void)send(fake->conn.fd, out, 1, MSG_NOSIGNAL);
        (void)send(fake->conn.fd, out + 1, len + 1, MSG_NOSIGNAL);
        return;
    }
    loop_unwatch(fake->rig->loop, &fake->conn);
    own_close(&fake->conn.fd);
}

struct huge {
    struct fake *fake;
    struct loop_watch watch;
};

static void huge_conn(void *self, uint32_t events)
{
    enum { LEN = 60000 };
    struct huge *huge = self;
    g_autofree uint8_t *out = g_malloc0(2 + LEN);
    uint8_t in[2048];
    ssize_t n = recv(huge->watch.fd, in, sizeof(in), 0);

    (void)events;
    if (n > 2) {
        (void)fake_reply(huge->fake, in + 2, (size_t)n - 2, true, out + 2);
        frame_put16(out, LEN);
        (void)send(huge->watch.fd, out, 2 + LEN, MSG_NOSIGNAL);
        return;
    }
    loop_unwatch(huge->fake->rig->loop, &huge->watch);
    own_close(&huge->watch.fd);
    huge->fake->open--;
    g_free(huge);
}

static void fake_tcp(void *self, uint32_t events)
{
    struct fake *fake = self;
    int fd = accept4(fake->tcp.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)events;
    fake->asked_tcp++;
    if (fake->behaviour == HANGS_UP) {
        (void)close(fd);
        return;
    }
    if (fake->behaviour == IS_HUGE) {
        struct huge *huge = g_new0(struct huge, 1);

        huge->fake = fake;
        fake->open++;
        huge->watch = (struct loop_watch){ .ready = huge_conn, .self = huge };
        g_assert_cmpint(loop_watch(fake->rig->loop, &huge->watch, fd, EPOLLIN),
                        ==, 0);
        return;
    }
    if (fake->conn.events != 0) {
        loop_unwatch(fake->rig->loop, &fake->conn);
        own_close(&fake->conn.fd);
    }
    g_assert_cmpint(loop_watch(fake->rig->loop, &fake->conn, fd, EPOLLIN), ==,
                    0);
}

/* UDP and TCP on one port, as name servers have it. */
static void fake_start(struct rig *rig, unsigned number)
{
    struct fake *fake = &rig->fake[number - 1];
    struct sockaddr_in addr;
    const int room = 1 << 20;
    int udp, tcp;

    do {
        addr = (struct sockaddr_in){ .sin_port = 0 };
        udp = bound(SOCK_DGRAM, &addr);
        tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (bind(tcp, (struct sockaddr *)&addr, sizeof(addr)) == 0)
            break;
        (void)close(udp);
        (void)close(tcp);
    } while (true);
    (void)setsockopt(tcp, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    g_assert_cmpint(listen(tcp, 64), ==, 0);
    *fake = (struct fake){
        .rig = rig,
        .number = number,
        .ports = g_hash_table_new(NULL, NULL),
        .udp = { .ready = fake_udp, .self = fake },
        .tcp = { .ready = fake_tcp, .self = fake },
        .conn = { .fd = -1, .ready = fake_conn, .self = fake },
        .address = { .addr = ip_addr_v4_host(INADDR_LOOPBACK),
                     .port = ntohs(addr.sin_port) },
    };
    g_assert_cmpint(loop_watch(rig->loop, &fake->udp, udp, EPOLLIN), ==, 0);
    g_assert_cmpint(loop_watch(rig->loop, &fake->tcp, tcp, EPOLLIN), ==, 0);
}

/* Its ports are closed: the kernel refuses in its place. */
static void fake_die(struct fake *fake)
{
    if (fake->udp.events == 0)
        return;
    loop_unwatch(fake->rig->loop, &fake->udp);
    loop_unwatch(fake->rig->loop, &fake->tcp);
    loop_unwatch(fake->rig->loop, &fake->conn);
    own_close(&fake->udp.fd);
    own_close(&fake->tcp.fd);
    own_close(&fake->conn.fd);
}

/* --- the rig --- */

static void too_late(void *self)
{
    (void)self;
    g_error("no answer came within %d ms", DEADLINE_MS);
}

static void came(void *self, uint32_t events)
{
    struct rig *rig = self;

    (void)events;
    loop_stop(rig->loop, 0);
}

static struct rig *rig_new(unsigned servers)
{
    struct rig *rig = g_new0(struct rig, 1);
    struct dns_server_config config = { .budget = &rig->budget };

    rig->loop = loop_new(NULL);
    budget_init(&rig->budget, 1024);
    rig->policy = (struct policy){ true, true, true, true };
    rig->names = names_new();
    rig->resolvers = resolvers_new("/nonexistent");
    rig->forward =
        dns_forward_new(rig->loop, rig->resolvers, &rig->budget, &rig->stats);
    rig->client = (struct loop_watch){ .ready = came, .self = rig };
    rig->deadline = (struct loop_timer){ .expired = too_late };
    for (unsigned i = 1; i <= servers; i++) {
        fake_start(rig, i);
        config.service.servers.server[i - 1] = rig->fake[i - 1].address;
    }
    config.service.servers.count = servers;
    config.service.servers.timeout_s = 1;
    config.service.servers.attempts = 2;
    config.service.names = rig->names;
    config.service.forward = rig->forward;
    config.service.policy = &rig->policy;
    config.udp_fd = bound(SOCK_DGRAM, &rig->udp_addr);
    config.tcp_fd = bound(SOCK_STREAM, &rig->tcp_addr);
    rig->server = dns_server_new(rig->loop, &config, NULL);
    g_assert_nonnull(rig->server);
    return rig;
}

static void rig_free(struct rig *rig)
{
    dns_server_free(rig->server);
    g_assert_cmpuint(dns_forward_pending(rig->forward), ==, 0);
    dns_forward_free(rig->forward);
    for (unsigned i = 0; i < SERVERS; i++) {
        fake_die(&rig->fake[i]);
        if (rig->fake[i].ports != NULL)
            g_hash_table_destroy(rig->fake[i].ports);
    }
    /* Everything that was counted was given back. */
    g_assert_cmpuint(rig->budget.used[BUDGET_STACK_DATAGRAM], ==, 0);
    resolvers_free(rig->resolvers);
    names_free(rig->names);
    loop_free(rig->loop);
    g_free(rig);
}

/* Runs until `fd` can be read. */
static void wait_readable(struct rig *rig, int fd)
{
    loop_timer_in_ms(rig->loop, &rig->deadline, DEADLINE_MS);
    g_assert_cmpint(loop_watch(rig->loop, &rig->client, fd, EPOLLIN), ==, 0);
    g_assert_cmpint(loop_run(rig->loop), ==, 0);
    loop_unwatch(rig->loop, &rig->client);
    loop_timer_cancel(rig->loop, &rig->deadline);
}

static int client_open(const struct rig *rig, int type)
{
    const struct sockaddr_in *to =
        type == SOCK_DGRAM ? &rig->udp_addr : &rig->tcp_addr;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    g_assert_cmpint(connect(fd, (const struct sockaddr *)to, sizeof(*to)), ==,
                    0);
    return fd;
}

static size_t read_exactly(struct rig *rig, int fd, uint8_t *out, size_t len)
{
    size_t got = 0;

    while (got < len) {
        ssize_t n;

        wait_readable(rig, fd);
        n = recv(fd, out + got, len - got, 0);
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    return got;
}

static size_t read_message(struct rig *rig, int fd, bool stream, uint8_t *out)
{
    uint8_t prefix[2];

    if (!stream) {
        wait_readable(rig, fd);
        return (size_t)recv(fd, out, 4096, 0);
    }
    g_assert_cmpuint(read_exactly(rig, fd, prefix, 2), ==, 2);
    g_assert_cmpuint(read_exactly(rig, fd, out, frame_get16(prefix)), ==,
                     frame_get16(prefix));
    return frame_get16(prefix);
}

static void send_question(int fd, bool stream, uint16_t id, const char *name,
                          uint16_t type, bool edns)
{
    uint8_t out[2 + DNS_QUERY_MAX];
    size_t len = dns_build_query(out + 2, id, name, type, edns);

    frame_put16(out, (uint16_t)len);
    if (stream)
        g_assert_cmpint(send(fd, out, len + 2, MSG_NOSIGNAL), >, 0);
    else
        g_assert_cmpint(send(fd, out + 2, len, 0), >, 0);
}

struct reply {
    uint8_t data[4096];
    size_t len;
    unsigned rcode, count;
    bool cut;
    uint8_t last_byte; /* of the last record without an OPT */
};

static void ask(struct rig *rig, bool stream, const char *name, uint16_t type,
                struct reply *out)
{
    owned_fd fd = client_open(rig, stream ? SOCK_STREAM : SOCK_DGRAM);

    send_question(fd, stream, 0xbeef, name, type, false);
    out->len = read_message(rig, fd, stream, out->data);
    g_assert_cmpuint(out->len, >=, DNS_HEADER_LEN);
    g_assert_cmphex(dns_get_id(out->data), ==, 0xbeef);
    out->rcode = out->data[3] & 15;
    out->count = frame_get16(out->data + 6);
    out->cut = (out->data[2] & 2) != 0;
    out->last_byte = out->data[out->len - 1];
}

static void answered_by(struct rig *rig, bool stream, unsigned number)
{
    struct reply reply;

    ask(rig, stream, "far.test", DNS_TYPE_A, &reply);
    g_assert_cmpuint(reply.rcode, ==, DNS_NOERROR);
    g_assert_cmpuint(reply.count, ==, 1);
    g_assert_cmpuint(reply.last_byte, ==, number);
}

static void add_name(struct rig *rig, const char *name, uint32_t addr)
{
    const struct ip_addr a = ip_addr_v4_host(addr);

    g_assert_cmpint(names_add(rig->names, name, name, &a), ==, 0);
}

/* --- tests --- */

static void names_of_the_network_are_answered_at_once(void)
{
    struct rig *rig = rig_new(1);
    struct reply reply;

    add_name(rig, "web", 0x0a590007);
    for (int stream = 0; stream < 2; stream++) {
        ask(rig, stream, "WEB", DNS_TYPE_A, &reply);
        g_assert_cmpuint(reply.count, ==, 1);
        g_assert_cmpuint(reply.last_byte, ==, 7);
        g_assert_cmpint(memcmp(reply.data + 13, "WEB", 3), ==, 0);
        ask(rig, stream, "web", DNS_TYPE_AAAA, &reply);
        g_assert_cmpuint(reply.rcode, ==, DNS_NOERROR);
        g_assert_cmpuint(reply.count, ==, 0);
        ask(rig, stream, "nobody.dns.podman", DNS_TYPE_A, &reply);
        g_assert_cmpuint(reply.rcode, ==, DNS_NXDOMAIN);
        ask(rig, stream, "7.0.89.10.in-addr.arpa", DNS_TYPE_PTR, &reply);
        g_assert_cmpuint(reply.count, ==, 1);
    }
    g_assert_cmpuint(rig->fake[0].asked + rig->fake[0].asked_tcp, ==, 0);
    rig_free(rig);
}

static void other_names_are_asked_of_the_host_s_servers(void)
{
    struct rig *rig = rig_new(2);

    answered_by(rig, false, 1);
    answered_by(rig, true, 1);
    g_assert_cmpuint(rig->fake[0].asked, ==, 1);
    g_assert_cmpuint(rig->fake[0].asked_tcp, ==, 1);
    g_assert_cmpuint(rig->fake[1].asked, ==, 0);
    rig_free(rig);
}

static void a_server_that_died_is_passed_over(void)
{
    struct rig *rig = rig_new(3);

    fake_die(&rig->fake[0]);
    fake_die(&rig->fake[1]);
    for (int i = 0; i < 20; i++)
        answered_by(rig, false, 3);
    answered_by(rig, true, 3);
    rig_free(rig);
}

static void a_silent_server_is_waited_for_once(void)
{
    struct rig *rig = rig_new(2);

    rig->fake[0].behaviour = SILENT;
    for (int i = 0; i < 20; i++)
        answered_by(rig, false, 2);
    g_assert_cmpuint(rig->fake[1].asked, ==, 20);
    /* The first question, and a copy a second at most. */
    g_assert_cmpuint(rig->fake[0].asked, <, 10);
    rig_free(rig);
}

static void a_server_that_fails_is_not_the_last_word(void)
{
    struct rig *rig = rig_new(2);
    struct reply reply;

    rig->fake[0].behaviour = FAILS;
    answered_by(rig, false, 2);
    answered_by(rig, true, 2);
    rig->fake[1].behaviour = FAILS;
    for (int stream = 0; stream < 2; stream++) {
        ask(rig, stream, "far.test", DNS_TYPE_A, &reply);
        g_assert_cmpuint(reply.rcode, ==, DNS_SERVFAIL);
    }
    rig_free(rig);
}

static void without_any_server_the_client_is_told(void)
{
    struct rig *rig = rig_new(2);
    struct reply reply;

    fake_die(&rig->fake[0]);
    fake_die(&rig->fake[1]);
    for (int stream = 0; stream < 2; stream++) {
        ask(rig, stream, "far.test", DNS_TYPE_A, &reply);
        g_assert_cmpuint(reply.rcode, ==, DNS_SERVFAIL);
    }
    g_assert_cmpuint(rig->stats.names_passed_on, ==, 2);
    g_assert_cmpuint(rig->stats.names_unanswered, ==, 2);
    rig_free(rig);
}

static void forged_answers_are_not_taken(void)
{
    struct rig *rig = rig_new(1);

    rig->fake[0].behaviour = LIES_FIRST;
    answered_by(rig, false, 1);
    rig_free(rig);
}

static void questions_come_from_changing_ports(void)
{
    struct rig *rig = rig_new(1);

    for (int i = 0; i < 100; i++)
        answered_by(rig, false, 1);
    g_assert_cmpuint(g_hash_table_size(rig->fake[0].ports), >=, 4);
    g_assert_cmpuint(g_hash_table_size(rig->fake[0].ports), <=, 8);
    for (int i = 0; i < 8 * 256; i++)
        answered_by(rig, false, 1);
    g_assert_cmpuint(g_hash_table_size(rig->fake[0].ports), >, 8);
    rig_free(rig);
}

static void what_is_too_long_for_udp_comes_by_tcp(void)
{
    struct rig *rig = rig_new(1);
    struct reply reply;

    rig->fake[0].behaviour = CUTS;
    ask(rig, false, "far.test", DNS_TYPE_A, &reply);
    g_assert_true(reply.cut);
    answered_by(rig, true, 1);
    /* Also when the server does not care what the client takes. */
    rig->fake[0].behaviour = IS_LONG;
    ask(rig, false, "far.test", DNS_TYPE_A, &reply);
    g_assert_true(reply.cut);
    g_assert_cmpuint(reply.len, <=, DNS_UDP_MIN);
    ask(rig, true, "far.test", DNS_TYPE_A, &reply);
    g_assert_cmpuint(reply.len, ==, 700);
    rig_free(rig);
}

static void a_server_that_hangs_up_is_not_the_last_one(void)
{
    struct rig *rig = rig_new(2);

    rig->fake[0].behaviour = HANGS_UP;
    answered_by(rig, true, 2);
    rig_free(rig);
}

static void the_switch_for_names_refuses_what_would_be_passed_on(void)
{
    struct rig *rig = rig_new(1);
    struct reply reply;

    add_name(rig, "web", 0x0a590007);
    rig->policy.enable_dns = false;
    ask(rig, false, "far.test", DNS_TYPE_A, &reply);
    g_assert_cmpuint(reply.rcode, ==, DNS_REFUSED);
    ask(rig, false, "web", DNS_TYPE_A, &reply);
    g_assert_cmpuint(reply.count, ==, 1);
    g_assert_cmpuint(rig->fake[0].asked, ==, 0);
    rig_free(rig);
}

static void pipelined_questions_are_all_answered(void)
{
    struct rig *rig = rig_new(1);
    owned_fd fd = client_open(rig, SOCK_STREAM);
    struct reply reply;
    bool seen[200] = { false };

    add_name(rig, "web", 0x0a590007);
    for (uint16_t i = 0; i < G_N_ELEMENTS(seen); i++)
        send_question(fd, true, i, "web", DNS_TYPE_A, i % 2 == 0);
    /* What was asked before the end is still answered. */
    g_assert_cmpint(shutdown(fd, SHUT_WR), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(seen); i++) {
        (void)read_message(rig, fd, true, reply.data);
        g_assert_false(seen[dns_get_id(reply.data)]);
        seen[dns_get_id(reply.data)] = true;
    }
    g_assert_cmpuint(read_exactly(rig, fd, reply.data, 1), ==, 0);
    rig_free(rig);
}

/* The answers are more than the server writes before it takes more questions;
   nothing but what it has read already tells it to go on. */
static void questions_in_one_piece_with_long_answers_are_all_answered(void)
{
    enum { QUESTIONS = 170, ADDRESSES = 32 };
    struct rig *rig = rig_new(1);
    owned_fd fd = client_open(rig, SOCK_STREAM);
    struct reply reply;
    uint8_t out[DNS_QUERY_MAX];
    size_t len = 0, question;
    struct ip_addr addr;

    g_assert_true(ip_addr_parse("2001:db8::1", &addr));
    for (int i = 0; i < ADDRESSES; i++) {
        g_autofree char *id = g_strdup_printf("web%d", i);

        addr.v6.s6_addr[15] = (uint8_t)i;
        g_assert_cmpint(names_add(rig->names, id, "web", &addr), ==, 0);
    }
    for (uint16_t i = 0; i < QUESTIONS; i++) {
        question =
            dns_build_query(out + len + 2, i, "web", DNS_TYPE_AAAA, false);
        frame_put16(out + len, (uint16_t)question);
        len += question + 2;
    }
    g_assert_cmpuint(len, <=, sizeof(out));
    g_assert_cmpint(send(fd, out, len, MSG_NOSIGNAL), ==, (ssize_t)len);
    for (uint16_t i = 0; i < QUESTIONS; i++) {
        reply.len = read_message(rig, fd, true, reply.data);
        g_assert_cmpuint(dns_get_id(reply.data), ==, i);
        g_assert_cmpuint(reply.len, >, ADDRESSES * sizeof(addr.v6));
    }
    rig_free(rig);
}

static void count_huge(void *self)
{
    struct rig *rig = self;

    if (rig->fake[0].asked_tcp == DNS_STREAM_PENDING_MAX &&
        rig->fake[0].open == 0)
        loop_stop(rig->loop, 0);
    else
        loop_wait_at_most_ms(rig->loop, 10);
}

static void a_client_that_does_not_read_is_not_waited_for(void)
{
    struct rig *rig = rig_new(1);
    owned_fd fd = client_open(rig, SOCK_STREAM);
    const struct timeval limit = { .tv_sec = DEADLINE_MS / 1000 };
    uint8_t data[65536];
    size_t got = 0;
    ssize_t n;

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    rig->fake[0].behaviour = IS_HUGE;
    for (uint16_t i = 0; i < DNS_STREAM_PENDING_MAX; i++)
        send_question(fd, true, i, "far.test", DNS_TYPE_A, false);
    loop_add_hook(rig->loop,
                  &(struct loop_hook){ .prepare = count_huge, .self = rig });
    loop_timer_in_ms(rig->loop, &rig->deadline, DEADLINE_MS);
    g_assert_cmpint(loop_run(rig->loop), ==, 0);
    loop_timer_cancel(rig->loop, &rig->deadline);
    while ((n = recv(fd, data, sizeof(data), 0)) > 0)
        got += (size_t)n;
    /* What the kernel had taken, and the end. */
    g_assert_true(n == 0 || errno == ECONNRESET);
    g_assert_cmpuint(got, <, DNS_STREAM_PENDING_MAX * 60000u);
    rig_free(rig);
}

static void broken_framing_ends_the_connection(void)
{
    static const uint8_t bad[][4] = { { 0, 0 }, { 0, 11 }, { 0xff, 0xff } };
    struct rig *rig = rig_new(1);
    struct reply reply;
    uint8_t byte;

    add_name(rig, "web", 0x0a590007);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        owned_fd fd = client_open(rig, SOCK_STREAM);

        g_assert_cmpint(send(fd, bad[i], 4, MSG_NOSIGNAL), ==, 4);
        g_assert_cmpuint(read_exactly(rig, fd, &byte, 1), ==, 0);
        /* Others are served on. */
        ask(rig, true, "web", DNS_TYPE_A, &reply);
        g_assert_cmpuint(reply.count, ==, 1);
    }
    rig_free(rig);
}

static void malformed_datagrams_harm_nobody(void)
{
    struct rig *rig = rig_new(1);
    owned_fd fd = client_open(rig, SOCK_DGRAM);
    struct reply reply;
    uint8_t junk[64];

    add_name(rig, "web", 0x0a590007);
    for (unsigned i = 0; i < 200; i++) {
        for (size_t j = 0; j < sizeof(junk); j++)
            junk[j] = (uint8_t)g_test_rand_int();
        junk[2] |= 0x80; /* an answer: never answered */
        (void)send(fd, junk, i % sizeof(junk), 0);
    }
    ask(rig, false, "web", DNS_TYPE_A, &reply);
    g_assert_cmpuint(reply.count, ==, 1);
    g_assert_cmpint(recv(fd, junk, sizeof(junk), MSG_DONTWAIT), ==, -1);
    rig_free(rig);
}

static void keep_last(void *self, const struct dns_asker *asker, uint8_t *data,
                      size_t len)
{
    unsigned *lost = self;

    (void)asker;
    (void)len;
    *lost += data == NULL;
}

/* Asks in the name of a client; nobody will answer. */
static int ask_as(struct rig *rig, uint32_t client, unsigned *lost)
{
    struct dns_asker asker = {
        .client = { ip_addr_v4_host(client), 1000 },
        .answer = keep_last,
        .self = lost,
    };
    struct resolver_list servers = { .server = { rig->fake[0].address },
                                     .count = 1,
                                     .timeout_s = 10,
                                     .attempts = 1 };
    uint8_t data[DNS_QUERY_MAX];
    struct dns_query query;
    size_t len = dns_build_query(data, 1, "far.test", DNS_TYPE_A, false);

    g_assert_cmpint(dns_query_parse(data, len, &query), ==, DNS_NOERROR);
    return dns_forward_ask(rig->forward, &asker, &query, &servers);
}

static void one_client_s_flood_leaves_room_for_others(void)
{
    struct rig *rig = rig_new(1);
    unsigned lost[6] = { 0 };

    rig->fake[0].behaviour = SILENT;
    for (unsigned c = 0; c < 5; c++)
        for (unsigned i = 0; i < 2 * DNS_FORWARD_CLIENT_MAX; i++)
            (void)ask_as(rig, 0x0a590002 + c, &lost[c]);
    g_assert_cmpuint(dns_forward_pending(rig->forward), <=, DNS_FORWARD_MAX);
    g_assert_cmpuint(lost[0], >=, DNS_FORWARD_CLIENT_MAX);
    for (unsigned i = 0; i < 50; i++)
        g_assert_cmpint(ask_as(rig, 0x0a5900fe, &lost[5]), ==, 0);
    g_assert_cmpuint(lost[5], ==, 0);
    g_assert_cmpuint(rig->stats.names_dropped, >, DNS_FORWARD_CLIENT_MAX);
    g_assert_cmpuint(dns_forward_pending(rig->forward), <=, DNS_FORWARD_MAX);
    for (unsigned c = 0; c < G_N_ELEMENTS(lost); c++)
        dns_forward_cancel(rig->forward, &lost[c]);
    rig_free(rig);
}

static void a_connection_too_many_ends_the_oldest(void)
{
    struct rig *rig = rig_new(1);
    int fds[DNS_STREAMS_CLIENT_MAX + 1];
    struct reply reply;
    uint8_t byte;

    add_name(rig, "web", 0x0a590007);
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
        fds[i] = client_open(rig, SOCK_STREAM);
        send_question(fds[i], true, 1, "web", DNS_TYPE_A, false);
        g_assert_cmpuint(read_message(rig, fds[i], true, reply.data), >, 0);
    }
    g_assert_cmpuint(read_exactly(rig, fds[0], &byte, 1), ==, 0);
    send_question(fds[1], true, 1, "web", DNS_TYPE_A, false);
    g_assert_cmpuint(read_message(rig, fds[1], true, reply.data), >, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        (void)close(fds[i]);
    rig_free(rig);
}

static void whole_zones_are_not_passed_on(void)
{
    struct rig *rig = rig_new(1);
    struct reply reply;

    ask(rig, true, "far.test", DNS_TYPE_AXFR, &reply);
    g_assert_cmpuint(reply.rcode, ==, DNS_REFUSED);
    g_assert_cmpuint(rig->fake[0].asked_tcp, ==, 0);
    rig_free(rig);
}

static void strangers_in_great_number_push_out_the_oldest(void)
{
    struct rig *rig = rig_new(1);
    unsigned lost = 0;

    rig->fake[0].behaviour = SILENT;
    for (unsigned i = 0; i < DNS_FORWARD_MAX; i++)
        g_assert_cmpint(ask_as(rig, 0x0a000000 + i, &lost), ==, 0);
    g_assert_cmpuint(lost, ==, 0);
    g_assert_cmpint(ask_as(rig, 0x0a5900fe, &lost), ==, 0);
    g_assert_cmpuint(lost, ==, 1);
    g_assert_cmpuint(dns_forward_pending(rig->forward), ==, DNS_FORWARD_MAX);
    dns_forward_cancel(rig->forward, &lost);
    rig_free(rig);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dns_server/names of the network are answered at once",
                    names_of_the_network_are_answered_at_once);
    g_test_add_func("/dns_server/other names are asked of the host's servers",
                    other_names_are_asked_of_the_host_s_servers);
    g_test_add_func("/dns_server/a server that died is passed over",
                    a_server_that_died_is_passed_over);
    g_test_add_func("/dns_server/a silent server is waited for once",
                    a_silent_server_is_waited_for_once);
    g_test_add_func("/dns_server/a server that fails is not the last word",
                    a_server_that_fails_is_not_the_last_word);
    g_test_add_func("/dns_server/without any server the client is told",
                    without_any_server_the_client_is_told);
    g_test_add_func("/dns_server/forged answers are not taken",
                    forged_answers_are_not_taken);
    g_test_add_func("/dns_server/questions come from changing ports",
                    questions_come_from_changing_ports);
    g_test_add_func("/dns_server/what is too long for udp comes by tcp",
                    what_is_too_long_for_udp_comes_by_tcp);
    g_test_add_func("/dns_server/a server that hangs up is not the last one",
                    a_server_that_hangs_up_is_not_the_last_one);
    g_test_add_func(
        "/dns_server/the switch for names refuses what would be passed on",
        the_switch_for_names_refuses_what_would_be_passed_on);
    g_test_add_func("/dns_server/pipelined questions are all answered",
                    pipelined_questions_are_all_answered);
    g_test_add_func(
        "/dns_server/questions in one piece with long answers are all answered",
        questions_in_one_piece_with_long_answers_are_all_answered);
    g_test_add_func("/dns_server/a client that does not read is not waited for",
                    a_client_that_does_not_read_is_not_waited_for);
    g_test_add_func("/dns_server/broken framing ends the connection",
                    broken_framing_ends_the_connection);
    g_test_add_func("/dns_server/malformed datagrams harm nobody",
                    malformed_datagrams_harm_nobody);
    g_test_add_func("/dns_server/one client's flood leaves room for others",
                    one_client_s_flood_leaves_room_for_others);
    g_test_add_func("/dns_server/a connection too many ends the oldest",
                    a_connection_too_many_ends_the_oldest);
    g_test_add_func("/dns_server/whole zones are not passed on",
                    whole_zones_are_not_passed_on);
    g_test_add_func("/dns_server/strangers in great number push out the oldest",
                    strangers_in_great_number_push_out_the_oldest);
    return g_test_run();
}
