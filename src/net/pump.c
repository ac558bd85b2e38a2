/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/pump.h"

#include "base/error.h"
#include "net/dgram.h"
#include "net/flow.h"
#include "net/fragment.h"
#include "net/guard.h"
#include "net/merge.h"
#include "net/refuse.h"
#include "net/router.h"

#include <errno.h>
#include <limits.h>
#include <net/ethernet.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Frames taken per turn, so that the other direction gets its share. */
#define BATCH            64
#define REAP_INTERVAL_MS 5000
/* Answers of our own that wait for the stack to be left. */
#define LATE_MAX 256u

struct pump {
    struct loop *loop;
    struct link link;
    struct loop_watch watch;
    struct loop_timer reap_timer, late_timer;
    GQueue late; /* of GBytes: frames in the guest's name */
    struct stats *stats;
    const struct policy *policy;
    struct slirp_engine *engine;
    const struct plan *plan;
    struct budget *budget;
    struct budget boundless; /* where nobody gives one */
    struct guard *guard;
    struct flow_table *flows;
    struct neighbours *neighbours;
    struct dgram *dgram;
    struct merge *merge;
    uint32_t fragment_id;
    unsigned segment;
    bool (*take_tcp)(void *self, struct frame *f);
    void (*gone)(void *self, int error);
    void *self;
    uint8_t *buf; /* FRAME_MAX bytes */
};

/* --- to the guest --- */

static void write_one(struct pump *pump, struct frame *f, bool joined)
{
    if (link_write(&pump->link, f, joined) < 0) {
        pump->stats->frames_to_guest_lost++;
        return;
    }
    pump->stats->frames_to_guest++;
    pump->stats->bytes_to_guest += f->len;
}

static void write_fragment(void *self, uint8_t *data, size_t len)
{
    struct frame raw = { .data = data, .len = len };

    write_one(self, &raw, false);
}

static void write_frame(void *self, struct frame *f, bool joined)
{
    struct pump *pump = self;

    /* TCP is cut by the guest's kernel, or was never larger. */
    if (f->proto != IPPROTO_TCP && fragment_wants(f, pump->link.mtu))
        fragment_cut(f, pump->link.mtu, ++pump->fragment_id, write_fragment,
                     pump);
    else
        write_one(pump, f, joined);
}

static void tcp_to_guest(struct pump *pump, const struct frame *f)
{
    /* If this opens a connection, the stack has just accepted it. */
    int fd = pump->engine != NULL ? slirp_engine_new_socket(pump->engine) : -1;

    flow_to_guest(pump->flows, f, loop_now_ns(pump->loop));
    if (fd >= 0)
        flow_note_socket(pump->flows, f, false, fd);
}

/*
 * The stack has IPv6 all the time, since it cannot be given it later; the guest
 * hears of it only while the policy says so.
 */
static bool is_silenced(const struct pump *pump, const uint8_t *data,
                        size_t len)
{
    return !pump->policy->enable_ipv6 && len >= FRAME_ETH_LEN &&
           frame_get16(data + 12) == ETHERTYPE_IPV6;
}

/* The stack must not be entered from inside of it. */
static void send_late(void *self)
{
    struct pump *pump = self;
    GBytes *frame;

    while ((frame = g_queue_pop_head(&pump->late)) != NULL) {
        gsize len;
        const uint8_t *data = g_bytes_get_data(frame, &len);

        slirp_engine_input(pump->engine, data, len);
        g_bytes_unref(frame);
    }
}

/* What opens a connection is told at once that nobody answers. */
static void silence(struct pump *pump, const uint8_t *data, size_t len)
{
    uint8_t answer[REFUSE_MAX];
    struct frame f;

    pump->stats->drop_policy++;
    if (frame_parse((uint8_t *)(uintptr_t)data, len, &f) != FRAME_GOOD ||
        f.l4 == 0 || f.proto != IPPROTO_TCP)
        return;
    len = refuse_build(&f, pump->plan, REFUSE_RESET, answer);
    if (len == 0 || pump->late.length >= LATE_MAX)
        return;
    g_queue_push_tail(&pump->late, g_bytes_new(answer, len));
    loop_timer_in_ms(pump->loop, &pump->late_timer, 0);
}

