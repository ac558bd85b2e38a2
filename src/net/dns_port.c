/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dns_upstream_internal.h"

#include "base/own.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

#define BATCHES_PER_TURN 4
#define ID_TRIES         64

/* --- chance --- */

uint16_t dns_upstreams_random(struct dns_upstreams *upstreams)
{
    if (upstreams->pooled == 0) {
        /* Never short: less than 256 bytes (getrandom(2)). */
        while (getrandom(upstreams->pool, sizeof(upstreams->pool), 0) < 0)
            continue;
        upstreams->pooled = DNS_RANDOM_POOL;
    }
    return upstreams->pool[--upstreams->pooled];
}

/* --- ports --- */

static void port_free(struct dns_port *port)
{
    struct dns_upstream *upstream = port->upstream;
    struct dns_upstreams *upstreams = upstream->upstreams;

    loop_timer_cancel(upstreams->loop, &port->broken);
    loop_unwatch(upstreams->loop, &port->watch);
    own_close(&port->watch.fd);
    upstreams->budget->used[BUDGET_STACK_DATAGRAM]--;
    upstream->ports--;
    g_hash_table_destroy(port->exchanges);
    g_free(port);
}

static void free_if_done(struct dns_port *port)
{
    if (port->retired && port->busy == 0 &&
        g_hash_table_size(port->exchanges) == 0)
        port_free(port);
}

/* Asks nothing any more; what is on its way may still be answered. */
static void retire(struct dns_port *port)
{
    struct dns_upstream *upstream = port->upstream;

    for (size_t i = 0; i < DNS_UPSTREAM_PORTS; i++)
        if (upstream->slots[i] == port)
            upstream->slots[i] = NULL;
    port->retired = true;
}

static void forget(struct dns_exchange *exchange)
{
    struct dns_port *port = exchange->port;

    (void)g_hash_table_remove(port->exchanges, GUINT_TO_POINTER(exchange->id));
    exchange->port = NULL;
}

void dns_exchange_end(struct dns_exchange *exchange)
{
    struct dns_port *port = exchange->port;

    if (port == NULL)
        return;
    forget(exchange);
    free_if_done(port);
}

static struct dns_exchange *any_exchange(struct dns_port *port)
{
    GHashTableIter iter;
    gpointer exchange;

    g_hash_table_iter_init(&iter, port->exchanges);
    return g_hash_table_iter_next(&iter, NULL, &exchange) ? exchange : NULL;
}

/* The owners may ask elsewhere, and end other exchanges, in between. */
static void fail_all(struct dns_port *port)
{
    struct dns_upstreams *upstreams = port->upstream->upstreams;
    struct dns_exchange *exchange;

    dns_upstream_note_failure(port->upstream);
    retire(port);
    while ((exchange = any_exchange(port)) != NULL) {
        forget(exchange);
        upstreams->sink.failed(upstreams->sink.self, exchange);
    }
}

static void port_broken(void *self)
{
    struct dns_port *port = self;

    port->busy++;
    fail_all(port);
    port->busy--;
    free_if_done(port);
}

static void take_reply(struct dns_port *port, uint8_t *data, size_t len,
                       bool cut)
{
    const struct dns_upstream_sink *sink = &port->upstream->upstreams->sink;
    struct dns_exchange *exchange;

    if (len < DNS_HEADER_LEN)
        return;
    exchange = g_hash_table_lookup(port->exchanges,
                                   GUINT_TO_POINTER(dns_get_id(data)));
    if (exchange == NULL ||
        !dns_reply_matches(data, len, exchange->id, exchange->query))
        return;
    forget(exchange);
    dns_upstream_note_answer(port->upstream);
    sink->answered(sink->self, exchange, data, len, cut);
}

/* How many were received, or -errno. */
static int receive_batch(struct dns_port *port)
{
    uint8_t *buffers = port->upstream->upstreams->buffers;
    struct mmsghdr msgs[DNS_PORT_BATCH];
    struct iovec iov[DNS_PORT_BATCH];
    int count;

    memset(msgs, 0, sizeof(msgs));
    for (size_t i = 0; i < DNS_PORT_BATCH; i++) {
        iov[i] = (struct iovec){ buffers + i * DNS_PORT_REPLY_MAX,
                                 DNS_PORT_REPLY_MAX };
        msgs[i].msg_hdr.msg_iov = &iov[i];
        msgs[i].msg_hdr.msg_iovlen = 1;
    }
    count = recvmmsg(port->watch.fd, msgs, DNS_PORT_BATCH, MSG_DONTWAIT, NULL);
    if (count < 0)
        return -errno;
    for (int i = 0; i < count; i++)
        take_reply(port, iov[i].iov_base, msgs[i].msg_len,
                   (msgs[i].msg_hdr.msg_flags & MSG_TRUNC) != 0);
    return count;
}

