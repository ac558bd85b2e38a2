/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "net/slirp_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTEN_BACKLOG 4096

struct slirp_forward {
    struct slirp_engine *engine;
    struct sockaddr_storage host;
    socklen_t host_len;
    int flags;
    int fd; /* the stack's socket; not ours to close */
};

static bool can_carry(void *self, const struct fwd_rule *rule)
{
    (void)self;
    return rule->host.addr.family == rule->guest.addr.family &&
           !ip_addr_is_any(&rule->guest.addr);
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
    if (proto == IPPROTO_TCP)
        (void)listen(fd, LISTEN_BACKLOG);
}

static void *start(void *self, struct fwd_rule *rule, GError **err)
{
    struct slirp_engine *engine = self;
    struct slirp_forward *forward = g_new0(struct slirp_forward, 1);
    struct sockaddr_storage guest;
    socklen_t guest_len = ip_endpoint_to_sockaddr(&rule->guest, &guest);
    char text[IP_ENDPOINT_TEXT_MAX];
    int fd = next_descriptor();

    forward->engine = engine;
    forward->fd = -1;
    forward->flags = rule->proto == IPPROTO_UDP ? SLIRP_HOSTFWD_UDP : 0;
    if (rule->host.addr.family == AF_INET6)
        forward->flags |= SLIRP_HOSTFWD_V6ONLY;
    forward->host_len = ip_endpoint_to_sockaddr(&rule->host, &forward->host);
    if (slirp_add_hostxfwd(engine->slirp, (struct sockaddr *)&forward->host,
                           forward->host_len, (struct sockaddr *)&guest,
                           guest_len, forward->flags) < 0) {
        error_set_errno(err, "bind %s", ip_endpoint_format(&rule->host, text));
        g_free(forward);
        return NULL;
    }
    adopt_socket(forward, fd, rule->proto);
    engine->dirty = true;
    return forward;
}

static void stop(void *self, void *handle)
{
    struct slirp_engine *engine = self;
    struct slirp_forward *forward = handle;

    (void)slirp_remove_hostxfwd(engine->slirp,
                                (struct sockaddr *)&forward->host,
                                forward->host_len, forward->flags);
    pollset_invalidate(engine->pollset, forward->fd);
    engine->dirty = true;
    g_free(forward);
}

struct fwd_driver slirp_engine_fwd_driver(struct slirp_engine *engine)
{
    return (struct fwd_driver){
        .name = "slirp",
        .self = engine,
        .can_carry = can_carry,
        .start = start,
        .stop = stop,
    };
}