static void to_guest(void *self, const uint8_t *data, size_t len)
{
    struct pump *pump = self;
    struct frame f;

    if (is_silenced(pump, data, len)) {
        silence(pump, data, len);
        return;
    }

    /* Frames of our own side; merging copies before it changes anything. */
    if (frame_parse((uint8_t *)(uintptr_t)data, len, &f) != FRAME_GOOD)
        f = (struct frame){ .data = (uint8_t *)(uintptr_t)data, .len = len };
    else if (f.proto == IPPROTO_TCP && f.l4 != 0)
        tcp_to_guest(pump, &f);
    else if (f.proto == IPPROTO_UDP && f.l4 != 0) {
        guard_note_to_guest(pump->guard, &f, loop_now_ns(pump->loop));
        dgram_note_stack(pump->dgram, &f, loop_now_ns(pump->loop));
    }
    merge_put(pump->merge, &f);
}

static int datagram_to_guest(void *self, const struct virtio_net_hdr *hdr,
                             const uint8_t *data, size_t len)
{
    struct pump *pump = self;
    int rc;

    if (is_silenced(pump, data, len)) {
        pump->stats->drop_policy++;
        return 0;
    }
    rc = link_send(&pump->link, hdr, data, len);
    if (rc < 0) {
        pump->stats->frames_to_guest_lost++;
        return rc;
    }
    pump->stats->frames_to_guest++;
    pump->stats->bytes_to_guest += len;
    return 0;
}

static void flush(void *self)
{
    struct pump *pump = self;

    merge_flush(pump->merge);
}

/* --- from the guest --- */

static void to_engine(void *self, uint8_t *data, size_t len)
{
    struct pump *pump = self;

    slirp_engine_input(pump->engine, data, len);
}

static void refuse(struct pump *pump, const struct frame *f,
                   enum refuse_reason reason)
{
    uint8_t out[REFUSE_MAX];
    size_t len = refuse_build(f, pump->plan, reason, out);

    pump->stats->flows_refused++;
    if (len > 0)
        pump_inject(pump, out, len);
}

/*
 * The stack opens what it is asked for until it finds no descriptor; so it is
 * not asked for more than there are.
 */
static bool may_open(struct pump *pump, const struct frame *f)
{
    if ((f->tcp_flags & (FRAME_SYN | FRAME_ACK)) != FRAME_SYN)
        return true;
    return flow_is_known(pump->flows, f) ||
           budget_has_room(pump->budget, BUDGET_STACK_STREAM);
}

static void tcp_to_engine(struct pump *pump, const struct frame *f)
{
    int fd;

    if (!may_open(pump, f)) {
        refuse(pump, f, REFUSE_RESET);
        return;
    }
    if (!guard_admits_order(pump->guard, f))
        return;
    flow_from_guest(pump->flows, f, loop_now_ns(pump->loop));
    to_engine(pump, f->data, f->len);
    fd = slirp_engine_new_socket(pump->engine);
    if (fd >= 0)
        flow_note_socket(pump->flows, f, true, fd);
}

static void piece_to_engine(void *self, uint8_t *data, size_t len)
{
    struct frame f;

    if (frame_parse(data, len, &f) == FRAME_GOOD)
        tcp_to_engine(self, &f);
}

static void tcp_from_guard(struct pump *pump, struct frame *f)
{
    if (pump->take_tcp != NULL && pump->take_tcp(pump->self, f))
        return;
    /* The stack takes IPv4 of any size, but IPv6 only up to its MTU, which the
       guest's own device may exceed by a few bytes. */
    if (f->src.addr.family == AF_INET6 &&
        f->len - FRAME_ETH_LEN > SLIRP_ENGINE_TAKES_MAX)
        vnet_segment(f, SLIRP_ENGINE_TAKES_MAX / 2, piece_to_engine, pump);
    else
        tcp_to_engine(pump, f);
}

