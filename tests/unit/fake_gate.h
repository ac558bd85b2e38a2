/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "control/events.h"
#include "control/verbs_capture.h"
#include "control/verbs_connections.h"
#include "control/verbs_policy.h"
#include "control/verbs_shutdown.h"
#include "control/verbs_stats.h"
#include "control/verbs_subscribe.h"

/*
 * All that the verbs besides forwards and status speak for, without sockets:
 * FAKE_FLOWS flows, of which every third is inbound, every second of IPv6, and
 * the first five of them, outbound, lead to the host's loopback.
 */
#define FAKE_FLOWS 30

struct fake_gate {
    struct plan plan;
    struct policy policy;
    struct stats stats;
    struct flows flows;
    struct switches switches;
    struct flow_info info[FAKE_FLOWS];
    bool ended[FAKE_FLOWS];
    bool refuse_ipv6;
    unsigned narrowed, changed, ipv6_calls, shut_down;
    struct loop *loop;
    struct capture *capture;
    struct events *events;
};

static void fake_each(void *self, flow_visit visit, void *visitor)
{
    struct fake_gate *gate = self;

    for (size_t i = FAKE_FLOWS; i-- > 0;) /* in no order */
        if (!gate->ended[i])
            visit(visitor, &gate->info[i]);
}

static size_t fake_end(void *self, flow_match match, void *matcher)
{
    struct fake_gate *gate = self;
    size_t count = 0;

    for (size_t i = 0; i < FAKE_FLOWS; i++) {
        if (gate->ended[i] || !match(matcher, &gate->info[i]))
            continue;
        gate->ended[i] = true;
        count++;
    }
    return count;
}

static int64_t fake_now_ns(void *self)
{
    (void)self;
    return 90000000000;
}

static int fake_set_ipv6(void *self, bool on, GError **err)
{
    struct fake_gate *gate = self;

    gate->ipv6_calls++;
    /* Both sides hear each other until it is gone. */
    g_assert_true(gate->policy.enable_ipv6);
    if (on && gate->refuse_ipv6)
        return error_set(err, SLIPGATE_ERROR_SYSTEM, "IPv6 of tap0: refused");
    return 0;
}

static void fake_narrowed(void *self, const struct policy *wanted)
{
    struct fake_gate *gate = self;

    /* Flows are judged by what is wanted, but still heard of. */
    g_assert_true(wanted != &gate->policy);
    g_assert_true(gate->policy.enable_ipv6 || !wanted->enable_ipv6);
    gate->narrowed++;
}

static void fake_changed(void *self, size_t ended)
{
    (void)ended;
    ((struct fake_gate *)self)->changed++;
}

static void fake_shut_down(void *self)
{
    ((struct fake_gate *)self)->shut_down++;
}

static struct flow_info fake_flow(const struct plan *plan, size_t i)
{
    bool v6 = i % 2 == 1;
    struct flow_info flow = {
        .id = i + 1,
        .proto = i % 3 == 1 ? IPPROTO_UDP : IPPROTO_TCP,
        .inbound = i % 3 == 0,
        .carrier = "slirp",
        .guest = { v6 ? plan->guest6 : plan->guest, 4000 },
        .peer = { ip_addr_v4_host(0xc0000201), 80 },
        .bytes_from_guest = 10 * i,
        .bytes_to_guest = 20 * i,
        .started_ns = 30000000000,
        .fd = -1,
    };

    if (v6)
        (void)ip_addr_parse("2001:db8::1", &flow.peer.addr);
    if (i < 5)
        flow.peer.addr = v6 ? plan->gateway6 : plan->gateway;
    return flow;
}

static void fake_gate_init(struct fake_gate *gate)
{
    *gate = (struct fake_gate){ .policy = { true, true, true, true } };
    g_assert_cmpint(plan_init(&gate->plan, PLAN_CIDR_DEFAULT, NULL), ==, 0);
    for (size_t i = 0; i < FAKE_FLOWS; i++)
        gate->info[i] = fake_flow(&gate->plan, i);
    gate->flows = (struct flows){ fake_each, fake_end, fake_now_ns, gate };
    gate->switches = (struct switches){ .policy = &gate->policy,
                                        .plan = &gate->plan,
                                        .flows = &gate->flows,
                                        .set_ipv6 = fake_set_ipv6,
                                        .narrowed = fake_narrowed,
                                        .changed = fake_changed,
                                        .self = gate };
    gate->loop = loop_new(NULL);
    gate->capture = capture_new(gate->loop);
    gate->events = events_new();
}

static void fake_gate_add_verbs(struct fake_gate *gate, struct verbs *verbs)
{
    verbs_capture_add(verbs, gate->capture);
    verbs_connections_add(verbs, &gate->flows);
    verbs_policy_add(verbs, &gate->switches);
    verbs_shutdown_add(verbs, fake_shut_down, gate);
    verbs_stats_add(verbs, &gate->stats);
    verbs_subscribe_add(verbs, gate->events);
}

static void fake_gate_fini(struct fake_gate *gate)
{
    events_free(gate->events);
    capture_free(gate->capture);
    loop_free(gate->loop);
}
