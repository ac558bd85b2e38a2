/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/slirp_engine.h"

#include "base/error.h"
#include "net/slirp_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

/* What version 4 knows is what we use; later fields serve other systems. */
#define CONFIG_VERSION 4
/* libslirp answers this when it has no timer of its own running. */
#define FILL_IDLE_MS 1000
/* Its slow timers, and how much sooner or later they may come. */
#define SLOW_NS       500000000LL
#define SLOW_SLACK_NS 100000000LL
/* Its clock stands still between runs; more than this would show in timers. */
#define CLOCK_SLACK_NS 10000000

G_STATIC_ASSERT(SLIRP_CONFIG_VERSION_MIN <= CONFIG_VERSION);

const char *slirp_engine_library(void)
{
    return slirp_version_string();
}

unsigned slirp_engine_config_version(void)
{
    return CONFIG_VERSION;
}

bool slirp_engine_wants_order(void)
{
    int major = 0, minor = 0;

    return sscanf(slirp_version_string(), "%d.%d", &major, &minor) != 2 ||
           major < 4 || (major == 4 && minor < 8);
}

/* The two differ in what stands for writable and for urgent. */
static uint32_t to_epoll(int events)
{
    uint32_t same = SLIRP_POLL_IN | SLIRP_POLL_ERR | SLIRP_POLL_HUP;

    return ((uint32_t)events & same) |
           ((events & SLIRP_POLL_OUT) != 0 ? EPOLLOUT : 0) |
           ((events & SLIRP_POLL_PRI) != 0 ? EPOLLPRI : 0);
}

static int from_epoll(uint32_t events)
{
    uint32_t same = SLIRP_POLL_IN | SLIRP_POLL_ERR | SLIRP_POLL_HUP;

    return (int)((events & same) |
                 ((events & EPOLLOUT) != 0 ? (uint32_t)SLIRP_POLL_OUT : 0) |
                 ((events & EPOLLPRI) != 0 ? (uint32_t)SLIRP_POLL_PRI : 0));
}

G_STATIC_ASSERT((int)SLIRP_POLL_IN == (int)EPOLLIN &&
                (int)SLIRP_POLL_ERR == (int)EPOLLERR &&
                (int)SLIRP_POLL_HUP == (int)EPOLLHUP);

static int add_poll(int fd, int events, void *opaque)
{
    struct slirp_engine *engine = opaque;

    if (!engine->may_accept &&
        slirp_socket_kind(engine, fd) == SLIRP_SOCKET_LISTENER)
        return -1;
    return pollset_want(engine->pollset, fd, to_epoll(events));
}

static int get_revents(int index, void *opaque)
{
    const struct slirp_engine *engine = opaque;
    uint32_t events = pollset_revents(engine->pollset, index);

    /* Asked right before the socket is dealt with: see is_spurious_error(). */
    errno = 0;
    return events == 0 ? 0 : from_epoll(events);
}

static void deliver(struct slirp_engine *engine)
{
    slirp_pollfds_poll(engine->slirp, 0, get_revents, engine);
    engine->ran_ns = g_get_monotonic_time() * 1000;
    engine->dirty = false;
}

/* Slow timers of all engines fall together, to wake the process once. */
static int64_t deadline(int64_t now_ns, uint32_t timeout_ms)
{
    int64_t timeout_ns = (int64_t)timeout_ms * 1000000;

    if (timeout_ns < SLOW_NS - SLOW_SLACK_NS)
        return now_ns + timeout_ns;
    return (now_ns + SLOW_SLACK_NS) / SLOW_NS * SLOW_NS + SLOW_NS;
}

static void refill(struct slirp_engine *engine)
{
    uint32_t timeout_ms = FILL_IDLE_MS;

    /*
     * A connection that cannot be accepted stays ready: without descriptors to
     * spare, the stack would be woken for it without end.
     */
    engine->may_accept = budget_has_room(engine->budget, BUDGET_STACK_STREAM);
    pollset_begin(engine->pollset);
    slirp_pollfds_fill(engine->slirp, &timeout_ms, add_poll, engine);
    pollset_commit(engine->pollset);
    if (timeout_ms >= FILL_IDLE_MS && pollset_count(engine->pollset) == 0)
        engine->deadline_ns = 0;
    else
        engine->deadline_ns = deadline(loop_now_ns(engine->loop), timeout_ms);
}

void slirp_engine_run(struct slirp_engine *engine)
{
    int64_t now_ns = loop_now_ns(engine->loop);

    if (engine->dirty ||
        (engine->deadline_ns != 0 && now_ns >= engine->deadline_ns)) {
        /* Others have used up what there was: accept nothing that came.  The
           rest of what came is told again. */
        if (engine->may_accept &&
            !budget_has_room(engine->budget, BUDGET_STACK_STREAM))
            refill(engine);
        deliver(engine);
        refill(engine);
    }
    if (engine->deadline_ns != 0)
        loop_wait_at_most_ms(engine->loop,
                             (engine->deadline_ns - now_ns + 999999) / 1000000);
}

