/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/intercept.h"

#include "agent/ops.h"
#include "base/error.h"
#include "base/log.h"
#include "net/acceptor.h"
#include "net/checksum.h"
#include "net/dial.h"
#include "net/dns_guest.h"
#include "net/outward.h"
#include "net/relay_option.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/*
 * One entry for each pair of ends that the guest opens a connection between:
 *
 *   CONNECTING --ok--> INJECTED --accepted--> JOINED --after a while--> gone
 *       |                  `--no one there any more--> gone
 *       `--error--> refused, gone
 *
 * A SYN that comes again is a copy: CONNECTING ignores it, INJECTED injects it
 * again, JOINED ignores it unless it opens a new connection.
 */
enum state { CONNECTING, INJECTED, JOINED, STATE_COUNT };

/* How long an entry may stay in a state: as long as Linux itself tries to
   connect; as long as a guest that gave up would not be heard; until no copy of
   the SYN can be on its way. */
static const int64_t lifetime_ns[STATE_COUNT] = {
    [CONNECTING] = 130 * 1000000000LL,
    [INJECTED] = 5 * 1000000000LL,
    [JOINED] = 1 * 1000000000LL,
};

#define SWEEP_MS   250
#define UNHEARD_NS 1000000000LL
/* Ethernet, IPv6 and TCP headers with all options they may have. */
#define SYN_MAX (FRAME_ETH_LEN + FRAME_IPV6_LEN + 60u)

struct ends {
    struct ip_endpoint guest, peer; /* bytes that mean nothing are zero */
};

struct entry {
    struct ends ends; /* first: the key */
    struct intercept *intercept;
    struct loop_watch watch; /* while CONNECTING */
    int host_fd;             /* -1 when JOINED, or for names */
    bool names;              /* ends here */
    enum state state;
    int64_t since_ns;
    GList link; /* in queues[state] */
    uint32_t seq;
    uint8_t syn_len;
    uint8_t syn[SYN_MAX]; /* as the guest sent it, without data */
};

struct intercept {
    struct loop *loop;
    struct relay_table *relays;
    struct intercept_config config;
    struct stats *stats;
    GHashTable *entries;
    GQueue queues[STATE_COUNT]; /* the oldest first */
    struct loop_timer sweep_timer;
    struct acceptor acceptors[2]; /* IPv4, IPv6 */
    int64_t unheard_ns;
};

/* --- entries --- */

static guint ends_hash(gconstpointer p)
{
    const uint8_t *bytes = p;
    guint32 hash = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < sizeof(struct ends); i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return hash;
}

static gboolean ends_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(struct ends)) == 0;
}

static void copy_endpoint(struct ip_endpoint *to,
                          const struct ip_endpoint *from)
{
    to->port = from->port;
    to->addr.family = from->addr.family;
    if (from->addr.family == AF_INET6)
        to->addr.v6 = from->addr.v6;
    else
        to->addr.v4 = from->addr.v4;
}

static void make_ends(struct ends *ends, const struct ip_endpoint *guest,
                      const struct ip_endpoint *peer)
{
    memset(ends, 0, sizeof(*ends));
    copy_endpoint(&ends->guest, guest);
    copy_endpoint(&ends->peer, peer);
}

static void enter_state(struct entry *entry, enum state state)
{
    struct intercept *in = entry->intercept;

    g_queue_unlink(&in->queues[entry->state], &entry->link);
    entry->state = state;
    entry->since_ns = loop_now_ns(in->loop);
    g_queue_push_tail_link(&in->queues[state], &entry->link);
}

/* Both descriptors of the flow to be, until the relay counts them. */
static void count_descriptors(struct intercept *in, int sign)
{
    in->config.budget->used[BUDGET_RELAY] +=
        (unsigned)(sign * RELAY_SIDE_COUNT);
}

static void entry_free(struct entry *entry)
{
    struct intercept *in = entry->intercept;

    g_queue_unlink(&in->queues[entry->state], &entry->link);
    if (entry->state != JOINED)
        count_descriptors(in, -1);
    if (entry->host_fd >= 0) {
        loop_forget(in->loop, &entry->watch);
        (void)close(entry->host_fd);
    }
    (void)g_hash_table_remove(in->entries, &entry->ends);
    g_free(entry);
}

