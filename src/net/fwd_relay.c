/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/fwd_relay.h"

#include "base/error.h"
#include "base/log.h"
#include "base/own.h"
#include "net/acceptor.h"
#include "net/dial.h"
#include "net/host_path.h"
#include "net/listener.h"
#include "net/relay_option.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* How long the guest may take to answer; a client would wait for minutes. */
#define ANSWER_MAX_NS 15000000000LL
#define SWEEP_MS      1000

struct forward {
    struct fwd_relay *relay;
    struct ip_endpoint guest;
    enum fwd_source source;
    uint64_t number; /* stands for it in the table of relays, never reused */
    struct host_path path;
    struct acceptor acceptor;
};

/* A client whose connection to the guest is being made. */
struct pending {
    struct forward *forward;
    struct loop_watch watch;
    int host_fd, guest_fd;
    struct ip_endpoint client; /* as the guest sees it */
    int64_t since_ns;
    GList link;
};

struct fwd_relay {
    struct loop *loop;
    struct fwd_relay_config config;
    GQueue pending; /* the oldest first */
    struct loop_timer sweep_timer;
    uint64_t last_number;
};

/* A forward may be gone, and its memory another's, while its flows go on. */
static const void *owner_of(const struct forward *forward)
{
    return (const void *)(uintptr_t)forward->number;
}

/* --- connecting to the guest --- */

static void pending_free(struct pending *pending)
{
    struct fwd_relay *relay = pending->forward->relay;

    loop_unwatch(relay->loop, &pending->watch);
    if (pending->host_fd >= 0)
        relay_reset_socket(pending->host_fd);
    if (pending->guest_fd >= 0)
        (void)close(pending->guest_fd);
    g_queue_unlink(&relay->pending, &pending->link);
    relay->config.budget->used[BUDGET_RELAY] -= RELAY_SIDE_COUNT;
    g_free(pending);
}

/* The way to the guest does not lead through the guard. */
static bool is_forbidden(const struct forward *forward)
{
    return forward->guest.addr.family == AF_INET6 &&
           !forward->relay->config.policy->enable_ipv6;
}

/* As whom the guest sees the client; the kernel chooses what we leave open. */
static struct ip_endpoint source_of(const struct pending *pending)
{
    struct ip_endpoint source = pending->client;
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);

    if ((source.port == 0 || source.addr.family == AF_UNSPEC) &&
        getsockname(pending->guest_fd, (struct sockaddr *)&ss, &len) == 0)
        (void)ip_endpoint_from_sockaddr(&ss, &source);
    return source;
}

static void connected(struct pending *pending, int rc)
{
    struct fwd_relay *relay = pending->forward->relay;
    const struct relay_flow flow = { .inbound = true,
                                     .guest = pending->forward->guest,
                                     .peer = source_of(pending),
                                     .owner = owner_of(pending->forward) };

    if (rc == 0 && !is_forbidden(pending->forward)) {
        loop_unwatch(relay->loop, &pending->watch);
        if (relay_start(relay->config.relays, &flow, pending->host_fd,
                        pending->guest_fd) != 0)
            LOG_LIMITED("cannot watch a connection to the guest");
        pending->host_fd = pending->guest_fd = -1;
    } else {
        relay->config.stats->inbound_refused++;
    }
    pending_free(pending);
}

static void guest_ready(void *self, uint32_t events)
{
    struct pending *pending = self;
    int rc = dial_result(pending->guest_fd);

    (void)events;
    if (rc != -EINPROGRESS)
        connected(pending, rc);
}

static void sweep(void *self)
{
    struct fwd_relay *relay = self;
    int64_t now_ns = loop_now_ns(relay->loop);
    struct pending *pending;

    while ((pending = g_queue_peek_head(&relay->pending)) != NULL &&
           now_ns - pending->since_ns > ANSWER_MAX_NS)
        connected(pending, -ETIMEDOUT);
    if (relay->pending.length == 0)
        return;
    relay->config.unheard(relay->config.self);
    loop_timer_in_ms(relay->loop, &relay->sweep_timer, SWEEP_MS);
}

