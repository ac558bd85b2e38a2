/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dns_stream.h"

#include "base/own.h"
#include "net/frame.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define PREFIX  2u /* RFC 1035 4.2.2 */
#define IN_ROOM (PREFIX + DNS_QUERY_MAX)
/* What a client has not read; beyond it nothing more is read of it. */
#define OUT_ENOUGH 65536u
/* What was pending then is still answered; but who asks for more than this, and
   reads nothing, only wants our memory. */
#define OUT_MAX (4 * OUT_ENOUGH)

struct dns_stream {
    struct dns_streams *streams;
    struct loop_watch watch; /* its `fd` is owned */
    struct loop_timer idle;
    struct ip_endpoint client;
    GList of_all;
    GByteArray *out; /* to be written */
    unsigned pending;
    bool ended; /* it will ask nothing more */
    bool busy;  /* its questions are being taken: it must not go */
    bool broken;
    size_t got;
    uint8_t in[IN_ROOM];
};

struct dns_streams {
    struct loop *loop;
    const struct dns_service *service;
    struct budget *budget;
    GQueue all; /* of struct dns_stream, the oldest first */
};

/* --- end --- */

static void stream_free(struct dns_stream *stream)
{
    struct dns_streams *streams = stream->streams;

    if (streams->service->forward != NULL)
        dns_forward_cancel(streams->service->forward, stream);
    loop_timer_cancel(streams->loop, &stream->idle);
    loop_unwatch(streams->loop, &stream->watch);
    own_close(&stream->watch.fd);
    g_queue_unlink(&streams->all, &stream->of_all);
    streams->budget->used[BUDGET_STACK_DATAGRAM]--;
    g_byte_array_unref(stream->out);
    g_free(stream);
}

static void note_progress(struct dns_stream *stream)
{
    loop_timer_in_ms(stream->streams->loop, &stream->idle, DNS_STREAM_IDLE_MS);
}

/* While servers are asked it is not the client who is slow. */
static void idle_expired(void *self)
{
    struct dns_stream *stream = self;

    if (stream->pending > 0 && stream->out->len == 0)
        note_progress(stream);
    else
        stream_free(stream);
}

/* --- answers --- */

static void flush(struct dns_stream *stream)
{
    while (stream->out->len > 0 && !stream->broken) {
        ssize_t n = send(stream->watch.fd, stream->out->data, stream->out->len,
                         MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n < 0) {
            stream->broken = true;
            return;
        }
        g_byte_array_remove_range(stream->out, 0, (guint)n);
        note_progress(stream);
    }
}

static void put_answer(struct dns_stream *stream, const uint8_t *data,
                       size_t len)
{
    uint8_t prefix[PREFIX];

    if (stream->out->len + PREFIX + len > OUT_MAX) {
        stream->broken = true;
        return;
    }
    frame_put16(prefix, (uint16_t)len);
    g_byte_array_append(stream->out, prefix, PREFIX);
    g_byte_array_append(stream->out, data, (guint)len);
}

/* --- questions --- */

static bool has_capacity(const struct dns_stream *stream)
{
    return stream->pending < DNS_STREAM_PENDING_MAX &&
           stream->out->len < OUT_ENOUGH;
}

static bool wants_more(const struct dns_stream *stream)
{
    return !stream->ended && has_capacity(stream);
}

static void answer_late(void *self, const struct dns_asker *asker,
                        uint8_t *data, size_t len);

static void take_question(struct dns_stream *stream, const uint8_t *data,
                          size_t len)
{
    const struct dns_asker asker = {
        .client = stream->client,
        .stream = true,
        .answer = answer_late,
        .self = stream,
    };
    uint8_t out[DNS_SERVICE_REPLY_MAX];
    ssize_t answer =
        dns_service_take(stream->streams->service, &asker, data, len, out);

    if (answer > 0)
        put_answer(stream, out, (size_t)answer);
    else if (answer == -EINPROGRESS)
        stream->pending++;
}

/* Takes what is whole; false: the framing is broken. */
static bool take_whole(struct dns_stream *stream)
{
    size_t at = 0;

    while (stream->got - at >= PREFIX && has_capacity(stream)) {
        size_t len = frame_get16(stream->in + at);

        if (len < DNS_HEADER_LEN || len > DNS_QUERY_MAX)
            return false;
        if (stream->got - at < PREFIX + len)
            break;
        take_question(stream, stream->in + at + PREFIX, len);
        at += PREFIX + len;
    }
    stream->got -= at;
    memmove(stream->in, stream->in + at, stream->got);
    return true;
}

/* Is there a question that nothing but a lack of capacity has held up?  No
   event will tell of it again. */
static bool may_go_on(const struct dns_stream *stream)
{
    return !stream->broken && has_capacity(stream) && stream->got >= PREFIX &&
           stream->got - PREFIX >= frame_get16(stream->in);
}

static void read_more(struct dns_stream *stream)
{
    ssize_t n;

    if (!wants_more(stream) || stream->got == IN_ROOM)
        return;
    n = recv(stream->watch.fd, stream->in + stream->got, IN_ROOM - stream->got,
             MSG_DONTWAIT);
    if (n > 0) {
        stream->got += (size_t)n;
        note_progress(stream);
    } else if (n == 0) {
        stream->ended = true;
    } else if (errno != EAGAIN && errno != EINTR) {
        stream->broken = true;
    }
}

/* --- both --- */

static bool is_done(const struct dns_stream *stream)
{
    return stream->broken ||
           (stream->ended && stream->pending == 0 && stream->out->len == 0);
}