static void from_guard(void *self, struct frame *f)
{
    struct pump *pump = self;

    if (f->proto == IPPROTO_TCP) {
        tcp_from_guard(pump, f);
        return;
    }
    if (dgram_take(pump->dgram, f, loop_now_ns(pump->loop)))
        return;
    neighbours_learn(pump->neighbours, f);
    if ((f->proto == IPPROTO_UDP || f->proto == IPPROTO_ICMP) &&
        !budget_has_room(pump->budget, BUDGET_STACK_DATAGRAM))
        refuse(pump, f, REFUSE_HOST);
    else
        to_engine(pump, f->data, f->len);
}

static bool expects(void *self, const struct frame *f)
{
    struct pump *pump = self;

    return dgram_expects(pump->dgram, f);
}

/* 0, or the error for which the link is gone. */
static int take_batch(struct pump *pump)
{
    int64_t now_ns = loop_now_ns(pump->loop);

    for (int i = 0; i < BATCH; i++) {
        struct virtio_net_hdr hdr;
        ssize_t n = link_read(&pump->link, pump->buf, &hdr);

        if (n == 0)
            return 0;
        if (n == -EPROTO)
            pump->stats->drop_vnet_header++;
        else if (n < 0)
            return (int)-n;
        else
            guard_input(pump->guard, pump->buf, (size_t)n, now_ns);
    }
    return 0;
}

static void link_ready(void *self, uint32_t events)
{
    struct pump *pump = self;
    int error = take_batch(pump);

    dgram_flush(pump->dgram);
    /* A device that only reports an error reads as empty for ever. */
    if (error == 0 && (events & (EPOLLERR | EPOLLHUP)) != 0 &&
        (events & EPOLLIN) == 0)
        error = EIO;
    if (error == 0)
        return;
    loop_unwatch(pump->loop, &pump->watch);
    pump->gone(pump->self, error); /* last: the pump may be no more */
}

static void reap(void *self)
{
    struct pump *pump = self;

    flow_table_reap(pump->flows, loop_now_ns(pump->loop));
    dgram_reap(pump->dgram, loop_now_ns(pump->loop));
    loop_timer_in_ms(pump->loop, &pump->reap_timer, REAP_INTERVAL_MS);
}

/* --- life --- */

static int start_engine(struct pump *pump, const struct pump_config *config,
                        GError **err)
{
    struct slirp_engine_sink sink = { to_guest, pump };
    struct slirp_engine_config engine = {
        .plan = *config->plan,
        .segment = pump->segment,
        .outbound = config->outbound,
        .outbound6 = config->outbound6,
        .budget = pump->budget,
    };

    pump->engine =
        slirp_engine_new(pump->loop, &engine, &sink, pump->stats, err);
    return pump->engine == NULL ? -1 : 0;
}

static struct dgram *start_dgram(struct pump *pump,
                                 const struct pump_config *config)
{
    const struct dgram_config dgram = {
        .plan = config->plan,
        .neighbours = pump->neighbours,
        .budget = pump->budget,
        .stats = pump->stats,
        .observer = config->observer,
        .outbound = config->outbound,
        .outbound6 = config->outbound6,
        .link = { .mtu = pump->link.mtu,
                  .vnet = pump->link.vnet,
                  .uso = pump->link.vnet },
        .sink = { datagram_to_guest, pump },
    };

    return dgram_new(pump->loop, &dgram);
}

static int watch_link(struct pump *pump, GError **err)
{
    int rc = loop_watch(pump->loop, &pump->watch, pump->link.fd, EPOLLIN);

    if (rc == 0)
        return 0;
    errno = -rc;
    return error_set_errno(err, "watch the guest's tap");
}

struct pump *pump_new(struct loop *loop, const struct pump_config *config,
                      struct stats *stats, GError **err)
{
    struct pump *pump = g_new0(struct pump, 1);
    struct merge_sink merge_sink = { write_frame, pump };
    struct flow_sink flow_sink = { to_guest, to_engine, pump };
    struct guard_sink guard_sink = { from_guard, to_guest, expects, pump };
    struct loop_hook hook = { flush, pump };