static void sweep(void *self)
{
    struct intercept *in = self;
    int64_t now_ns = loop_now_ns(in->loop);

    for (size_t state = 0; state < STATE_COUNT; state++) {
        GQueue *queue = &in->queues[state];
        struct entry *entry;

        while ((entry = g_queue_peek_head(queue)) != NULL &&
               now_ns - entry->since_ns > lifetime_ns[state])
            entry_free(entry);
    }
    if (g_hash_table_size(in->entries) > 0)
        loop_timer_in_ms(in->loop, &in->sweep_timer, SWEEP_MS);
}

size_t intercept_pending(const struct intercept *in)
{
    return in->queues[CONNECTING].length + in->queues[INJECTED].length;
}

void intercept_drop_held(struct intercept *in)
{
    static const enum state held[] = { CONNECTING, INJECTED };
    struct entry *entry;

    for (size_t i = 0; i < G_N_ELEMENTS(held); i++)
        while ((entry = g_queue_peek_head(&in->queues[held[i]])) != NULL)
            entry_free(entry);
}

/* Room for one more. */
static void forget_oldest(struct intercept *in)
{
    while (intercept_pending(in) >= INTERCEPT_PENDING_MAX) {
        struct entry *oldest = g_queue_peek_head(&in->queues[INJECTED]);

        if (oldest == NULL)
            oldest = g_queue_peek_head(&in->queues[CONNECTING]);
        in->stats->syns_dropped++;
        LOG_LIMITED("more than %u connections of the guest are being opened: "
                    "forgetting the oldest",
                    INTERCEPT_PENDING_MAX);
        entry_free(oldest);
    }
}

/* --- answers to the guest --- */

static void entry_inject(struct entry *entry)
{
    static const uint8_t tap_mac[6] = AGENT_RELAY_TAP_MAC;
    struct intercept *in = entry->intercept;
    uint8_t copy[SYN_MAX];

    memcpy(copy, entry->syn, entry->syn_len);
    memcpy(copy, tap_mac, sizeof(tap_mac));
    in->config.inject(in->config.self, copy, entry->syn_len);
}

static void entry_refuse(struct entry *entry, int error)
{
    struct intercept *in = entry->intercept;
    uint8_t answer[REFUSE_MAX];
    enum refuse_reason reason;
    struct frame syn;
    size_t len = 0;

    if (outward_refusal(error, &reason) &&
        frame_parse(entry->syn, entry->syn_len, &syn) == FRAME_GOOD)
        len = refuse_build(&syn, in->config.plan, reason, answer);
    if (len > 0) {
        in->stats->syns_refused++;
        in->config.inject(in->config.self, answer, len);
    } else {
        /* Timed out, or out of memory: the guest tries again by itself. */
        in->stats->syns_dropped++;
    }
    entry_free(entry);
}

static void report_unheard(struct intercept *in)
{
    int64_t now_ns = loop_now_ns(in->loop);

    if (now_ns - in->unheard_ns < UNHEARD_NS)
        return;
    in->unheard_ns = now_ns;
    in->config.unheard(in->config.self);
}

/* --- connecting on the host --- */

static void entry_connected(struct entry *entry, int rc)
{
    struct intercept *in = entry->intercept;
    bool v6 = entry->ends.peer.addr.family == AF_INET6;

    loop_unwatch(entry->intercept->loop, &entry->watch);
    if (rc != 0) {
        entry_refuse(entry, -rc);
        return;
    }
    enter_state(entry, INJECTED);
    entry_inject(entry);
    /* On one machine the guest has answered by the time the SYN is written. */
    acceptor_poll(&in->acceptors[v6]);
}

static void host_ready(void *self, uint32_t events)
{
    struct entry *entry = self;
    int rc = dial_result(entry->host_fd);

    (void)events;
    if (rc != -EINPROGRESS)
        entry_connected(entry, rc);
}