static void port_ready(void *self, uint32_t events)
{
    struct dns_port *port = self;
    int rc = DNS_PORT_BATCH;

    (void)events;
    port->busy++;
    for (int i = 0; i < BATCHES_PER_TURN && rc == DNS_PORT_BATCH; i++)
        rc = receive_batch(port);
    /* An ICMP error that names this socket's two ends. */
    if (rc < 0 && rc != -EAGAIN && rc != -EINTR)
        fail_all(port);
    port->busy--;
    free_if_done(port);
}

socklen_t dns_resolver_sockaddr(const struct resolver *address,
                                struct sockaddr_storage *ss)
{
    const struct ip_endpoint to = { address->addr, address->port != 0
                                                       ? address->port
                                                       : DNS_PORT };
    socklen_t len = ip_endpoint_to_sockaddr(&to, ss);

    if (address->addr.family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)ss)->sin6_scope_id = address->scope;
    return len;
}

/* Connected: only what comes from the server is received. */
static int open_socket(const struct resolver *address)
{
    struct sockaddr_storage ss;
    socklen_t len = dns_resolver_sockaddr(address, &ss);
    owned_fd fd = socket(address->addr.family,
                         SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&ss, len) != 0)
        return -errno;
    return own_release_fd(&fd);
}

static struct dns_port *port_new(struct dns_upstream *upstream, int *error)
{
    struct dns_upstreams *upstreams = upstream->upstreams;
    struct dns_port *port;
    int fd = -EMFILE;

    if (budget_has_room(upstreams->budget, BUDGET_STACK_DATAGRAM))
        fd = open_socket(&upstream->address);
    *error = fd;
    if (fd < 0)
        return NULL;
    port = g_new0(struct dns_port, 1);
    port->upstream = upstream;
    port->exchanges = g_hash_table_new(NULL, NULL);
    port->watch = (struct loop_watch){ .ready = port_ready, .self = port };
    port->broken = (struct loop_timer){ .expired = port_broken, .self = port };
    upstreams->budget->used[BUDGET_STACK_DATAGRAM]++;
    upstream->ports++;
    *error = loop_watch(upstreams->loop, &port->watch, fd, EPOLLIN);
    if (*error == 0)
        return port;
    port->watch.fd = fd;
    port_free(port);
    return NULL;
}

/* One of the server's ports, at random.  With no descriptors left, one that is
   there already serves. */
static struct dns_port *choose_port(struct dns_upstream *upstream, int *error)
{
    unsigned first =
        dns_upstreams_random(upstream->upstreams) % DNS_UPSTREAM_PORTS;

    if (upstream->slots[first] == NULL)
        upstream->slots[first] = port_new(upstream, error);
    for (unsigned i = 0; i < DNS_UPSTREAM_PORTS; i++) {
        unsigned slot = (first + i) % DNS_UPSTREAM_PORTS;

        if (upstream->slots[slot] != NULL)
            return upstream->slots[slot];
    }
    return NULL;
}

static bool choose_id(struct dns_port *port, uint16_t *id)
{
    for (int i = 0; i < ID_TRIES; i++) {
        *id = dns_upstreams_random(port->upstream->upstreams);
        if (!g_hash_table_contains(port->exchanges, GUINT_TO_POINTER(*id)))
            return true;
    }
    return false;
}

static int transmit(const struct dns_port *port,
                    const struct dns_exchange *exchange)
{
    const struct dns_query *query = exchange->query;
    uint8_t id[2];
    struct iovec iov[] = {
        { id, sizeof(id) },
        { (void *)(uintptr_t)(query->data + sizeof(id)),
          query->len - sizeof(id) },
    };
    const struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

    dns_set_id(id, exchange->id);
    return sendmsg(port->watch.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0
               ? -errno
               : 0;
}

int dns_upstream_send(struct dns_upstream *upstream,
                      struct dns_exchange *exchange)
{
    struct loop *loop = upstream->upstreams->loop;
    int rc = -EMFILE;
    struct dns_port *port = choose_port(upstream, &rc);

    if (port == NULL) {
        /* No descriptors are no fault of the server's. */
        if (rc != -EMFILE && rc != -ENFILE)
            dns_upstream_note_failure(upstream);
        return rc;
    }
    if (!choose_id(port, &exchange->id))
        return -EBUSY;
    rc = transmit(port, exchange);
    upstream->used_ns = loop_now_ns(loop);
    if (rc == 0) {
        exchange->port = port;
        g_hash_table_insert(port->exchanges, GUINT_TO_POINTER(exchange->id),
                            exchange);
        if (++port->uses >= DNS_UPSTREAM_PORT_USES_MAX)
            retire(port);
    } else if (rc != -EAGAIN && rc != -ENOBUFS) {
        /* It may have been told of an earlier question: all are lost. */
        retire(port);
        dns_upstream_note_failure(upstream);
        loop_timer_in_ms(loop, &port->broken, 0);
        free_if_done(port);
    }
    return rc;
}

void dns_ports_close(struct dns_upstream *upstream)
{
    for (size_t i = 0; i < DNS_UPSTREAM_PORTS; i++) {
        struct dns_port *port = upstream->slots[i];

        if (port == NULL)
            continue;
        retire(port);
        free_if_done(port);
    }
}
