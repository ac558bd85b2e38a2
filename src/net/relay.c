/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/relay.h"

#include "net/relay_pump.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/*
 * A relay is two pumps over two sockets.  Each socket has one edge-triggered
 * watch for its whole life; an event marks the socket and runs both pumps.  A
 * pump that has used up its budget is queued and goes on in the next turn, so
 * that one fast flow cannot keep the others waiting.
 *
 *   both pumps finished          -> close both sockets
 *   a socket failed (RST, ...)   -> pass on what had arrived, reset the other
 */

/* Bytes that one pump moves, at least, before others get their turn: one full
   pipe. */
#define TURN_BUDGET (512 * 1024)
#define PIPES_MAX   128

#define KEEPALIVE_IDLE_S     120
#define KEEPALIVE_INTERVAL_S 30
#define KEEPALIVE_PROBES     4
/* A peer that has ended its stream may be gone altogether: its kernel then says
   so within a minute, when asked. */
#define KEEPALIVE_HALF_CLOSED_S 20

struct relay;

struct relay_port {
    struct loop_watch watch;
    struct relay_socket socket;
    struct relay_pump pump; /* from this socket to the other */
    struct relay *relay;
};

struct relay {
    struct relay_table *table;
    struct relay_port ports[RELAY_SIDE_COUNT];
    struct relay_flow flow;
    GList link;  /* in table->relays */
    GList queue; /* in table->runnable */
    bool queued;
    bool half_closed;
};

struct relay_table {
    struct loop *loop;
    struct relay_io *io;
    struct relay_observer observer;
    GQueue relays;   /* by growing id */
    GQueue runnable; /* have work left for the next turn */
    uint64_t own_last_id;
    uint64_t *last_id;     /* this one, or shared */
    struct budget *budget; /* NULL: nobody counts */
};

static void set_option(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof(value));
}

void relay_prepare_socket(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_OOBINLINE, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
}

void relay_stay_local(int fd)
{
    /* The one that every user may choose, on every kernel. */
    static const char plain[] = "reno";

    (void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, plain,
                     (socklen_t)strlen(plain));
}

void relay_reset_socket(int fd)
{
    struct linger now = { .l_onoff = 1, .l_linger = 0 };

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    (void)close(fd);
}

/* --- one relay --- */

static void count_bytes(struct relay *relay)
{
    for (size_t i = 0; i < RELAY_SIDE_COUNT; i++)
        relay->flow.bytes[i] = relay->ports[i].pump.bytes;
}

static void relay_close(struct relay *relay, enum relay_end how)
{
    struct relay_table *table = relay->table;

    for (size_t i = 0; i < RELAY_SIDE_COUNT; i++) {
        struct relay_port *port = &relay->ports[i];

        relay_pump_fini(&port->pump, table->io);
        /* Closing alone would leave it in epoll while the agent, which has
           made and passed it, still has its own copy open. */
        loop_unwatch(table->loop, &port->watch);
        if (how == RELAY_END_CLOSED)
            (void)close(port->socket.fd);
        else
            relay_reset_socket(port->socket.fd);
    }
    if (relay->queued)
        g_queue_unlink(&table->runnable, &relay->queue);
    g_queue_unlink(&table->relays, &relay->link);
    if (table->budget != NULL)
        table->budget->used[BUDGET_RELAY] -= RELAY_SIDE_COUNT;
    count_bytes(relay);
    if (table->observer.closed != NULL)
        table->observer.closed(table->observer.self, &relay->flow, how);
    g_free(relay);
}

static void relay_queue(struct relay *relay)
{
    if (relay->queued)
        return;
    relay->queued = true;
    g_queue_push_tail_link(&relay->table->runnable, &relay->queue);
}

static enum relay_pump_result run_side(struct relay *relay,
                                       enum relay_side side)
{
    struct relay_port *near = &relay->ports[side];
    struct relay_port *far = &relay->ports[!side];

    return relay_pump_run(&near->pump, relay->table->io, &near->socket,
                          &far->socket, TURN_BUDGET);
}

/* A reset that came while no pump was using the socket. */
static bool has_failed(const struct relay_port *port)
{
    int error = 0;
    socklen_t len = sizeof(error);

    return getsockopt(port->socket.fd, SOL_SOCKET, SO_ERROR, &error, &len) !=
               0 ||
           error != 0;
}

/*
 * `side` is gone.  What it had sent before still counts: a server may answer
 * and then reset because it did not read the whole request.
 */
static void relay_fail(struct relay *relay, enum relay_side side)
{
    relay->ports[side].pump.broken = true;
    (void)run_side(relay, side);
    relay_close(relay, RELAY_END_RESET);
}

static void note_half_close(struct relay *relay)
{
    if (relay->half_closed)
        return;
    for (size_t i = 0; i < RELAY_SIDE_COUNT; i++) {
        const struct relay_port *port = &relay->ports[i];

        if (!port->pump.finished)
            continue;
        relay->half_closed = true;
        set_option(port->socket.fd, IPPROTO_TCP, TCP_KEEPIDLE,
                   KEEPALIVE_HALF_CLOSED_S);
        set_option(port->socket.fd, IPPROTO_TCP, TCP_KEEPINTVL,
                   KEEPALIVE_HALF_CLOSED_S);
    }
}

