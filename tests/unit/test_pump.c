/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/pump.h"

#include "base/own.h"
#include "frames.h"
#include "kern/rtnl.h"
#include "kern/tap.h"
#include "net/pump_internal.h"
#include "own_namespace.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* The pump on a link of the test's choice. */
struct bench {
    struct loop *loop;
    struct plan plan;
    struct policy policy;
    struct stats stats;
    struct budget budget;
    struct pump *pump;
    struct loop_timer deadline, step;
    int gone, error;
};

static void link_gone(void *self, int error)
{
    struct bench *b = self;

    b->gone++;
    b->error = error;
    /* It may be all over with the pump. */
    pump_free(b->pump);
    b->pump = NULL;
    loop_stop(b->loop, 0);
}

static void too_late(void *self)
{
    (void)self;
    g_error("nothing happened");
}

static struct bench *bench_new(struct link link)
{
    struct bench *b = g_new0(struct bench, 1);
    struct pump_config config = { .link = link,
                                  .plan = &b->plan,
                                  .policy = &b->policy,
                                  .budget = &b->budget,
                                  .gone = link_gone,
                                  .self = b };
    g_autoptr(GError) err = NULL;

    g_assert_cmpint(plan_init(&b->plan, PLAN_CIDR_DEFAULT, NULL), ==, 0);
    budget_init(&b->budget, 1024);
    b->loop = loop_new(NULL);
    b->pump = pump_new(b->loop, &config, &b->stats, &err);
    g_assert_no_error(err);
    b->deadline = (struct loop_timer){ .expired = too_late };
    loop_timer_in_ms(b->loop, &b->deadline, 10000);
    return b;
}

/* A bench whose link is a socket; `peer` is the far end, to be closed. */
static struct bench *bench_with_peer(int *peer)
{
    struct link link = { .is_socket = true, .mtu = 1500 };
    int ends[2];

    g_assert_cmpint(socketpair(AF_UNIX,
                               SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                               ends),
                    ==, 0);
    link.fd = ends[0];
    *peer = ends[1];
    return bench_new(link);
}

static void bench_free(struct bench *b)
{
    pump_free(b->pump);
    loop_free(b->loop);
    g_free(b);
}

static void a_closed_peer_is_told_once(void)
{
    int peer;
    struct bench *b = bench_with_peer(&peer);

    (void)close(peer);
    (void)loop_run(b->loop);
    g_assert_cmpint(b->gone, ==, 1);
    g_assert_cmpint(b->error, ==, ECONNRESET);
    bench_free(b);
}

/* The stack opens a connection to the guest, by IPv6, which is off. */
static void open_to_guest(struct bench *b, uint16_t port)
{
    const struct frames_spec syn = { .src = "2001:db8::1",
                                     .dst = "fd00::100",
                                     .flags = FRAME_SYN,
                                     .sport = port,
                                     .dport = 80 };
    g_autofree uint8_t *out = g_malloc(FRAMES_MAX);

    pump_to_guest(b->pump, out, frames_build(&syn, out));
}

static void stop_when_sent(void *self)
{
    struct bench *b = self;

    if (g_queue_is_empty(&b->pump->late))
        loop_stop(b->loop, 0);
    else
        loop_timer_in_ms(b->loop, &b->step, 1);
}

static void resets_that_wait_for_the_stack_are_bounded(void)
{
    int peer;
    struct bench *b = bench_with_peer(&peer);

    for (uint16_t port = 1; port <= 1000; port++)
        open_to_guest(b, port);
    g_assert_cmpuint(b->pump->late.length, ==, 256);
    g_assert_cmpuint(b->stats.drop_policy, ==, 1000);
    b->step = (struct loop_timer){ .expired = stop_when_sent, .self = b };
    loop_timer_in_ms(b->loop, &b->step, 0);
    (void)loop_run(b->loop);
    /* And there is room again. */
    open_to_guest(b, 1);
    g_assert_cmpuint(b->pump->late.length, ==, 1);
    (void)close(peer);
    bench_free(b);
}

static void a_deleted_tap_is_told_once(void)
{
    g_autoptr(GError) err = NULL;
    char name[IFNAMSIZ];
    struct link link = { .fd = tap_open("tap0", TAP_VNET_HDR, name, &err),
                         .mtu = 1500 };
    struct rtnl *rtnl;
    struct bench *b;

    if (link.fd < 0) {
        g_test_skip(err->message);
        return;
    }
    link.vnet = tap_has_vnet_hdr(link.fd);
    b = bench_new(link);
    rtnl = rtnl_open(&err);
    g_assert_no_error(err);
    (void)rtnl_link_delete(rtnl, rtnl_link_index(rtnl, "tap0"), &err);
    g_assert_no_error(err);
    rtnl_close(rtnl);
    (void)loop_run(b->loop);
    g_assert_cmpint(b->gone, ==, 1);
    bench_free(b);
}

int main(int argc, char **argv)
{
    bool own = own_namespace_enter();

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pump/a closed peer is told once",
                    a_closed_peer_is_told_once);
    g_test_add_func("/pump/resets that wait for the stack are bounded",
                    resets_that_wait_for_the_stack_are_bounded);
    if (own)
        g_test_add_func("/pump/a deleted tap is told once",
                        a_deleted_tap_is_told_once);
    return g_test_run();
}
