/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/loop.h"

#include "base/own.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

struct probe {
    struct loop *loop;
    struct loop_watch watch;
    struct loop_timer timer;
    struct probe *victim;
    int calls;
    GString *trace;
    char tag;
    int fd;
};

static void count_and_stop(void *self, uint32_t events)
{
    struct probe *p = self;

    g_assert_true(events & EPOLLIN);
    p->calls++;
    if (p->victim != NULL)
        loop_unwatch(p->loop, &p->victim->watch);
    loop_stop(p->loop, 7);
}

static void removal_inside_a_handler_is_safe(void)
{
    struct loop *loop = loop_new(NULL);
    owned_fd a = eventfd(1, EFD_CLOEXEC), b = eventfd(1, EFD_CLOEXEC);
    struct probe pa = { .loop = loop }, pb = { .loop = loop, .victim = &pa };

    pa.victim = &pb;
    pa.watch = (struct loop_watch){ .ready = count_and_stop, .self = &pa };
    pb.watch = (struct loop_watch){ .ready = count_and_stop, .self = &pb };
    g_assert_cmpint(loop_watch(loop, &pa.watch, a, EPOLLIN), ==, 0);
    g_assert_cmpint(loop_watch(loop, &pb.watch, b, EPOLLIN), ==, 0);
    g_assert_cmpint(loop_run(loop), ==, 7);
    g_assert_cmpint(pa.calls + pb.calls, ==, 1);
    loop_free(loop);
}

static void a_reused_number_is_watched_again(void)
{
    struct loop *loop = loop_new(NULL);
    int fd = eventfd(0, EFD_CLOEXEC);
    struct probe p = { .loop = loop };

    p.watch = (struct loop_watch){ .ready = count_and_stop, .self = &p };
    g_assert_cmpint(loop_watch(loop, &p.watch, fd, EPOLLIN), ==, 0);
    g_assert_cmpint(close(fd), ==, 0);
    g_assert_cmpint(eventfd(1, EFD_CLOEXEC), ==, fd);
    /* Known as watched, but the kernel has forgotten: ENOENT falls to ADD. */
    g_assert_cmpint(loop_watch(loop, &p.watch, fd, EPOLLIN | EPOLLPRI), ==, 0);
    g_assert_cmpint(loop_run(loop), ==, 7);
    loop_unwatch(loop, &p.watch);
    (void)close(fd);
    loop_free(loop);
}

static void note(void *self)
{
    struct probe *p = self;

    g_string_append_c(p->trace, p->tag);
    if (p->tag == 'z')
        loop_stop(p->loop, 0);
}

static void timers_fire_in_order(void)
{
    struct loop *loop = loop_new(NULL);
    g_autoptr(GString) trace = g_string_new(NULL);
    static const struct {
        char tag;
        int at_us;
    } rows[] = { { 'c', 300 }, { 'a', 100 }, { 'z', 900 },
                 { 'd', 400 }, { 'x', 250 }, { 'b', 200 } };
    struct probe probes[G_N_ELEMENTS(rows)] = { 0 };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct probe *p = &probes[i];

        *p = (struct probe){ .loop = loop, .trace = trace, .tag = rows[i].tag };
        p->timer.expired = note;
        p->timer.self = p;
        loop_timer_at(loop, &p->timer,
                      loop_now_ns(loop) + rows[i].at_us * 1000);
    }
    loop_timer_cancel(loop, &probes[4].timer);
    loop_timer_cancel(loop, &probes[4].timer);
    g_assert_cmpint(loop_run(loop), ==, 0);
    g_assert_cmpstr(trace->str, ==, "abcdz");
    loop_free(loop);
}

static void rearm(void *self)
{
    struct probe *p = self;

    if (++p->calls == 3)
        loop_stop(p->loop, 0);
    loop_timer_at(p->loop, &p->timer, 0);
}

static void a_timer_that_rearms_for_now_does_not_hang(void)
{
    struct loop *loop = loop_new(NULL);
    struct probe p = { .loop = loop };

    p.timer = (struct loop_timer){ .expired = rearm, .self = &p };
    loop_timer_at(loop, &p.timer, 0);
    g_assert_cmpint(loop_run(loop), ==, 0);
    g_assert_cmpint(p.calls, ==, 3);
    loop_free(loop);
}

static void a_stop_before_the_run_ends_it_at_once(void)
{
    struct loop *loop = loop_new(NULL);
    struct probe p = { .loop = loop };

    loop_stop(loop, 5);
    g_assert_cmpint(loop_run(loop), ==, 5);
    /* That stop is used up: the next run ends by its own. */
    p.timer = (struct loop_timer){ .expired = rearm, .self = &p };
    loop_timer_at(loop, &p.timer, 0);
    g_assert_cmpint(loop_run(loop), ==, 0);
    g_assert_cmpint(p.calls, ==, 3);
    loop_free(loop);
}

/* The event stays until it has been seen a thousand times. */
static void count_and_go_on(void *self, uint32_t events)
{
    struct probe *p = self;

    g_assert_true(events & EPOLLIN);
    if (++p->calls == 1000)
        g_assert_cmpint(eventfd_read(p->fd, &(eventfd_t){ 0 }), ==, 0);
}

static void a_loop_that_was_busy_sleeps_when_nothing_comes(void)
{
    struct loop *loop = loop_new(NULL);
    owned_fd fd = eventfd(1, EFD_CLOEXEC);
    g_autoptr(GString) trace = g_string_new(NULL);
    struct probe p = { .loop = loop, .fd = fd, .trace = trace, .tag = 'z' };
    struct rusage before, after;

    p.watch = (struct loop_watch){ .ready = count_and_go_on, .self = &p };
    g_assert_cmpint(loop_watch(loop, &p.watch, fd, EPOLLIN), ==, 0);
    p.timer = (struct loop_timer){ .expired = note, .self = &p };
    loop_timer_in_ms(loop, &p.timer, 200);
    g_assert_cmpint(getrusage(RUSAGE_THREAD, &before), ==, 0);
    g_assert_cmpint(loop_run(loop), ==, 0);
    g_assert_cmpint(getrusage(RUSAGE_THREAD, &after), ==, 0);
    g_assert_cmpint(p.calls, ==, 1000);
    g_assert_cmpint(after.ru_nvcsw, >, before.ru_nvcsw);
    loop_unwatch(loop, &p.watch);
    loop_free(loop);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/loop/removal inside a handler is safe",
                    removal_inside_a_handler_is_safe);
    g_test_add_func("/loop/a reused number is watched again",
                    a_reused_number_is_watched_again);
    g_test_add_func("/loop/timers fire in order", timers_fire_in_order);
    g_test_add_func("/loop/a timer that rearms for now does not hang",
                    a_timer_that_rearms_for_now_does_not_hang);
    g_test_add_func("/loop/a stop before the run ends it at once",
                    a_stop_before_the_run_ends_it_at_once);
    g_test_add_func("/loop/a loop that was busy sleeps when nothing comes",
                    a_loop_that_was_busy_sleeps_when_nothing_comes);
    return g_test_run();
}
