/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "net/host_path.h"
#include "net/slirp_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_BACKLOG 4096

struct slirp_forward {
    struct slirp_engine *engine;
    GList link; /* in engine->forwards */
    union {
        struct sockaddr any;
        struct sockaddr_storage storage;
        struct sockaddr_un path;
    } host;
    socklen_t host_len;
    struct host_path path;
    int flags;
    int fd;           /* the stack's socket; not ours to close */
    GArray *accepted; /* of int: its descriptors in engine->accepted */
};

static bool can_carry(void *self, const struct fwd_rule *rule)
{
    const struct ip_addr *guest = &rule->guest.addr;

    (void)self;
    /* The stack reaches what answers its ARP or neighbour requests. */
    if (rule->source != FWD_SOURCE_KEEP || ip_addr_is_any(guest) ||
        ip_addr_is_loopback(guest) || rule->host_socket != NULL)
        return false;
    /* And it takes a client on a UNIX socket for one of IPv4. */
    return guest->family ==
           (rule->host_path != NULL ? AF_INET : rule->host.addr.family);
}

/* The number that the next socket(2) of this single thread will get. */
static int next_descriptor(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        fd = dup(STDERR_FILENO); /* no /dev in a sandbox */
    if (fd >= 0)
        (void)close(fd);
    return fd;
}

/* The stack listens with a backlog of one, and tells nobody its socket. */
static void adopt_socket(struct slirp_forward *forward, int fd, int proto)
{
    int type = 0;
    socklen_t len = sizeof(type);

    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0)
        return;
    forward->fd = fd;
    pollset_invalidate(forward->engine->pollset, fd);
    slirp_socket_opened(forward->engine, fd,
                        proto == IPPROTO_TCP ? SLIRP_SOCKET_LISTENER
                                             : SLIRP_SOCKET_DATAGRAM);
    if (proto == IPPROTO_TCP)
        (void)listen(fd, LISTEN_BACKLOG);
}

/* --- starting --- */

static int set_host(struct slirp_forward *forward, const struct fwd_rule *rule,
                    GError **err)
{
    struct sockaddr_un *path = &forward->host.path;

    if (rule->host_path == NULL) {
        forward->host_len =
            ip_endpoint_to_sockaddr(&rule->host, &forward->host.storage);
        return 0;
    }
    path->sun_family = AF_UNIX;
    forward->host_len = sizeof(*path);
    if (g_strlcpy(path->sun_path, rule->host_path, sizeof(path->sun_path)) >=
        sizeof(path->sun_path))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "bind %s: the path is too long", rule->host_path);
    return 0;
}

static int listen_here(struct slirp_forward *forward,
                       const struct fwd_rule *rule, GError **err)
{
    struct sockaddr_storage guest;
    socklen_t guest_len = ip_endpoint_to_sockaddr(&rule->guest, &guest);
    char text[IP_ENDPOINT_TEXT_MAX];
    /* Not for a port: the confined gate has no umask(2). */
    mode_t mask = rule->host_path != NULL ? host_path_mask() : 0;
    int rc = slirp_add_hostxfwd(forward->engine->slirp, &forward->host.any,
                                forward->host_len, (struct sockaddr *)&guest,
                                guest_len, forward->flags);

    if (rule->host_path != NULL)
        (void)umask(mask);
    if (rc == 0)
        return 0;
    return error_set_errno(err, "bind %s",
                           rule->host_path != NULL
                               ? rule->host_path
                               : ip_endpoint_format(&rule->host, text));
}

/* What the kernel has picked; the stack finds its listener by it. */
static void learn_host(struct slirp_forward *forward, struct fwd_rule *rule)
{
    struct ip_endpoint host;
    socklen_t len = sizeof(forward->host.storage);

    if (rule->host_path != NULL) {
        host_path_note(&forward->path, rule->host_path);
        return;
    }
    if (forward->fd < 0 ||
        getsockname(forward->fd, &forward->host.any, &len) != 0)
        return;
    forward->host_len = len;
    if (ip_endpoint_from_sockaddr(&forward->host.storage, &host))
        rule->host.port = host.port;
}

static void *start(void *self, struct fwd_rule *rule, GError **err)
{
    struct slirp_engine *engine = self;
    g_autofree struct slirp_forward *forward = g_new0(struct slirp_forward, 1);
    int fd;

    forward->engine = engine;
    forward->link.data = forward;
    forward->fd = -1;
    forward->flags = rule->proto == IPPROTO_UDP ? SLIRP_HOSTFWD_UDP : 0;
    if (rule->host.addr.family == AF_INET6)
        forward->flags |= SLIRP_HOSTFWD_V6ONLY;
    if (set_host(forward, rule, err) != 0)
        return NULL;
    fd = next_descriptor();
    if (listen_here(forward, rule, err) != 0)
        return NULL;
    adopt_socket(forward, fd, rule->proto);
    learn_host(forward, rule);
    forward->accepted = g_array_new(FALSE, FALSE, sizeof(int));
    g_queue_push_tail_link(&engine->forwards, &forward->link);
    engine->dirty = true;
    return g_steal_pointer(&forward);
}

