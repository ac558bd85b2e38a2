/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/relay.h"

#include "net/relay_option.h"
#include "net/relay_pump.h"

#include <errno.h>
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

/* Most flows are over before there is need to ask whether they still are. */
#define YOUNG_MS 10000

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
    GList age;   /* in table->young */
    bool queued, grown, half_closed;
};

struct relay_table {
    struct loop *loop;
    struct relay_io *io;
    struct relay_observer observer;
    GQueue relays;   /* by growing id */
    GQueue runnable; /* have work left for the next turn */
    GQueue young;    /* without keepalive so far, the oldest first */
    struct loop_timer young_timer;
    uint64_t own_last_id;
    uint64_t *last_id;     /* this one, or shared */
    struct budget *budget; /* NULL: nobody counts */
};

/* --- one relay --- */

static void count_bytes(struct relay *relay)
{
    for (size_t i = 0; i < RELAY_SIDE_COUNT; i++)
        relay->flow.bytes[i] = relay->ports[i].pump.bytes;
}

static void unwatch_port(struct relay *relay, struct relay_port *port)
{
    struct loop *loop = relay->table->loop;

    /* Closing a socket takes it out of epoll; but the agent, which has made
       and passed this one, may still have its own copy open. */
    if (relay->flow.inbound && port == &relay->ports[RELAY_GUEST])
        loop_unwatch(loop, &port->watch);
    else
        loop_forget(loop, &port->watch);
}

static void relay_close(struct relay *relay, enum relay_end how)
{
    struct relay_table *table = relay->table;

    for (size_t i = 0; i < RELAY_SIDE_COUNT; i++) {
        struct relay_port *port = &relay->ports[i];

        relay_pump_fini(&port->pump, table->io);
        unwatch_port(relay, port);
        if (how == RELAY_END_CLOSED)
            (void)close(port->socket.fd);
        else
            relay_reset_socket(port->socket.fd);
    }
    if (relay->queued)
        g_queue_unlink(&table->runnable, &relay->queue);
    if (!relay->grown)
        g_queue_unlink(&table->young, &relay->age);
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
    if (!relay->grown || relay->half_closed)
        return;
    for (size_t i = 0; i < RELAY_SIDE_COUNT; i++) {
        if (!relay->ports[i].pump.finished)
            continue;
        relay->half_closed = true;
        relay_keep_alive(relay->ports[i].socket.fd,
                         relay->ports[i].pump.finished);
    }
}

/* Asking whether a socket can be written to would be answered at once, with a
   wake-up for nothing; so this is left out until it could not. */
static bool watch_for_room(struct relay *relay)
{
    for (size_t i = 0; i < RELAY_SIDE_COUNT; i++) {
        struct relay_port *port = &relay->ports[i];

        if (!port->socket.writable && (port->watch.events & EPOLLOUT) == 0 &&
            loop_watch(relay->table->loop, &port->watch, port->socket.fd,
                       port->watch.events | EPOLLOUT) != 0)
            return false;
    }
    return true;
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
    if (!watch_for_room(relay)) {
        /* It would never be told to go on. */
        relay_close(relay, RELAY_END_RESET);
        return;
    }
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

static void grow_up(void *self)
{
    struct relay_table *table = self;
    int64_t born_ns = loop_now_ns(table->loop) - YOUNG_MS * 1000000LL;
    struct relay *relay;

    while ((relay = g_queue_peek_head(&table->young)) != NULL &&
           relay->flow.started_ns <= born_ns) {
        g_queue_unlink(&table->young, &relay->age);
        relay->grown = true;
        for (size_t i = 0; i < RELAY_SIDE_COUNT; i++) {
            relay_keep_alive(relay->ports[i].socket.fd,
                             relay->ports[i].pump.finished);
            relay->half_closed |= relay->ports[i].pump.finished;
        }
    }
    if (relay != NULL)
        loop_timer_at(table->loop, &table->young_timer,
                      relay->flow.started_ns + YOUNG_MS * 1000000LL);
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
    g_queue_init(&table->young);
    table->young_timer =
        (struct loop_timer){ .expired = grow_up, .self = table };
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
    loop_timer_cancel(table->loop, &table->young_timer);
    relay_io_free(table->io);
    g_free(table);
}

static int watch_port(struct relay *relay, enum relay_side side, int fd)
{
    struct relay_port *port = &relay->ports[side];

    port->relay = relay;
    port->socket.fd = fd;
    port->socket.writable = true; /* until proven otherwise */
    port->watch = (struct loop_watch){ .ready = port_ready, .self = port };
    return loop_watch(relay->table->loop, &port->watch, fd,
                      EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET);
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
    relay->link.data = relay->queue.data = relay->age.data = relay;
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
    g_queue_push_tail_link(&table->young, &relay->age);
    if (table->young_timer.slot == 0)
        loop_timer_in_ms(table->loop, &table->young_timer, YOUNG_MS);
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