/* Waits for what can go on; a stream that is over is gone after the call. */
static void settle(struct dns_stream *stream)
{
    uint32_t events = 0;

    if (is_done(stream)) {
        stream_free(stream);
        return;
    }
    if (wants_more(stream))
        events |= EPOLLIN;
    if (stream->out->len > 0)
        events |= EPOLLOUT;
    if (loop_watch(stream->streams->loop, &stream->watch, stream->watch.fd,
                   events) != 0)
        stream_free(stream);
}

static void work(struct dns_stream *stream)
{
    stream->busy = true;
    do {
        if (!stream->broken && !take_whole(stream))
            stream->broken = true;
        flush(stream);
    } while (may_go_on(stream));
    stream->busy = false;
    settle(stream);
}

static void stream_ready(void *self, uint32_t events)
{
    struct dns_stream *stream = self;

    /* Both ways are closed: nobody is there to be answered. */
    if ((events & (EPOLLERR | EPOLLHUP)) != 0)
        stream->broken = true;
    else
        read_more(stream);
    work(stream);
}

static void answer_late(void *self, const struct dns_asker *asker,
                        uint8_t *data, size_t len)
{
    struct dns_stream *stream = self;

    (void)asker;
    stream->pending--;
    if (data == NULL) {
        /* It may read on, but in its own turn. */
        (void)loop_watch(stream->streams->loop, &stream->watch,
                         stream->watch.fd, EPOLLIN | EPOLLOUT);
        return;
    }
    put_answer(stream, data, len);
    if (!stream->busy)
        work(stream);
}

/* --- life --- */

struct dns_streams *dns_streams_new(struct loop *loop,
                                    const struct dns_service *service,
                                    struct budget *budget)
{
    struct dns_streams *streams = g_new0(struct dns_streams, 1);

    streams->loop = loop;
    streams->service = service;
    streams->budget = budget;
    g_queue_init(&streams->all);
    return streams;
}

void dns_streams_close_family(struct dns_streams *streams, sa_family_t family)
{
    GList *next;

    for (GList *l = streams->all.head; l != NULL; l = next) {
        struct dns_stream *stream = l->data;

        next = l->next;
        if (stream->client.addr.family == family)
            stream_free(stream);
    }
}

void dns_streams_close_all(struct dns_streams *streams)
{
    while (streams->all.head != NULL)
        stream_free(streams->all.head->data);
}

void dns_streams_free(struct dns_streams *streams)
{
    if (streams == NULL)
        return;
    dns_streams_close_all(streams);
    g_free(streams);
}

static unsigned count_of(const struct dns_streams *streams,
                         const struct ip_addr *client)
{
    unsigned count = 0;

    for (GList *l = streams->all.head; l != NULL; l = l->next)
        count += ip_addr_equal(
            &((const struct dns_stream *)l->data)->client.addr, client);
    return count;
}

/* Whose connections are the most; there is one at least. */
static struct ip_addr find_busiest(const struct dns_streams *streams)
{
    struct ip_addr busiest = { .family = AF_UNSPEC };
    unsigned most = 0;

    for (GList *l = streams->all.head; l != NULL; l = l->next) {
        const struct dns_stream *stream = l->data;
        unsigned count = count_of(streams, &stream->client.addr);

        if (count > most) {
            most = count;
            busiest = stream->client.addr;
        }
    }
    return busiest;
}

static bool is_waiting(const struct dns_stream *stream)
{
    return stream->pending > 0 || stream->out->len > 0;
}

static void drop_one_of(struct dns_streams *streams,
                        const struct ip_addr *client)
{
    struct dns_stream *chosen = NULL;

    for (GList *l = streams->all.head; l != NULL; l = l->next) {
        struct dns_stream *stream = l->data;

        if (ip_addr_equal(&stream->client.addr, client) && !stream->busy &&
            (chosen == NULL || (is_waiting(chosen) && !is_waiting(stream))))
            chosen = stream;
    }
    if (chosen != NULL)
        stream_free(chosen);
}

static void make_room(struct dns_streams *streams,
                      const struct ip_endpoint *from)
{
    if (count_of(streams, &from->addr) >= DNS_STREAMS_CLIENT_MAX) {
        drop_one_of(streams, &from->addr);
    } else if (streams->all.length >= DNS_STREAMS_MAX) {
        const struct ip_addr busiest = find_busiest(streams);

        drop_one_of(streams, &busiest);
    }
}

void dns_streams_take(struct dns_streams *streams, int fd,
                      const struct ip_endpoint *from)
{
    struct dns_stream *stream;

    make_room(streams, from);
    stream = g_new0(struct dns_stream, 1);
    stream->streams = streams;
    stream->watch =
        (struct loop_watch){ .fd = fd, .ready = stream_ready, .self = stream };
    stream->idle =
        (struct loop_timer){ .expired = idle_expired, .self = stream };
    stream->client = *from;
    stream->out = g_byte_array_new();
    stream->of_all.data = stream;
    g_queue_push_tail_link(&streams->all, &stream->of_all);
    streams->budget->used[BUDGET_STACK_DATAGRAM]++;
    note_progress(stream);
    settle(stream);
}

bool dns_streams_have_room(const struct dns_streams *streams)
{
    return budget_has_room(streams->budget, BUDGET_STACK_DATAGRAM);
}

size_t dns_streams_count(const struct dns_streams *streams)
{
    return streams->all.length;
}