static void wait_for_guest(struct pending *pending)
{
    struct fwd_relay *relay = pending->forward->relay;
    int rc =
        loop_watch(relay->loop, &pending->watch, pending->guest_fd, EPOLLOUT);

    if (rc != 0)
        connected(pending, rc);
    else if (relay->sweep_timer.slot == 0)
        loop_timer_in_ms(relay->loop, &relay->sweep_timer, SWEEP_MS);
}

/* --- who the guest shall see --- */

/* Would the guest take the address for its own, or could it not answer it? */
static bool is_unfit(const struct plan *plan, const struct ip_addr *a,
                     const struct ip_addr *guest)
{
    bool v6 = guest->family == AF_INET6;

    if (a->family != guest->family || ip_addr_is_loopback(a) ||
        ip_addr_equal(a, guest))
        return true;
    /* A neighbour, whom the guest would look for on its link. */
    return v6 ? IN6_IS_ADDR_LINKLOCAL(&a->v6) ||
                    ip_addr_in_prefix(a, &plan->network6, plan->prefix_len6)
              : ip_addr_in_prefix(a, &plan->network, plan->prefix_len);
}

/* The client itself or the gateway; on the guest's own loopback, nobody. */
static void choose_source(const struct forward *forward,
                          struct ip_endpoint *source)
{
    const struct plan *plan = forward->relay->config.plan;
    const struct ip_addr *guest = &forward->guest.addr;
    const struct segment *segment =
        segments_of(forward->relay->config.segments, guest);

    if (segment != NULL)
        source->addr = segment_client(segment, guest, &source->addr,
                                      forward->source == FWD_SOURCE_GATEWAY);
    else if (ip_addr_is_loopback(guest))
        source->addr.family = AF_UNSPEC;
    else if (forward->source == FWD_SOURCE_GATEWAY ||
             is_unfit(plan, &source->addr, guest))
        source->addr =
            guest->family == AF_INET6 ? plan->gateway6 : plan->gateway;
}

/* Who has connected; of family AF_UNSPEC over a UNIX socket. */
static struct ip_endpoint client_of(const struct sockaddr_storage *from)
{
    struct ip_endpoint client = { .addr.family = AF_UNSPEC };

    if (ip_endpoint_from_sockaddr(from, &client))
        client.addr = ip_addr_unmap(&client.addr);
    return client;
}

static int bind_source(int fd, const struct ip_endpoint *source)
{
    struct sockaddr_storage ss;
    socklen_t len = ip_endpoint_to_sockaddr(source, &ss);

    if (source->addr.family == AF_UNSPEC)
        return 0;
    return bind(fd, (struct sockaddr *)&ss, len) == 0 ? 0 : -errno;
}

/* dial()'s result. */
static int try_to_reach(struct pending *pending)
{
    const struct ip_endpoint *guest = &pending->forward->guest;
    int rc = socket_stock_take(pending->forward->relay->config.stock,
                               guest->addr.family,
                               ip_addr_is_loopback(&guest->addr));

    if (rc < 0)
        return rc;
    own_close(&pending->guest_fd);
    pending->guest_fd = rc;
    relay_prepare_socket(pending->guest_fd);
    rc = bind_source(pending->guest_fd, &pending->client);
    return rc == 0 ? dial(pending->guest_fd, guest) : rc;
}

/* From the client's own port, if that can be had, else from any. */
static int reach_guest(struct pending *pending)
{
    int rc = try_to_reach(pending);

    if (rc != -EADDRNOTAVAIL && rc != -EADDRINUSE && rc != -EACCES)
        return rc;
    pending->client.port = 0;
    return try_to_reach(pending);
}