    pump->loop = loop;
    pump->link = config->link;
    pump->plan = config->plan;
    budget_init(&pump->boundless, ULONG_MAX);
    pump->budget = config->budget != NULL ? config->budget : &pump->boundless;
    pump->stats = stats;
    pump->policy = config->policy;
    pump->take_tcp = config->take_tcp;
    pump->gone = config->gone;
    pump->self = config->self;
    /* Where the guest cuts large frames itself, make them large. */
    pump->segment =
        CLAMP(pump->link.vnet ? SLIRP_ENGINE_SEGMENT_MAX : config->link.mtu,
              SLIRP_ENGINE_SEGMENT_MIN, SLIRP_ENGINE_SEGMENT_MAX);
    pump->buf = g_malloc(FRAME_MAX);
    pump->merge = merge_new(&merge_sink, pump->link.vnet, stats);
    pump->flows = flow_table_new(&flow_sink, stats);
    flow_table_observe(pump->flows, config->observer);
    pump->guard = guard_new(config->plan, config->policy, pump->flows, stats,
                            &guard_sink, slirp_engine_wants_order());
    pump->neighbours = neighbours_new(config->plan);
    pump->dgram = start_dgram(pump, config);
    pump->watch = (struct loop_watch){ .ready = link_ready, .self = pump };
    pump->reap_timer = (struct loop_timer){ .expired = reap, .self = pump };
    pump->late_timer =
        (struct loop_timer){ .expired = send_late, .self = pump };
    g_queue_init(&pump->late);
    if (start_engine(pump, config, err) < 0 || watch_link(pump, err) < 0) {
        pump_free(pump);
        return NULL;
    }
    /* After the engine's hook: what its run produced is written before the
       wait. */
    loop_add_hook(loop, &hook);
    loop_timer_in_ms(loop, &pump->reap_timer, REAP_INTERVAL_MS);
    return pump;
}

void pump_free(struct pump *pump)
{
    if (pump == NULL)
        return;
    loop_unwatch(pump->loop, &pump->watch);
    loop_timer_cancel(pump->loop, &pump->reap_timer);
    loop_timer_cancel(pump->loop, &pump->late_timer);
    g_queue_clear_full(&pump->late, (GDestroyNotify)g_bytes_unref);
    slirp_engine_free(pump->engine);
    guard_free(pump->guard);
    dgram_free(pump->dgram);
    neighbours_free(pump->neighbours);
    flow_table_free(pump->flows);
    merge_free(pump->merge);
    g_free(pump->buf);
    (void)close(pump->link.fd);
    g_free(pump);
}

void pump_inject(struct pump *pump, const uint8_t *data, size_t len)
{
    struct frame f = { .data = (uint8_t *)(uintptr_t)data, .len = len };

    merge_put(pump->merge, &f);
}

void pump_policy_narrowed(struct pump *pump)
{
    guard_forget_replies(pump->guard);
}

void pump_ipv6_on(struct pump *pump)
{
    uint8_t out[ROUTER_FRAME_MAX];

    slirp_engine_input(pump->engine, out, router_solicitation(out));
}

void pump_ipv6_off(struct pump *pump)
{
    static const uint8_t router_mac[] = SLIRP_ENGINE_ROUTER_MAC6;
    uint8_t out[ROUTER_FRAME_MAX];

    pump_inject(pump, out, router_farewell(pump->plan, router_mac, out));
}

struct slirp_engine *pump_engine(struct pump *pump)
{
    return pump->engine;
}

struct dgram *pump_dgram(struct pump *pump)
{
    return pump->dgram;
}

size_t pump_flow_count(const struct pump *pump)
{
    return flow_count(pump->flows) + dgram_count(pump->dgram);
}

void pump_each_flow(struct pump *pump, flow_visit visit, void *self)
{
    flow_each(pump->flows, visit, self);
    dgram_each(pump->dgram, visit, self);
}

size_t pump_end_flows(struct pump *pump, flow_match match, void *self)
{
    return flow_end_matching(pump->flows, match, self) +
           dgram_end_matching(pump->dgram, match, self);
}
