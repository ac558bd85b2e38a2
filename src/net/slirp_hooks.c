/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/fdio.h"
#include "base/log.h"
#include "net/frame.h"
#include "net/outward.h"
#include "net/slirp_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* A silent host peer is noticed after IDLE + COUNT * INTERVAL seconds. */
#define KEEPALIVE_IDLE_S     600
#define KEEPALIVE_INTERVAL_S 30
#define KEEPALIVE_COUNT      5
/* Room for a burst of a thousand datagrams, as far as rmem_max allows. */
#define DATAGRAM_BUFFER (2 * 1024 * 1024)

/*
 * The stack answers a datagram that could not be sent or read with an ICMP
 * error at once, also when the socket was merely not ready.  It says so by
 * errno, which is cleared before each socket and each frame: what an earlier
 * call left there would hide the errors that the network reports.
 */
static bool is_spurious_error(const uint8_t *data, size_t len, int error)
{
    struct frame f;

    if (error != EAGAIN && error != ENOBUFS)
        return false;
    /* The view only reads. */
    if (frame_parse((uint8_t *)(uintptr_t)data, len, &f) != FRAME_GOOD ||
        f.l4 == 0)
        return false;
    return (f.proto == IPPROTO_ICMP && data[f.l4] == 3) ||
           (f.proto == IPPROTO_ICMPV6 && data[f.l4] == 1);
}

/* The return value must be the length: anything else is logged per frame. */
static ssize_t send_packet(const void *data, size_t len, void *opaque)
{
    struct slirp_engine *engine = opaque;

    if (is_spurious_error(data, len, errno))
        engine->stats->drop_answer++;
    else
        engine->sink.to_guest(engine->sink.self, data, len);
    return (ssize_t)len;
}

static void guest_error(const char *text, void *opaque)
{
    (void)opaque;
    LOG_LIMITED("libslirp: %s", text);
}

static int64_t clock_get_ns(void *opaque)
{
    (void)opaque;
    return g_get_monotonic_time() * 1000;
}

/* --- timers: router advertisements --- */

struct slirp_timer {
    struct loop_timer timer;
    struct slirp_engine *engine;
    SlirpTimerId id;
    void *cb_opaque;
};

static void timer_expired(void *self)
{
    struct slirp_timer *t = self;

    t->engine->dirty = true;
    slirp_handle_timer(t->engine->slirp, t->id, t->cb_opaque);
}

static void *timer_new(SlirpTimerId id, void *cb_opaque, void *opaque)
{
    struct slirp_timer *t = g_new0(struct slirp_timer, 1);

    t->timer.expired = timer_expired;
    t->timer.self = t;
    t->engine = opaque;
    t->id = id;
    t->cb_opaque = cb_opaque;
    return t;
}

static void timer_free(void *timer, void *opaque)
{
    struct slirp_timer *t = timer;

    (void)opaque;
    loop_timer_cancel(t->engine->loop, &t->timer);
    g_free(t);
}

static void timer_mod(void *timer, int64_t expire_ms, void *opaque)
{
    struct slirp_timer *t = timer;

    (void)opaque;
    /* All it is used for are router advertisements. */
    if (!t->engine->secondary)
        loop_timer_at(t->engine->loop, &t->timer, expire_ms * 1000000);
}

/* --- sockets: announced after socket(2) and bind(2), before connect(2) --- */

static void set_option(int fd, int level, int name, int value)
{
    /* Each makes a good socket better; none is needed. */
    (void)setsockopt(fd, level, name, &value, sizeof(value));
}

/*
 * What the guest opens leaves by the interface that was named; but not what
 * leads to the host itself, or to its resolver, which may be there, too.
 */
static void leave_by_interface(struct slirp_engine *engine, int fd)
{
    const struct outbound *outbound;
    struct ip_endpoint host;
    struct frame f;
    int rc;

    if (engine->input == NULL ||
        frame_parse((uint8_t *)(uintptr_t)engine->input, engine->input_len,
                    &f) != FRAME_GOOD ||
        !outward_map(&engine->plan, &f.dst, &host) ||
        ip_addr_is_loopback(&host.addr))
        return;
    outbound =
        host.addr.family == AF_INET6 ? &engine->outbound6 : &engine->outbound;
    if (outbound->interface[0] == '\0')
        return;
    rc = outbound_apply(outbound, fd, host.addr.family);
    if (rc < 0)
        LOG_LIMITED("cannot leave by %s: %s", outbound->interface,
                    g_strerror(-rc));
}

static void register_poll_fd(int fd, void *opaque)
{
    struct slirp_engine *engine = opaque;
    int type = 0;
    socklen_t len = sizeof(type);

    /* Also called with -1 when socket(2) failed. */
    if (fd < 0)
        return;
    pollset_invalidate(engine->pollset, fd);
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0)
        return;
    leave_by_interface(engine, fd);
    slirp_socket_opened(engine, fd,
                        type == SOCK_STREAM ? SLIRP_SOCKET_STREAM
                                            : SLIRP_SOCKET_DATAGRAM);
    if (type == SOCK_STREAM) {
        engine->new_fd = fd;
        slirp_fwd_socket_opened(engine, fd);
        set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
        set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
        set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
        return;
    }
    /* Older libraries leave these blocking; one full queue would stop us. */
    (void)fd_set_nonblock(fd);
    set_option(fd, SOL_SOCKET, SO_RCVBUF, DATAGRAM_BUFFER);
    set_option(fd, SOL_SOCKET, SO_SNDBUF, DATAGRAM_BUFFER);
}

static void unregister_poll_fd(int fd, void *opaque)
{
    struct slirp_engine *engine = opaque;

    slirp_fwd_socket_closed(engine, fd);
    slirp_socket_closed(engine, fd);
    pollset_invalidate(engine->pollset, fd);
}

static void notify(void *opaque)
{
    struct slirp_engine *engine = opaque;

    engine->dirty = true;
}

void slirp_hooks_fill(SlirpCb *callbacks)
{
    *callbacks = (SlirpCb){
        .send_packet = send_packet,
        .guest_error = guest_error,
        .clock_get_ns = clock_get_ns,
        .timer_new_opaque = timer_new,
        .timer_free = timer_free,
        .timer_mod = timer_mod,
        .register_poll_fd = register_poll_fd,
        .unregister_poll_fd = unregister_poll_fd,
        .notify = notify,
    };
}