static void relay_run(struct relay *relay, const struct relay_port *suspect)
{
    enum relay_side side;

    for (side = 0; side < RELAY_SIDE_COUNT; side++) {
        switch (run_side(relay, side)) {
        case RELAY_PUMP_NEAR_ERROR:
            relay_fail(relay, side);
            return;
        case RELAY_PUMP_FAR_ERROR:
            relay_fail(relay, !side);
            return;
        case RELAY_PUMP_MORE:
            relay_queue(relay);
            break;
        case RELAY_PUMP_WAIT:
            break;
        }
    }
    if (relay->ports[RELAY_HOST].pump.finished &&
        relay->ports[RELAY_GUEST].pump.finished) {
        relay_close(relay, RELAY_END_CLOSED);
        return;
    }
    note_half_close(relay);
    if (suspect != NULL && has_failed(suspect))
        relay_fail(relay, suspect == &relay->ports[RELAY_GUEST]);
}

static void port_ready(void *self, uint32_t events)
{
    struct relay_port *port = self;
    struct relay_socket *socket = &port->socket;

    if (events & (EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        socket->read_on = true;
    if (events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        socket->readable = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        socket->writable = true;
    relay_run(port->relay, events & EPOLLERR ? port : NULL);
}

/* --- the table --- */

static void run_queued(void *self)
{
    struct relay_table *table = self;
    guint count = table->runnable.length;

    while (count-- > 0) {
        struct relay *relay = g_queue_peek_head(&table->runnable);

        g_queue_unlink(&table->runnable, &relay->queue);
        relay->queued = false;
        relay_run(relay, NULL);
    }
    if (table->runnable.length > 0)
        loop_wait_at_most_ms(table->loop, 0);
}

struct relay_table *relay_table_new(struct loop *loop,
                                    const struct relay_observer *observer)
{
    struct relay_table *table = g_new0(struct relay_table, 1);

    table->loop = loop;
    table->last_id = &table->own_last_id;
    table->observer = *observer;
    table->io = relay_io_new(PIPES_MAX);
    g_queue_init(&table->relays);
    g_queue_init(&table->runnable);
    loop_add_hook(loop,
                  &(struct loop_hook){ .prepare = run_queued, .self = table });
    return table;
}

void relay_table_count_in(struct relay_table *table, struct budget *budget)
{
    table->budget = budget;
}

void relay_table_number_from(struct relay_table *table, uint64_t *last_id)
{
    table->last_id = last_id;
}

void relay_table_free(struct relay_table *table)
{
    if (table == NULL)
        return;
    while (table->relays.head != NULL)
        relay_close(table->relays.head->data, RELAY_END_STOPPED);
    relay_io_free(table->io);
    g_free(table);
}

static int watch_port(struct relay *relay, enum relay_side side, int fd)
{
    struct relay_port *port = &relay->ports[side];

    port->relay = relay;
    port->socket.fd = fd;
    /* True until proven otherwise: the first event may be long past. */
    port->socket.readable = port->socket.writable = true;
    port->watch = (struct loop_watch){ .ready = port_ready, .self = port };
    return loop_watch(relay->table->loop, &port->watch, fd,
                      EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

int relay_start(struct relay_table *table, const struct relay_flow *flow,
                int host_fd, int guest_fd)
{
    struct relay *relay = g_new0(struct relay, 1);
    int rc;

    relay->table = table;
    relay->flow = *flow;
    relay->flow.id = ++*table->last_id;
    relay->flow.started_ns = loop_now_ns(table->loop);
    relay->link.data = relay->queue.data = relay;
    rc = watch_port(relay, RELAY_HOST, host_fd);
    if (rc == 0)
        rc = watch_port(relay, RELAY_GUEST, guest_fd);
    if (rc != 0) {
        loop_unwatch(table->loop, &relay->ports[RELAY_HOST].watch);
        relay_reset_socket(host_fd);
        relay_reset_socket(guest_fd);
        g_free(relay);
        return rc;
    }
    g_queue_push_tail_link(&table->relays, &relay->link);
    if (table->budget != NULL)
        table->budget->used[BUDGET_RELAY] += RELAY_SIDE_COUNT;
    if (table->observer.opened != NULL)
        table->observer.opened(table->observer.self, &relay->flow);
    return 0;
}

size_t relay_count(const struct relay_table *table)
{
    return table->relays.length;
}

size_t relay_count_owned(const struct relay_table *table, const void *owner)
{
    size_t count = 0;

    for (GList *l = table->relays.head; l != NULL; l = l->next)
        count += ((const struct relay *)l->data)->flow.owner == owner;
    return count;
}

bool relay_next(const struct relay_table *table, uint64_t after,
                struct relay_flow *out)
{
    for (GList *l = table->relays.head; l != NULL; l = l->next) {
        struct relay *relay = l->data;

        if (relay->flow.id <= after)
            continue;
        count_bytes(relay);
        *out = relay->flow;
        return true;
    }
    return false;
}

size_t relay_close_matching(struct relay_table *table,
                            bool (*match)(void *self,
                                          const struct relay_flow *flow),
                            void *self)
{
    size_t closed = 0;
    GList *next;

    for (GList *l = table->relays.head; l != NULL; l = next) {
        struct relay *relay = l->data;

        next = l->next;
        count_bytes(relay);
        if (!match(self, &relay->flow))
            continue;
        relay_close(relay, RELAY_END_STOPPED);
        closed++;
    }
    return closed;
}
