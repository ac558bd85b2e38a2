/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/client.h"

#include "control/client_input.h"
#include "control/client_output.h"
#include "control/scan.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/*
 * States, and what leads on:
 *   OPEN       reading requests, writing answers
 *     -> FLUSHING   a request without id, one that cannot be answered in
 *                   place, or the end of input
 *     -> STREAMING  the end of input, when events were asked for
 *   STREAMING  no more requests; events go out until the peer is gone
 *     -> DEAD
 *   FLUSHING   no more requests; the queue goes out
 *     -> LINGERING  the queue is empty: our half is shut down
 *     -> DEAD       the same, when the peer has closed its half already
 *   LINGERING  input is thrown away until the peer closes.  A client that sends
 *              its newline in a write of its own would otherwise get EPIPE
 *              there, and one whose input is left unread ECONNRESET.
 *   DEAD       handed to the owner at the end of the event
 */
enum client_state {
    CLIENT_OPEN,
    CLIENT_STREAMING,
    CLIENT_FLUSHING,
    CLIENT_LINGERING,
    CLIENT_DEAD
};

struct client {
    struct loop *loop;
    struct verbs *verbs;
    const struct client_limits *limits;
    const struct client_owner *owner;
    enum client_state state;
    bool served;      /* a whole request came */
    bool input_ended; /* the peer closed its half */
    struct loop_watch watch;
    struct loop_timer timer;
    int fd;
    struct client_input input;
    struct client_output output;
    struct subscriber subscriber;
    size_t thrown_away; /* while lingering */
};

/* --- output --- */

static void flush(struct client *client)
{
    if (client_output_flush(&client->output, client->fd) != 0)
        client->state = CLIENT_DEAD;
}

/*
 * Each answer leaves in a write of its own when nothing is before it.  A client
 * may be owed `queue_bytes` and the answer that goes beyond, not more.
 */
static void queue(struct client *client, const char *text)
{
    if (client_output_waiting(&client->output) >= client->limits->queue_bytes) {
        client->state = CLIENT_DEAD;
        return;
    }
    client_output_add(&client->output, text);
    flush(client);
}

static void end_requests(struct client *client)
{
    client_input_reset(&client->input);
    if (client->state == CLIENT_OPEN)
        client->state = CLIENT_FLUSHING;
}

/* Answers what is no request, and ends the connection. */
static void refuse(struct client *client, enum slipgate_error code,
                   const char *desc)
{
    g_autofree char *text = verbs_error_text(code, desc);

    queue(client, text);
    end_requests(client);
}

/* --- input --- */

static void run_request(struct client *client)
{
    struct client_input *input = &client->input;
    struct verb_request request = { .text = input->request->str,
                                    .len = input->request->len,
                                    .fds = input->fds,
                                    .fd_count = input->fd_count,
                                    .subscriber = &client->subscriber };
    bool keep_open = false;
    g_autofree char *answer = verbs_run(client->verbs, &request, &keep_open);

    client->served = true;
    client_input_reset(input);
    queue(client, answer);
    if (!keep_open)
        end_requests(client);
}

static void end_of_input(struct client *client)
{
    client->input_ended = true;
    /* slirp4netns answers an empty request, too. */
    if (!client->served || scan_in_object(&client->input.scan))
        refuse(client, SLIPGATE_ERROR_BAD_REQUEST,
               "bad request: cannot parse JSON: the request has no end");
    if (client->state == CLIENT_OPEN && client->subscriber.kinds != 0)
        client->state = CLIENT_STREAMING;
    else
        end_requests(client);
}

/* One step of the bytes at hand: at most one request. */
static void take_step(struct client *client, const char **data, size_t *len)
{
    switch (client_input_feed(&client->input, data, len,
                              client->limits->request_bytes)) {
    case CLIENT_INPUT_MORE:
        break;
    case CLIENT_INPUT_REQUEST:
        run_request(client);
        break;
    case CLIENT_INPUT_TOO_DEEP:
        refuse(client, SLIPGATE_ERROR_BAD_REQUEST,
               "bad request: cannot parse JSON: nested too deep");
        break;
    case CLIENT_INPUT_TOO_LARGE:
        refuse(client, SLIPGATE_ERROR_BAD_REQUEST,
               "bad request: too large message");
        break;
    }
}

static void read_requests(struct client *client)
{
    char piece[CLIENT_INPUT_PIECE];
    const char *data = piece;
    size_t len = 0;
    int rc = client_input_read(&client->input, client->fd, piece, &len);

    if (rc == -EAGAIN)
        return;
    if (rc == -EMSGSIZE) {
        refuse(client, SLIPGATE_ERROR_BAD_REQUEST,
               "bad request: too many file descriptors came along");
        return;
    }
    if (rc != 0) {
        client->state = CLIENT_DEAD;
        return;
    }
    if (len == 0)
        end_of_input(client);
    while (len > 0 && client->state == CLIENT_OPEN)
        take_step(client, &data, &len);
}