static void mark_dirty(void *self)
{
    struct slirp_engine *engine = self;

    engine->dirty = true;
}

static void fill_config(struct slirp_engine *engine, SlirpConfig *slirp,
                        const struct slirp_engine_config *config)
{
    const struct plan *plan = &config->plan;

    memset(slirp, 0, sizeof(*slirp));
    slirp->version = CONFIG_VERSION;
    slirp->in_enabled = true;
    slirp->vnetwork = plan->network.v4;
    slirp->vnetmask = plan->netmask.v4;
    slirp->vhost = plan->gateway.v4;
    slirp->vdhcp_start = plan->dhcp_start.v4;
    slirp->vnameserver = plan->dns.v4;
    /* What the guest gets of IPv6 and of names is decided before and behind
       the stack, since it cannot change its mind. */
    slirp->in6_enabled = true;
    slirp->vprefix_addr6 = plan->network6.v6;
    slirp->vprefix_len = (uint8_t)plan->prefix_len6;
    slirp->vhost6 = plan->gateway6.v6;
    slirp->vnameserver6 = plan->dns6.v6;
    /* The smaller one bounds its segments, this one what it takes. */
    slirp->if_mtu = SLIRP_ENGINE_TAKES_MAX;
    slirp->if_mru = config->segment;
    /* Interfaces are the hooks' business. */
    if (config->outbound.interface[0] == '\0' &&
        config->outbound.addr.family == AF_INET) {
        engine->outbound_sockaddr.sin_family = AF_INET;
        engine->outbound_sockaddr.sin_addr = config->outbound.addr.v4;
        slirp->outbound_addr = &engine->outbound_sockaddr;
    }
    if (config->outbound6.interface[0] == '\0' &&
        config->outbound6.addr.family == AF_INET6) {
        engine->outbound_sockaddr6.sin6_family = AF_INET6;
        engine->outbound_sockaddr6.sin6_addr = config->outbound6.addr.v6;
        slirp->outbound_addr6 = &engine->outbound_sockaddr6;
    }
}

struct slirp_engine *slirp_engine_new(struct loop *loop,
                                      const struct slirp_engine_config *config,
                                      const struct slirp_engine_sink *sink,
                                      struct stats *stats, GError **err)
{
    struct slirp_engine *engine = g_new0(struct slirp_engine, 1);
    SlirpConfig slirp;

    g_assert(config->segment >= SLIRP_ENGINE_SEGMENT_MIN &&
             config->segment <= SLIRP_ENGINE_SEGMENT_MAX);
    engine->loop = loop;
    engine->stats = stats;
    engine->sink = *sink;
    engine->budget = config->budget;
    engine->plan = config->plan;
    engine->secondary = config->secondary;
    engine->outbound = config->outbound;
    engine->outbound6 = config->outbound6;
    engine->kinds = g_byte_array_new();
    engine->new_fd = -1;
    engine->accepted = g_hash_table_new(NULL, NULL);
    engine->pollset = pollset_new(loop, mark_dirty, engine);
    fill_config(engine, &slirp, config);
    slirp_hooks_fill(&engine->callbacks);
    engine->slirp = slirp_new(&slirp, &engine->callbacks, engine);
    if (engine->slirp == NULL) {
        error_set(err, SLIPGATE_ERROR_SYSTEM,
                  "libslirp %s refused its configuration (version %d, "
                  "segments of %u)",
                  slirp_version_string(), CONFIG_VERSION, config->segment);
        slirp_engine_free(engine);
        return NULL;
    }
    /* Its clock starts with the first run, not with its making. */
    engine->dirty = true;
    return engine;
}

void slirp_engine_free(struct slirp_engine *engine)
{
    if (engine == NULL)
        return;
    if (engine->slirp != NULL)
        slirp_cleanup(engine->slirp);
    pollset_free(engine->pollset);
    g_byte_array_free(engine->kinds, TRUE);
    g_hash_table_destroy(engine->accepted);
    g_free(engine);
}

void slirp_engine_input(struct slirp_engine *engine, const uint8_t *data,
                        size_t len)
{
    if (!engine->dirty &&
        loop_now_ns(engine->loop) - engine->ran_ns > CLOCK_SLACK_NS)
        deliver(engine);
    engine->dirty = true;
    errno = 0;
    engine->input = data;
    engine->input_len = len;
    slirp_input(engine->slirp, data, (int)len);
    engine->input = NULL;
}

bool slirp_engine_is_behind(struct slirp_engine *engine, int fd)
{
    /* What it waits for is listed anew, as it may have changed since. */
    if (engine->dirty)
        refill(engine);
    return slirp_socket_kind(engine, fd) == SLIRP_SOCKET_STREAM &&
           (pollset_wanted(engine->pollset, fd) & EPOLLOUT) != 0;
}

size_t slirp_engine_sockets(const struct slirp_engine *engine)
{
    return engine->open;
}

int slirp_engine_new_socket(struct slirp_engine *engine)
{
    int fd = engine->new_fd;

    engine->new_fd = -1;
    return fd;
}