static void accepted(void *self, int fd, const struct sockaddr_storage *from)
{
    struct forward *forward = self;
    struct fwd_relay *relay = forward->relay;
    struct pending *pending = g_new0(struct pending, 1);
    int rc;

    if (relay->pending.length >= FWD_RELAY_PENDING_MAX)
        connected(g_queue_peek_head(&relay->pending), -ETIMEDOUT);
    pending->forward = forward;
    pending->host_fd = fd;
    pending->guest_fd = -1;
    pending->since_ns = loop_now_ns(relay->loop);
    pending->link.data = pending;
    pending->watch =
        (struct loop_watch){ .ready = guest_ready, .self = pending };
    g_queue_push_tail_link(&relay->pending, &pending->link);
    relay->config.budget->used[BUDGET_RELAY] += RELAY_SIDE_COUNT;
    pending->client = client_of(from);
    if (ip_addr_is_loopback(&pending->client.addr))
        relay_stay_local(fd);
    choose_source(forward, &pending->client);
    rc = is_forbidden(forward) ? -ENETUNREACH : reach_guest(pending);
    if (rc == -EINPROGRESS)
        wait_for_guest(pending);
    else
        connected(pending, rc);
}

static bool has_room(void *self)
{
    const struct forward *forward = self;

    return budget_has_room(forward->relay->config.budget, BUDGET_RELAY);
}

/* --- the driver --- */

static bool can_carry(void *self, const struct fwd_rule *rule)
{
    const struct fwd_relay *relay = self;
    const struct ip_addr *guest = &rule->guest.addr;

    return rule->proto == IPPROTO_TCP &&
           (guest->family == AF_INET ||
            (guest->family == AF_INET6 && relay->config.ipv6)) &&
           !ip_addr_is_any(guest);
}

static void *start(void *self, struct fwd_rule *rule, GError **err)
{
    struct fwd_relay *relay = self;
    struct host_path path = { .path = NULL };
    int fd = listener_open(rule, &path, err), rc;
    struct forward *forward;

    if (fd < 0)
        return NULL;
    forward = g_new0(struct forward, 1);
    forward->path = path;
    forward->source = rule->source;
    forward->number = ++relay->last_number;
    forward->relay = relay;
    forward->guest = rule->guest;
    forward->acceptor.accepted = accepted;
    forward->acceptor.has_room = has_room;
    forward->acceptor.self = forward;
    rc = acceptor_start(&forward->acceptor, relay->loop, fd);
    if (rc == 0)
        return forward;
    errno = -rc;
    error_set_errno(err, "watch a listening socket");
    host_path_remove(&forward->path);
    g_free(forward);
    return NULL;
}

/* Connections that are established live on. */
static void stop(void *self, void *handle)
{
    struct fwd_relay *relay = self;
    struct forward *forward = handle;
    GList *next;

    acceptor_stop(&forward->acceptor);
    host_path_remove(&forward->path);
    for (GList *l = relay->pending.head; l != NULL; l = next) {
        struct pending *pending = l->data;

        next = l->next;
        if (pending->forward == forward)
            pending_free(pending);
    }
    g_free(forward);
}

static bool is_owned_by(void *self, const struct relay_flow *flow)
{
    return flow->owner == self;
}

static size_t connections(void *self, const void *handle)
{
    const struct fwd_relay *relay = self;

    return relay_count_owned(relay->config.relays, owner_of(handle));
}

static size_t close_all(void *self, void *handle)
{
    struct fwd_relay *relay = self;

    return relay_close_matching(relay->config.relays, is_owned_by,
                                (void *)(uintptr_t)owner_of(handle));
}

struct fwd_driver fwd_relay_driver(struct fwd_relay *relay)
{
    return (struct fwd_driver){ .name = "relay",
                                .self = relay,
                                .can_carry = can_carry,
                                .start = start,
                                .stop = stop,
                                .connections = connections,
                                .close = close_all };
}

struct fwd_relay *fwd_relay_new(struct loop *loop,
                                const struct fwd_relay_config *config)
{
    struct fwd_relay *relay = g_new0(struct fwd_relay, 1);

    relay->loop = loop;
    relay->config = *config;
    relay->sweep_timer = (struct loop_timer){ .expired = sweep, .self = relay };
    return relay;
}

void fwd_relay_free(struct fwd_relay *relay)
{
    if (relay == NULL)
        return;
    g_assert(relay->pending.length == 0);
    loop_timer_cancel(relay->loop, &relay->sweep_timer);
    g_free(relay);
}