static void entry_connect(struct entry *entry, const struct ip_endpoint *host)
{
    struct intercept *in = entry->intercept;
    int rc =
        outward_connect(host,
                        host->addr.family == AF_INET6 ? &in->config.outbound6
                                                      : &in->config.outbound,
                        &entry->host_fd);

    if (rc == -EINPROGRESS)
        rc = loop_watch(in->loop, &entry->watch, entry->host_fd, EPOLLOUT);
    else if (rc == 0)
        rc = 1;
    if (rc == 0)
        return;
    if (rc == -EMFILE || rc == -ENFILE)
        LOG_LIMITED("no descriptors left to connect for the guest");
    entry_connected(entry, rc > 0 ? 0 : rc);
}

/* --- the guest's SYN --- */

/* Data that came with it (RFC 7413) is left out: the guest sends it again. */
static void keep_syn(struct entry *entry, const struct frame *f)
{
    struct frame syn;
    uint8_t *ip = entry->syn + FRAME_ETH_LEN;
    size_t ip_len = f->payload - FRAME_ETH_LEN;

    entry->syn_len = (uint8_t)f->payload;
    memcpy(entry->syn, f->data, f->payload);
    if (f->len == f->payload)
        return;
    if (f->src.addr.family == AF_INET6) {
        frame_put16(ip + 4, (uint16_t)(ip_len - FRAME_IPV6_LEN));
    } else {
        frame_put16(ip + 2, (uint16_t)ip_len);
        checksum_set_ipv4(ip);
    }
    if (frame_parse(entry->syn, entry->syn_len, &syn) == FRAME_GOOD)
        checksum_set_l4(&syn, 16);
}

/* `host` NULL: it is for names. */
static void start_entry(struct intercept *in, const struct frame *f,
                        const struct ends *ends, const struct ip_endpoint *host)
{
    struct entry *entry;

    forget_oldest(in);
    entry = g_new0(struct entry, 1);
    memcpy(&entry->ends, ends, sizeof(*ends)); /* padding as well */
    entry->intercept = in;
    entry->host_fd = -1;
    entry->seq = f->tcp_seq;
    entry->since_ns = loop_now_ns(in->loop);
    entry->link.data = entry;
    entry->watch = (struct loop_watch){ .ready = host_ready, .self = entry };
    keep_syn(entry, f);
    g_queue_push_tail_link(&in->queues[CONNECTING], &entry->link);
    (void)g_hash_table_add(in->entries, entry);
    if (in->sweep_timer.slot == 0)
        loop_timer_in_ms(in->loop, &in->sweep_timer, SWEEP_MS);
    count_descriptors(in, +1);
    in->stats->syns_held++;
    if (host != NULL) {
        entry_connect(entry, host);
    } else {
        entry->names = true;
        entry_connected(entry, 0);
    }
}

/* Nothing can be had for it: said at once, as libslirp's table would be. */
static void refuse_for_want(struct intercept *in, const struct frame *f)
{
    uint8_t answer[REFUSE_MAX];
    size_t len = refuse_build(f, in->config.plan, REFUSE_RESET, answer);

    LOG_LIMITED("no descriptors left to connect for the guest");
    if (len == 0) {
        in->stats->syns_dropped++;
        return;
    }
    in->stats->syns_refused++;
    in->config.inject(in->config.self, answer, len);
}

/* True: the SYN is a copy of one that is known. */
static bool is_copy(struct entry *entry, const struct frame *f)
{
    if (entry->seq != f->tcp_seq) {
        /* The guest has given the old one up, and its port is used again. */
        entry_free(entry);
        return false;
    }
    if (entry->state == INJECTED) {
        entry_inject(entry);
        report_unheard(entry->intercept);
    }
    return true;
}

static bool map_outward(const struct intercept *in, const struct frame *f,
                        struct ip_endpoint *host)
{
    const struct plan *plan = in->config.plan;

    return segments_find_published(in->config.segments, f, &plan->guest,
                                   host) ||
           outward_map(plan, &f->dst, host);
}

