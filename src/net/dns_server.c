/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dns_server.h"

#include "base/error.h"
#include "base/own.h"
#include "net/acceptor.h"
#include "net/dns_stream.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define BATCH            16
#define BATCHES_PER_TURN 8
/* More than a question by UDP has; what is cut off makes it malformed. */
#define QUESTION_ROOM 1536u

struct dns_server {
    struct loop *loop;
    struct dns_service service;
    struct loop_watch watch; /* its `fd` is owned */
    struct acceptor acceptor;
    struct dns_streams *streams;
};

/* On the stack: there may be thousands of servers. */
struct batch {
    uint8_t question[BATCH][QUESTION_ROOM];
    uint8_t answer[BATCH][DNS_SERVICE_REPLY_MAX];
};

union address {
    struct sockaddr sa;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage ss;
};

/* --- UDP --- */

/* What does not go out now is lost, as on any wire: the client asks again. */
static void answer_late(void *self, const struct dns_asker *asker,
                        uint8_t *data, size_t len)
{
    struct dns_server *server = self;
    union address to;
    socklen_t to_len = ip_endpoint_to_sockaddr(&asker->client, &to.ss);

    if (data == NULL)
        return;
    if (asker->client.addr.family == AF_INET6)
        to.v6.sin6_scope_id = asker->scope;
    (void)sendto(server->watch.fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL,
                 &to.sa, to_len);
}

static bool asker_of(struct dns_server *server, const union address *from,
                     struct dns_asker *out)
{
    *out = (struct dns_asker){ .answer = answer_late, .self = server };
    if (!ip_endpoint_from_sockaddr(&from->ss, &out->client))
        return false;
    if (from->sa.sa_family == AF_INET6)
        out->scope = from->v6.sin6_scope_id;
    return true;
}

static void send_all(struct dns_server *server, struct mmsghdr *msgs,
                     unsigned count)
{
    while (count > 0) {
        int sent = sendmmsg(server->watch.fd, msgs, count,
                            MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS))
            return;
        /* One that cannot be sent to does not hold up the others. */
        if (sent < 1)
            sent = 1;
        msgs += sent;
        count -= (unsigned)sent;
    }
}

/* Returns how many questions there were. */
static int serve_batch(struct dns_server *server)
{
    struct batch batch;
    struct mmsghdr in[BATCH], out[BATCH];
    struct iovec iov[BATCH], reply[BATCH];
    union address from[BATCH];
    unsigned answers = 0;
    int count;

    memset(in, 0, sizeof(in));
    memset(out, 0, sizeof(out));
    for (size_t i = 0; i < BATCH; i++) {
        iov[i] = (struct iovec){ batch.question[i], QUESTION_ROOM };
        in[i].msg_hdr = (struct msghdr){ .msg_name = &from[i],
                                         .msg_namelen = sizeof(from[i]),
                                         .msg_iov = &iov[i],
                                         .msg_iovlen = 1 };
    }
    count = recvmmsg(server->watch.fd, in, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
        uint8_t *data = batch.answer[answers];
        struct dns_asker asker;
        ssize_t len = 0;

        if (asker_of(server, &from[i], &asker))
            len = dns_service_take(&server->service, &asker, iov[i].iov_base,
                                   in[i].msg_len, data);
        if (len <= 0)
            continue;
        reply[answers] = (struct iovec){ data, (size_t)len };
        out[answers].msg_hdr =
            (struct msghdr){ .msg_name = &from[i],
                             .msg_namelen = in[i].msg_hdr.msg_namelen,
                             .msg_iov = &reply[answers],
                             .msg_iovlen = 1 };
        answers++;
    }
    send_all(server, out, answers);
    return count;
}

static void udp_ready(void *self, uint32_t events)
{
    struct dns_server *server = self;
    int turns = BATCHES_PER_TURN;

    (void)events;
    while (turns-- > 0 && serve_batch(server) == BATCH)
        continue;
}

/* --- TCP --- */

static void accepted(void *self, int fd, const struct sockaddr_storage *from)
{
    struct dns_server *server = self;
    struct ip_endpoint client;

    if (ip_endpoint_from_sockaddr(from, &client))
        dns_streams_take(server->streams, fd, &client);
    else
        (void)close(fd);
}

static bool has_room(void *self)
{
    struct dns_server *server = self;

    return dns_streams_have_room(server->streams);
}

/* --- life --- */

/* Room for a burst of a thousand questions, as far as rmem_max allows. */
static void widen(int fd)
{
    const int size = 2 * 1024 * 1024;

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static int start(struct dns_server *server, int *udp_fd, int *tcp_fd)
{
    int rc = 0;

    if (*udp_fd >= 0)
        rc = loop_watch(server->loop, &server->watch, *udp_fd, EPOLLIN);
    if (rc == 0 && *udp_fd >= 0) {
        server->watch.fd = own_release_fd(udp_fd);
        widen(server->watch.fd);
    }
    if (rc == 0 && *tcp_fd >= 0)
        rc = acceptor_start(&server->acceptor, server->loop,
                            own_release_fd(tcp_fd));
    return rc;
}

struct dns_server *dns_server_new(struct loop *loop,
                                  const struct dns_server_config *config,
                                  GError **err)
{
    struct dns_server *server = g_new0(struct dns_server, 1);
    owned_fd udp_fd = config->udp_fd;
    owned_fd tcp_fd = config->tcp_fd;
    int rc;

    server->loop = loop;
    server->service = config->service;
    server->watch =
        (struct loop_watch){ .fd = -1, .ready = udp_ready, .self = server };
    server->acceptor = (struct acceptor){
        .fd = -1, .accepted = accepted, .has_room = has_room, .self = server
    };
    server->streams = dns_streams_new(loop, &server->service, config->budget);
    rc = start(server, &udp_fd, &tcp_fd);
    if (rc == 0)
        return server;
    errno = -rc;
    error_set_errno(err, "watch a name server's sockets");
    dns_server_free(server);
    return NULL;
}

void dns_server_free(struct dns_server *server)
{
    if (server == NULL)
        return;
    acceptor_stop(&server->acceptor);
    dns_streams_free(server->streams);
    if (server->service.forward != NULL)
        dns_forward_cancel(server->service.forward, server);
    loop_unwatch(server->loop, &server->watch);
    own_close(&server->watch.fd);
    g_free(server);
}

void dns_server_forget(struct dns_server *server)
{
    dns_streams_close_all(server->streams);
    if (server->service.forward != NULL)
        dns_forward_cancel(server->service.forward, server);
}

void dns_server_set_servers(struct dns_server *server,
                            const struct resolver_list *servers)
{
    server->service.servers = *servers;
}
