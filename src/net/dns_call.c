/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dns_call.h"

#include "base/own.h"
#include "net/dial.h"
#include "net/dns_upstream.h"
#include "net/frame.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define PREFIX 2u /* RFC 1035 4.2.2 */

struct dns_call {
    struct loop *loop;
    struct loop_watch watch; /* its `fd` is owned */
    struct dns_call_sink sink;
    const struct dns_query *query;
    uint16_t id;
    bool connected;
    size_t sent, got;
    uint8_t *out; /* prefix and question */
    uint8_t prefix[PREFIX];
    uint8_t *in; /* as long as the prefix says */
};

static size_t out_len(const struct dns_call *call)
{
    return PREFIX + call->query->len;
}

/* 0 when the question is out, or -errno. */
static int send_rest(struct dns_call *call)
{
    while (call->sent < out_len(call)) {
        ssize_t n =
            send(call->watch.fd, call->out + call->sent,
                 out_len(call) - call->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0)
            return -errno;
        call->sent += (size_t)n;
    }
    return 0;
}

/* Bytes read, 0 at the end, or -errno. */
static ssize_t read_some(struct dns_call *call, uint8_t *into, size_t len)
{
    ssize_t n = recv(call->watch.fd, into, len, MSG_DONTWAIT);

    if (n > 0)
        call->got += (size_t)n;
    return n < 0 ? -errno : n;
}

/* As read_some(); 1 also when the answer is whole. */
static ssize_t read_answer(struct dns_call *call, size_t *len)
{
    ssize_t n = 1;

    while (call->got < PREFIX && n > 0)
        n = read_some(call, call->prefix + call->got, PREFIX - call->got);
    if (n <= 0)
        return n;
    *len = frame_get16(call->prefix);
    if (*len < DNS_HEADER_LEN)
        return -EBADMSG;
    if (call->in == NULL)
        call->in = g_malloc(*len);
    while (call->got < PREFIX + *len && n > 0)
        n = read_some(call, call->in + (call->got - PREFIX),
                      PREFIX + *len - call->got);
    return n;
}

static void finish(struct dns_call *call, uint8_t *data, size_t len)
{
    loop_unwatch(call->loop, &call->watch);
    call->sink.done(call->sink.self, data, len); /* last: it may be no more */
}

static void take_answer(struct dns_call *call)
{
    size_t len = 0;
    ssize_t rc = read_answer(call, &len);

    if (rc == -EAGAIN || rc == -EINTR)
        return;
    if (rc > 0 && dns_reply_matches(call->in, len, call->id, call->query))
        finish(call, call->in, len);
    else
        finish(call, NULL, 0);
}

static void ready(void *self, uint32_t events)
{
    struct dns_call *call = self;
    int rc;

    (void)events;
    if (!call->connected) {
        rc = dial_result(call->watch.fd);
        if (rc == -EINPROGRESS)
            return;
        if (rc < 0) {
            finish(call, NULL, 0);
            return;
        }
        call->connected = true;
    }
    rc = send_rest(call);
    if (rc == 0)
        rc = loop_watch(call->loop, &call->watch, call->watch.fd, EPOLLIN);
    if (rc < 0 && rc != -EAGAIN && rc != -EINTR)
        finish(call, NULL, 0);
    else if (rc == 0)
        take_answer(call);
}

static int start_dial(struct dns_call *call, const struct resolver *to)
{
    struct sockaddr_storage ss;
    socklen_t len = dns_resolver_sockaddr(to, &ss);
    owned_fd fd =
        socket(to->addr.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int rc;

    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&ss, len) != 0 && errno != EINPROGRESS)
        return -errno;
    rc = loop_watch(call->loop, &call->watch, fd, EPOLLOUT);
    if (rc == 0)
        (void)own_release_fd(&fd);
    else
        call->watch.fd = -1;
    return rc;
}

struct dns_call *dns_call_start(struct loop *loop, const struct resolver *to,
                                const struct dns_query *query, uint16_t id,
                                const struct dns_call_sink *sink, int *error)
{
    struct dns_call *call = g_new0(struct dns_call, 1);

    call->loop = loop;
    call->query = query;
    call->id = id;
    call->sink = *sink;
    call->watch = (struct loop_watch){ .fd = -1, .ready = ready, .self = call };
    call->out = g_malloc(out_len(call));
    frame_put16(call->out, (uint16_t)query->len);
    memcpy(call->out + PREFIX, query->data, query->len);
    dns_set_id(call->out + PREFIX, id);
    *error = -start_dial(call, to);
    if (*error == 0)
        return call;
    dns_call_end(call);
    return NULL;
}

void dns_call_end(struct dns_call *call)
{
    if (call == NULL)
        return;
    if (call->watch.fd >= 0) {
        loop_unwatch(call->loop, &call->watch);
        own_close(&call->watch.fd);
    }
    g_free(call->out);
    g_free(call->in);
    g_free(call);
}