static void stop(void *self, void *handle)
{
    struct slirp_engine *engine = self;
    struct slirp_forward *forward = handle;

    (void)slirp_remove_hostxfwd(engine->slirp, &forward->host.any,
                                forward->host_len, forward->flags);
    host_path_remove(&forward->path);
    pollset_invalidate(engine->pollset, forward->fd);
    slirp_socket_closed(engine, forward->fd);
    while (forward->accepted->len > 0)
        slirp_fwd_socket_closed(engine,
                                g_array_index(forward->accepted, int, 0));
    g_array_free(forward->accepted, TRUE);
    g_queue_unlink(&engine->forwards, &forward->link);
    engine->dirty = true;
    g_free(forward);
}

/* --- connections --- */

/* The end of an accepted socket that its listener was bound to. */
static bool is_listener_of(const struct slirp_forward *forward,
                           const struct sockaddr_storage *ss)
{
    struct ip_endpoint local, bound;

    if ((forward->flags & SLIRP_HOSTFWD_UDP) != 0 ||
        forward->host.any.sa_family != ss->ss_family)
        return false;
    if (ss->ss_family == AF_UNIX)
        return strcmp(((const struct sockaddr_un *)ss)->sun_path,
                      forward->host.path.sun_path) == 0;
    if (!ip_endpoint_from_sockaddr(ss, &local) ||
        !ip_endpoint_from_sockaddr(&forward->host.storage, &bound))
        return false;
    return local.port == bound.port &&
           (ip_addr_is_any(&bound.addr) ||
            ip_addr_equal(&local.addr, &bound.addr));
}

static bool local_end(int fd, struct sockaddr_storage *ss)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(*ss), peer_len = sizeof(peer);

    memset(ss, 0, sizeof(*ss));
    /* Those that go out are not connected yet when they are announced. */
    return getpeername(fd, (struct sockaddr *)&peer, &peer_len) == 0 &&
           getsockname(fd, (struct sockaddr *)ss, &len) == 0;
}

void slirp_fwd_socket_opened(struct slirp_engine *engine, int fd)
{
    struct sockaddr_storage ss;

    slirp_fwd_socket_closed(engine, fd); /* should it have been missed */
    if (engine->forwards.length == 0 || !local_end(fd, &ss))
        return;
    for (GList *l = engine->forwards.head; l != NULL; l = l->next) {
        struct slirp_forward *forward = l->data;

        if (!is_listener_of(forward, &ss))
            continue;
        g_hash_table_insert(engine->accepted, GINT_TO_POINTER(fd), forward);
        g_array_append_val(forward->accepted, fd);
        return;
    }
}

void slirp_fwd_socket_closed(struct slirp_engine *engine, int fd)
{
    gpointer key = GINT_TO_POINTER(fd);
    struct slirp_forward *forward = g_hash_table_lookup(engine->accepted, key);

    if (forward == NULL)
        return;
    g_hash_table_remove(engine->accepted, key);
    for (guint i = forward->accepted->len; i-- > 0;)
        if (g_array_index(forward->accepted, int, i) == fd)
            g_array_remove_index_fast(forward->accepted, i);
}

/* The stack keeps sockets that both sides have closed for a while. */
static bool is_connected(const struct slirp_forward *forward, int fd,
                         sa_family_t *family)
{
    struct sockaddr_storage ss;

    if (!local_end(fd, &ss) || !is_listener_of(forward, &ss))
        return false;
    *family = ss.ss_family;
    return true;
}

static size_t connections(void *self, const void *handle)
{
    const struct slirp_forward *forward = handle;
    sa_family_t family;
    size_t count = 0;

    (void)self;
    for (guint i = 0; i < forward->accepted->len; i++)
        count += is_connected(forward, g_array_index(forward->accepted, int, i),
                              &family);
    return count;
}

/* Resets the client; the stack then finds its socket gone and resets the guest.
 */
static bool reset_socket(const struct slirp_forward *forward, int fd)
{
    const struct sockaddr none = { .sa_family = AF_UNSPEC };
    sa_family_t family;

    if (!is_connected(forward, fd, &family))
        return false;
    if (family == AF_UNIX)
        return shutdown(fd, SHUT_RDWR) == 0;
    return connect(fd, &none, sizeof(none)) == 0;
}

static size_t close_all(void *self, void *handle)
{
    struct slirp_engine *engine = self;
    const struct slirp_forward *forward = handle;
    size_t closed = 0;

    for (guint i = 0; i < forward->accepted->len; i++)
        closed +=
            reset_socket(forward, g_array_index(forward->accepted, int, i));
    engine->dirty = true;
    return closed;
}

struct fwd_driver slirp_engine_fwd_driver(struct slirp_engine *engine)
{
    return (struct fwd_driver){
        .name = "slirp",
        .self = engine,
        .can_carry = can_carry,
        .start = start,
        .stop = stop,
        .connections = connections,
        .close = close_all,
    };
}
