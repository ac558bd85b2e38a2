/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/pump.h"

#include "base/error.h"
#include "base/heap.h"
#include "net/pump_internal.h"
#include "net/router.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Three of the seven segments in the stack's window: the guest takes them in
   while the next are made.  More at a time was no faster. */
#define JOIN_MAX         (32u * 1024)
#define REAP_INTERVAL_MS 5000

static void flush(void *self)
{
    struct pump *pump = self;

    merge_flush(pump->merge);
    pump_look_at_ends(pump);
}

/* Whatever opened or closed since the last time may have freed much. */
static void trim(struct pump *pump)
{
    size_t sockets = stack_sockets(pump->stack);

    if (!pump->keeps_blocks ||
        (pump->trimmed_flows == pump->stats->flows_opened &&
         pump->trimmed_sockets == sockets))
        return;
    pump->trimmed_flows = pump->stats->flows_opened;
    pump->trimmed_sockets = sockets;
    heap_trim();
}

static void reap(void *self)
{
    struct pump *pump = self;

    flow_table_reap(pump->flows, loop_now_ns(pump->loop));
    dgram_reap(pump->dgram, loop_now_ns(pump->loop));
    trim(pump);
    loop_timer_in_ms(pump->loop, &pump->reap_timer, REAP_INTERVAL_MS);
}

static int start_stack(struct pump *pump, const struct pump_config *config,
                       GError **err)
{
    struct slirp_engine_sink sink = { pump_to_guest, pump };
    /* Hardly any connection comes here when something faster takes them. */
    unsigned lanes = config->take_tcp != NULL ? 1 : STACK_LANES_MAX;
    struct slirp_engine_config engine = {
        .plan = *config->plan,
        .segment = pump->segment,
        .cut = pump->link.vnet,
        .outbound = config->outbound,
        .outbound6 = config->outbound6,
        .budget = pump->budget,
    };

    /* One lane has both families, and the buffers of one of them grow. */
    pump->keeps_blocks = pump->link.vnet && lanes > 1;
    if (pump->keeps_blocks)
        heap_keep_large_blocks();
    flow_table_set_lanes(pump->flows, lanes);
    pump->stack =
        stack_new(pump->loop, &engine, lanes, &sink, pump->stats, err);
    return pump->stack == NULL ? -1 : 0;
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
        .segments = config->link.segments,
        .link = { .mtu = pump->link.mtu,
                  .vnet = pump->link.vnet,
                  .uso = pump->link.vnet },
        .sink = { pump_datagram_to_guest, pump },
    };

    return dgram_new(pump->loop, &dgram);
}

static struct dns_guest *start_names(struct pump *pump,
                                     const struct pump_config *config)
{
    const struct dns_guest_config names = {
        .plan = config->plan,
        .policy = config->policy,
        .forward = config->names,
        .budget = pump->budget,
        .stats = pump->stats,
        .link = { .mtu = pump->link.mtu, .vnet = pump->link.vnet },
        .sink = { pump_datagram_to_guest, pump },
    };

    return config->names != NULL ? dns_guest_new(pump->loop, &names) : NULL;
}

static int watch_link(struct pump *pump, GError **err)
{
    int rc = loop_watch(pump->loop, &pump->watch, pump->link.fd, EPOLLIN);

    if (rc == 0)
        return 0;
    errno = -rc;
    return error_set_errno(err, "watch the guest's tap");
}

/* Where the guest cuts large frames itself, make them large. */
static unsigned segment_for(const struct link *link)
{
    return link->vnet ? SLIRP_ENGINE_SEGMENT_CUT
                      : CLAMP(link->mtu, SLIRP_ENGINE_SEGMENT_MIN,
                              SLIRP_ENGINE_SEGMENT_MAX);
}

struct pump *pump_new(struct loop *loop, const struct pump_config *config,
                      struct stats *stats, GError **err)
{
    struct pump *pump = g_new0(struct pump, 1);
    struct merge_sink merge_sink = { pump_write_frame, pump };
    struct flow_sink flow_sink = { pump_to_guest, pump_to_stack, pump };
    struct guard_sink guard_sink = { pump_from_guard, pump_to_guest,
                                     pump_expects, pump };
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
    pump->segment = segment_for(&pump->link);
    pump->buf = g_malloc(FRAME_MAX);
    pump->merge = merge_new(&merge_sink, pump->link.vnet ? JOIN_MAX : 0, stats);
    pump->flows = flow_table_new(&flow_sink, stats);
    flow_table_observe(pump->flows, config->observer);
    pump->guard = guard_new(config->plan, config->policy, pump->flows, stats,
                            &guard_sink, slirp_engine_wants_order());
    guard_set_segments(pump->guard, config->link.segments);
    pump->neighbours = neighbours_new(config->plan);
    pump->dgram = start_dgram(pump, config);
    pump->names = start_names(pump, config);
    if (config->names != NULL)
        pump->steer = dns_steer_new(loop, config->plan, config->names);
    pump->watch = (struct loop_watch){ .ready = pump_link_ready, .self = pump };
    pump->reap_timer = (struct loop_timer){ .expired = reap, .self = pump };
    pump->late_timer =
        (struct loop_timer){ .expired = pump_send_late, .self = pump };
    g_queue_init(&pump->late);
    pump->end_timer =
        (struct loop_timer){ .expired = pump_give_ends, .self = pump };
    g_queue_init(&pump->held_ends);
    if (start_stack(pump, config, err) < 0 || watch_link(pump, err) < 0) {
        pump_free(pump);
        return NULL;
    }
    /* After the stack's hook: what its run produced is written before the
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
    loop_timer_cancel(pump->loop, &pump->end_timer);
    g_queue_clear_full(&pump->held_ends, g_free);
    g_queue_clear_full(&pump->late, (GDestroyNotify)g_bytes_unref);
    stack_free(pump->stack);
    guard_free(pump->guard);
    dgram_free(pump->dgram);
    dns_guest_free(pump->names);
    dns_steer_free(pump->steer);
    neighbours_free(pump->neighbours);
    flow_table_free(pump->flows);
    merge_free(pump->merge);
    g_free(pump->buf);
    (void)close(pump->link.fd);
    g_free(pump);
}

void pump_policy_narrowed(struct pump *pump, const struct policy *wanted)
{
    guard_forget_replies(pump->guard);
    if (pump->names != NULL)
        dns_guest_policy_narrowed(pump->names, wanted);
}

void pump_ipv6_on(struct pump *pump)
{
    uint8_t out[ROUTER_FRAME_MAX];

    pump_to_stack(pump, out, router_solicitation(out));
}

void pump_ipv6_off(struct pump *pump)
{
    static const uint8_t router_mac[] = SLIRP_ENGINE_ROUTER_MAC6;
    uint8_t out[ROUTER_FRAME_MAX];

    pump_inject(pump, out, router_farewell(pump->plan, router_mac, out));
}

struct stack *pump_stack(struct pump *pump)
{
    return pump->stack;
}

struct dgram *pump_dgram(struct pump *pump)
{
    return pump->dgram;
}

struct dns_guest *pump_names(struct pump *pump)
{
    return pump->names;
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
    size_t ended = flow_end_matching(pump->flows, match, self) +
                   dgram_end_matching(pump->dgram, match, self);

    /* Before anything else changes for the guest. */
    merge_flush(pump->merge);
    return ended;
}
