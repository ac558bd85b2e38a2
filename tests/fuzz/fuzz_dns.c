/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../unit/dns_build.h"
#include "base/own.h"
#include "net/dns_stream.h"
#include "take.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Names in both directions.  Input: a byte that says what the rest is:
 *   0  a datagram of a client;
 *   1  what a client sends in a connection;
 *   2  what a name server answers, behind the number that it was asked under;
 *   3  two bytes of flags, and what stands behind the question.
 */
enum kind { DATAGRAM, STREAM, ANSWER, RECORDS, KIND_COUNT };

struct rig {
    struct loop *loop;
    struct loop_timer end;
    struct budget budget;
    struct stats stats;
    struct names *names;
    struct resolvers *resolvers;
    struct dns_forward *forward;
    struct dns_query query; /* that a server is asked */
    unsigned answers;
};

static void end_turn(void *self)
{
    struct rig *rig = self;

    loop_stop(rig->loop, 0);
}

/* Lets the loop do what it can. */
static void turn(struct rig *rig)
{
    for (int i = 0; i < 3; i++) {
        loop_timer_in_ms(rig->loop, &rig->end, 0);
        g_assert_cmpint(loop_run(rig->loop), ==, 0);
    }
}

static void check_reply(const struct dns_query *query, const uint8_t *data,
                        size_t len)
{
    g_assert_cmpuint(len, >=, DNS_HEADER_LEN);
    g_assert_cmphex(dns_get_id(data), ==, query->id);
    g_assert_cmphex(data[2] & 0x80, ==, 0x80);
    if (query->question_end != 0)
        g_assert_cmpint(memcmp(data + DNS_HEADER_LEN,
                               query->data + DNS_HEADER_LEN,
                               query->question_end - DNS_HEADER_LEN),
                        ==, 0);
}

static void take_datagram(struct rig *rig, const uint8_t *data, size_t len)
{
    const struct dns_service service = { .names = rig->names };
    const struct dns_asker asker = { .stream = false };
    uint8_t out[DNS_SERVICE_REPLY_MAX];
    struct dns_query query;
    ssize_t n = dns_service_take(&service, &asker, data, len, out);

    if (n == 0)
        return;
    g_assert_cmpint(dns_query_parse(data, len, &query), >=, 0);
    g_assert_cmpuint((size_t)n, <=, MIN(query.udp_max, sizeof(out)));
    check_reply(&query, out, (size_t)n);
}

static void take_stream(struct rig *rig, const uint8_t *data, size_t len)
{
    const struct dns_service service = { .names = rig->names };
    const struct ip_endpoint from = { ip_addr_v4_host(0x0a590002), 1000 };
    struct dns_streams *streams =
        dns_streams_new(rig->loop, &service, &rig->budget);
    int pair[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair),
                    ==, 0);
    dns_streams_take(streams, pair[0], &from);
    if (len > 0)
        (void)send(pair[1], data, len, MSG_NOSIGNAL);
    turn(rig);
    (void)shutdown(pair[1], SHUT_WR);
    turn(rig);
    (void)close(pair[1]);
    turn(rig);
    g_assert_cmpuint(dns_streams_count(streams), ==, 0);
    dns_streams_free(streams);
}

static void answered(void *self, const struct dns_asker *asker, uint8_t *data,
                     size_t len)
{
    struct rig *rig = self;

    (void)asker;
    rig->answers++;
    g_assert_cmpuint(len, <=, rig->query.udp_max);
    g_assert_cmphex(dns_get_id(data), ==, rig->query.id);
    g_assert_cmphex(data[2] & 0x80, ==, 0x80);
}

/* A name server's socket, and its address. */
static int open_server(struct resolver_list *list)
{
    struct sockaddr_in addr = { .sin_family = AF_INET };
    socklen_t len = sizeof(addr);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&addr, len), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&addr, &len), ==, 0);
    *list = (struct resolver_list){ .count = 1, .timeout_s = 10 };
    list->attempts = 1;
    list->server[0].addr = ip_addr_v4_host(INADDR_LOOPBACK);
    list->server[0].port = ntohs(addr.sin_port);
    return fd;
}

static void take_answer(struct rig *rig, const uint8_t *data, size_t len,
                        bool with_question)
{
    const struct dns_asker asker = { .answer = answered, .self = rig };
    uint8_t asked[DNS_QUERY_MAX], reply[DNS_QUERY_MAX * 2];
    struct sockaddr_in from;
    socklen_t from_len = sizeof(from);
    struct resolver_list list;
    owned_fd fd = open_server(&list);
    size_t n = dns_build_query(asked, 0xbeef, "far.Test", DNS_TYPE_A, true);

    g_assert_cmpint(dns_query_parse(asked, n, &rig->query), ==, DNS_NOERROR);
    g_assert_cmpint(dns_forward_ask(rig->forward, &asker, &rig->query, &list),
                    ==, 0);
    g_assert_cmpint(recvfrom(fd, reply, sizeof(reply), 0,
                             (struct sockaddr *)&from, &from_len),
                    >, 0);
    n = with_question ? rig->query.question_end : 2;
    reply[2] |= 0x80;
    if (with_question && len >= 2) {
        reply[2] = (data[0] & 0x87) | 0x80;
        reply[3] = data[1];
        data += 2;
        len -= 2;
    }
    len = MIN(len, sizeof(reply) - n);
    if (len > 0)
        memcpy(reply + n, data, len);
    (void)sendto(fd, reply, n + len, 0, (struct sockaddr *)&from, from_len);
    turn(rig);
    if (with_question)
        g_assert_cmpuint(rig->answers, ==, 1);
    dns_forward_cancel(rig->forward, rig);
    g_assert_cmpuint(dns_forward_pending(rig->forward), ==, 0);
}

static void add_name(struct rig *rig, const char *name, const char *text)
{
    struct ip_addr addr;

    g_assert_true(ip_addr_parse(text, &addr));
    g_assert_cmpint(names_add(rig->names, "c", name, &addr), ==, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct take in = { data, size };
    enum kind kind = take_number(&in, 1) % KIND_COUNT;
    struct rig rig = { .loop = loop_new(NULL), .names = names_new() };

    rig.end = (struct loop_timer){ .expired = end_turn, .self = &rig };
    budget_init(&rig.budget, 1024);
    rig.resolvers = resolvers_new("/nonexistent");
    rig.forward =
        dns_forward_new(rig.loop, rig.resolvers, &rig.budget, &rig.stats);
    add_name(&rig, "web", "10.89.0.2");
    add_name(&rig, "Web", "fd00:89::2");
    if (kind == DATAGRAM)
        take_datagram(&rig, in.data, in.left);
    else if (kind == STREAM)
        take_stream(&rig, in.data, in.left);
    else
        take_answer(&rig, in.data, in.left, kind == RECORDS);
    dns_forward_free(rig.forward);
    g_assert_cmpuint(rig.budget.used[BUDGET_STACK_DATAGRAM], ==, 0);
    resolvers_free(rig.resolvers);
    names_free(rig.names);
    loop_free(rig.loop);
    return 0;
}
