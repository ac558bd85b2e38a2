/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/server.h"

#include "base/log.h"
#include "control/socket_file.h"
#include "kern/idmap.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define ACCEPTS_PER_TURN 16
#define ACCEPT_PAUSE_MS  100

const struct server_limits server_limits_default = {
    .clients_max = 64,
    .client = { .request_bytes = 64 * 1024,
                .queue_bytes = 256 * 1024,
                .event_bytes = 64 * 1024,
                .stall_ms = 10 * 1000,
                .linger_ms = 200 },
};

struct server {
    struct loop *loop;
    struct verbs *verbs;
    struct server_limits limits;
    struct socket_file *file;
    struct loop_watch watch;
    struct loop_timer pause; /* armed: not accepting */
    struct client_owner owner;
    bool admit_unmapped; /* see server_admit_unmapped() */
    GPtrArray *clients;  /* oldest first */
};

static void listen_again(void *self)
{
    struct server *server = self;

    (void)loop_watch(server->loop, &server->watch, socket_file_fd(server->file),
                     EPOLLIN);
}

/* Level-triggered, a listener that cannot accept would wake us for ever. */
static void pause_accepting(struct server *server, int number)
{
    LOG_LIMITED("API socket: cannot accept: %s", g_strerror(number));
    loop_unwatch(server->loop, &server->watch);
    loop_timer_in_ms(server->loop, &server->pause, ACCEPT_PAUSE_MS);
}

/* --- who may come in --- */

/* Both uids are as this process's user namespace sees them, now. */
static bool peer_is_owner(const struct server *server, int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
        return false;
    return peer.uid == geteuid() || peer.uid == 0 ||
           (server->admit_unmapped && peer.uid == IDMAP_OVERFLOW_UID);
}

size_t server_client_count(const struct server *server)
{
    size_t count = 0;

    for (guint i = 0; i < server->clients->len; i++)
        if (!client_is_lingering(g_ptr_array_index(server->clients, i)))
            count++;
    return count;
}

/* Clients that only linger are cut short when too many do. */
static void make_room(struct server *server)
{
    if (server->clients->len < 2 * server->limits.clients_max)
        return;
    for (guint i = 0; i < server->clients->len; i++) {
        struct client *client = g_ptr_array_index(server->clients, i);

        if (client_is_lingering(client)) {
            g_ptr_array_remove_index(server->clients, i);
            return;
        }
    }
}

static void admit_take(struct server *server, int fd)
{
    bool owner = peer_is_owner(server, fd);
    bool full = server_client_count(server) >= server->limits.clients_max;
    struct client *client =
        client_new_take(server->loop, server->verbs, &server->limits.client,
                        &server->owner, fd);

    make_room(server);
    g_ptr_array_add(server->clients, client);
    if (!owner)
        client_start_refused(client, SLIPGATE_ERROR_DENIED,
                             "only the user who runs this may use the socket");
    else if (full)
        client_start_refused(client, SLIPGATE_ERROR_UNAVAILABLE,
                             "too many clients, try again later");
    else
        client_start(client);
}

static void client_ended(void *self, struct client *client)
{
    struct server *server = self;

    g_ptr_array_remove(server->clients, client);
}

static void ready(void *self, uint32_t events)
{
    struct server *server = self;

    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd = accept4(socket_file_fd(server->file), NULL, NULL,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            admit_take(server, fd);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            pause_accepting(server, errno);
            return;
        }
    }
}

/* --- life --- */

static void free_client(void *client)
{
    client_free(client);
}

struct server *server_new(struct loop *loop, struct verbs *verbs,
                          const char *path, const struct server_limits *limits,
                          GError **err)
{
    owned(server) server = g_new0(struct server, 1);
    int rc;

    server->loop = loop;
    server->verbs = verbs;
    server->limits = limits != NULL ? *limits : server_limits_default;
    server->watch = (struct loop_watch){ .ready = ready, .self = server };
    server->pause =
        (struct loop_timer){ .expired = listen_again, .self = server };
    server->admit_unmapped = !idmap_is_whole();
    server->owner = (struct client_owner){ client_ended, server };
    server->clients = g_ptr_array_new_with_free_func(free_client);
    server->file = socket_file_listen(path, err);
    if (server->file == NULL)
        return NULL;
    rc =
        loop_watch(loop, &server->watch, socket_file_fd(server->file), EPOLLIN);
    if (rc != 0) {
        errno = -rc;
        error_set_errno(err, "watch the API socket %s", path);
        return NULL;
    }
    return g_steal_pointer(&server);
}

void server_admit_unmapped(struct server *server)
{
    server->admit_unmapped = true;
}

void server_free(struct server *server)
{
    if (server == NULL)
        return;
    g_ptr_array_free(server->clients, TRUE);
    loop_timer_cancel(server->loop, &server->pause);
    loop_unwatch(server->loop, &server->watch);
    socket_file_free(server->file);
    g_free(server);
}

int server_dir_fd(const struct server *server)
{
    return socket_file_dir_fd(server->file);
}