static void throw_away(struct client *client)
{
    char piece[CLIENT_INPUT_PIECE];
    /* No room for descriptors: the kernel drops those by itself. */
    ssize_t n = recv(client->fd, piece, sizeof(piece), MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    client->thrown_away += n > 0 ? (size_t)n : 0;
    if (n <= 0 || client->thrown_away > client->limits->request_bytes)
        client->state = CLIENT_DEAD;
}

/* --- events --- */

static bool has_output(const struct client *client)
{
    return client_output_waiting(&client->output) > 0;
}

static uint32_t wanted_events(const struct client *client)
{
    uint32_t out = has_output(client) ? EPOLLOUT : 0;

    switch (client->state) {
    case CLIENT_OPEN:
        return EPOLLIN | out;
    case CLIENT_LINGERING:
        return EPOLLIN;
    case CLIENT_STREAMING:
        /* EPOLLHUP, which nobody need ask for, tells its end. */
        return EPOLLPRI | out;
    case CLIENT_FLUSHING:
    case CLIENT_DEAD:
        break;
    }
    return out;
}

static void arm_timer(struct client *client)
{
    const struct client_limits *limits = client->limits;

    if (client->state == CLIENT_LINGERING) {
        /* Not moved by what the peer still sends. */
        if (client->timer.slot == 0)
            loop_timer_in_ms(client->loop, &client->timer, limits->linger_ms);
    } else if (client->state == CLIENT_STREAMING) {
        loop_timer_cancel(client->loop, &client->timer);
    } else if (client->state == CLIENT_FLUSHING || !client->served ||
               scan_in_object(&client->input.scan)) {
        loop_timer_in_ms(client->loop, &client->timer, limits->stall_ms);
    } else {
        loop_timer_cancel(client->loop, &client->timer);
    }
}

/* Brings state, interest and timer into line; may free the client. */
static void settle(struct client *client)
{
    if (client->state == CLIENT_FLUSHING && !has_output(client)) {
        loop_timer_cancel(client->loop, &client->timer);
        if (client->input_ended || shutdown(client->fd, SHUT_WR) != 0)
            client->state = CLIENT_DEAD;
        else
            client->state = CLIENT_LINGERING;
    }
    if (client->state != CLIENT_DEAD &&
        loop_watch(client->loop, &client->watch, client->fd,
                   wanted_events(client)) != 0)
        client->state = CLIENT_DEAD;
    if (client->state == CLIENT_DEAD)
        client->owner->ended(client->owner->self, client);
    else
        arm_timer(client);
}

static void ready(void *self, uint32_t events)
{
    struct client *client = self;

    if (has_output(client))
        flush(client);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        if (client->state == CLIENT_OPEN)
            read_requests(client);
        else if (client->state == CLIENT_LINGERING)
            throw_away(client);
        else if (client->state == CLIENT_STREAMING)
            client->state = CLIENT_DEAD;
    }
    settle(client);
}

static void expired(void *self)
{
    struct client *client = self;

    if (client->state == CLIENT_OPEN)
        refuse(client, SLIPGATE_ERROR_BAD_REQUEST,
               "bad request: cannot parse JSON: "
               "no whole request in time");
    else
        client->state = CLIENT_DEAD;
    settle(client);
}

/* Sent with all others of this turn, when the loop comes round. */
static bool offer_event(void *self, const char *line)
{
    struct client *client = self;

    if (client_output_waiting(&client->output) + strlen(line) >
        client->limits->event_bytes)
        return false;
    client_output_add(&client->output, line);
    if (client->state == CLIENT_OPEN || client->state == CLIENT_STREAMING)
        (void)loop_watch(client->loop, &client->watch, client->fd,
                         wanted_events(client));
    return true;
}

struct client *client_new_take(struct loop *loop, struct verbs *verbs,
                               const struct client_limits *limits,
                               const struct client_owner *owner, int fd)
{
    struct client *client = g_new0(struct client, 1);

    client->loop = loop;
    client->verbs = verbs;
    client->limits = limits;
    client->owner = owner;
    client->fd = fd;
    client_output_init(&client->output);
    client_input_init(&client->input);
    client->subscriber.offer = offer_event;
    client->subscriber.self = client;
    client->watch.ready = ready;
    client->watch.self = client;
    client->timer.expired = expired;
    client->timer.self = client;
    return client;
}

void client_free(struct client *client)
{
    events_unsubscribe(&client->subscriber);
    /* The last events of all: what the socket takes now. */
    (void)client_output_flush(&client->output, client->fd);
    loop_timer_cancel(client->loop, &client->timer);
    loop_unwatch(client->loop, &client->watch);
    client_input_fini(&client->input);
    client_output_fini(&client->output);
    own_close(&client->fd);
    g_free(client);
}

void client_start(struct client *client)
{
    settle(client);
}

void client_start_refused(struct client *client, enum slipgate_error code,
                          const char *desc)
{
    refuse(client, code, desc);
    settle(client);
}

bool client_is_lingering(const struct client *client)
{
    return client->state == CLIENT_LINGERING;
}