bool intercept_take(struct intercept *in, const struct frame *f)
{
    bool v6 = f->src.addr.family == AF_INET6;
    bool names = in->config.names != NULL &&
                 dns_guest_is_resolver(in->config.plan, &f->dst);
    struct ip_endpoint host;
    struct entry *entry;
    struct ends ends;

    if ((f->tcp_flags & (FRAME_SYN | FRAME_ACK)) != FRAME_SYN ||
        in->acceptors[v6].fd < 0 || f->payload > SYN_MAX ||
        (!names && !map_outward(in, f, &host)))
        return false;
    make_ends(&ends, &f->src, &f->dst);
    entry = g_hash_table_lookup(in->entries, &ends);
    if (entry != NULL && is_copy(entry, f))
        return true;
    if (budget_has_room(in->config.budget, BUDGET_RELAY))
        start_entry(in, f, &ends, names ? NULL : &host);
    else
        refuse_for_want(in, f);
    return true;
}

/* --- accepting in the relay namespace --- */

static void join(struct entry *entry, int guest_fd)
{
    struct intercept *in = entry->intercept;
    const struct relay_flow flow = { .guest = entry->ends.guest,
                                     .peer = entry->ends.peer };
    int host_fd = entry->host_fd;

    entry->host_fd = -1;
    count_descriptors(in, -1);
    enter_state(entry, JOINED);
    if (entry->names)
        in->config.names(in->config.self, guest_fd, &flow.guest);
    else if (relay_start(in->relays, &flow, host_fd, guest_fd) != 0)
        LOG_LIMITED("cannot watch a connection of the guest");
}

static bool accepted_ends(int fd, const struct sockaddr_storage *from,
                          struct ends *ends)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    struct ip_endpoint guest, peer;

    if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0 ||
        !ip_endpoint_from_sockaddr(&ss, &peer) ||
        !ip_endpoint_from_sockaddr(from, &guest))
        return false;
    make_ends(ends, &guest, &peer);
    return true;
}

static void accepted(void *self, int fd, const struct sockaddr_storage *from)
{
    struct intercept *in = self;
    struct entry *entry = NULL;
    struct ends ends;

    if (accepted_ends(fd, from, &ends))
        entry = g_hash_table_lookup(in->entries, &ends);
    /* Whoever comes without having been held gets nothing. */
    if (entry == NULL || entry->state != INJECTED)
        relay_reset_socket(fd);
    else
        join(entry, fd);
}

/* --- life --- */

static int start_acceptor(struct intercept *in, size_t i, int fd)
{
    struct acceptor *acceptor = &in->acceptors[i];

    acceptor->fd = -1;
    acceptor->accepted = accepted;
    acceptor->self = in;
    if (fd < 0)
        return 0;
    relay_prepare_socket(fd);
    return acceptor_start(acceptor, in->loop, fd);
}

struct intercept *intercept_new(struct loop *loop, struct relay_table *relays,
                                const struct intercept_config *config,
                                struct stats *stats, GError **err)
{
    struct intercept *in = g_new0(struct intercept, 1);
    int rc, rc6;

    in->loop = loop;
    in->relays = relays;
    in->config = *config;
    in->stats = stats;
    in->unheard_ns = loop_now_ns(loop) - UNHEARD_NS;
    in->entries = g_hash_table_new(ends_hash, ends_equal);
    in->sweep_timer = (struct loop_timer){ .expired = sweep, .self = in };
    rc = start_acceptor(in, 0, config->listener_fd);
    rc6 = start_acceptor(in, 1, config->listener6_fd);
    if (rc == 0)
        rc = rc6;
    if (rc == 0)
        return in;
    errno = -rc;
    error_set_errno(err, "watch the relay namespace's listener");
    intercept_free(in);
    return NULL;
}

void intercept_free(struct intercept *in)
{
    if (in == NULL)
        return;
    for (size_t state = 0; state < STATE_COUNT; state++)
        while (in->queues[state].head != NULL)
            entry_free(in->queues[state].head->data);
    g_hash_table_destroy(in->entries);
    loop_timer_cancel(in->loop, &in->sweep_timer);
    for (size_t i = 0; i < G_N_ELEMENTS(in->acceptors); i++)
        acceptor_stop(&in->acceptors[i]);
    g_free(in);
}
