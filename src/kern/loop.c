/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/loop.h"

#include "base/error.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define LOOP_EVENTS_MAX 128
#define LOOP_HOOKS_MAX  4
/*
 * To sleep and to be woken takes a process 5 to 50 us, on a virtual machine the
 * longer ones.  What comes sooner than that is asked for instead.
 */
#define LOOP_POLL_NS 50000

struct loop {
    int epoll_fd;
    int exit_code;
    bool stopping;
    int64_t now_ns;
    int64_t wait_ms; /* of this turn; -1: no limit */
    bool lively;     /* the last wait was a short one */
    struct epoll_event ready[LOOP_EVENTS_MAX];
    int ready_count;
    struct loop_hook hooks[LOOP_HOOKS_MAX];
    size_t hook_count;
    GPtrArray *heap; /* of struct loop_timer, slot 0 unused */
};

static int64_t clock_now_ns(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

struct loop *loop_new(GError **err)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    struct loop *loop;

    if (fd < 0) {
        error_set_errno(err, "create the event loop");
        return NULL;
    }
    loop = g_new0(struct loop, 1);
    loop->epoll_fd = fd;
    loop->now_ns = clock_now_ns();
    loop->heap = g_ptr_array_new();
    g_ptr_array_add(loop->heap, NULL);
    return loop;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    (void)close(loop->epoll_fd);
    g_ptr_array_free(loop->heap, TRUE);
    g_free(loop);
}

/* --- watches --- */

static int epoll_set(struct loop *loop, struct loop_watch *watch, int fd,
                     uint32_t events, bool modify)
{
    struct epoll_event ev = { .events = events, .data.ptr = watch };
    int first = modify ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    int second = modify ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

    if (epoll_ctl(loop->epoll_fd, first, fd, &ev) == 0)
        return 0;
    if (errno != (modify ? ENOENT : EEXIST))
        return -errno;
    return epoll_ctl(loop->epoll_fd, second, fd, &ev) == 0 ? 0 : -errno;
}

static void drop_pending(struct loop *loop, const struct loop_watch *watch)
{
    for (int i = 0; i < loop->ready_count; i++)
        if (loop->ready[i].data.ptr == watch)
            loop->ready[i].data.ptr = NULL;
}

int loop_watch(struct loop *loop, struct loop_watch *watch, int fd,
               uint32_t events)
{
    int rc;

    if (events == 0) {
        loop_unwatch(loop, watch);
        return 0;
    }
    if (watch->events != 0 && watch->fd == fd && watch->events == events)
        return 0;
    rc = epoll_set(loop, watch, fd, events,
                   watch->events != 0 && watch->fd == fd);
    if (rc == 0) {
        watch->fd = fd;
        watch->events = events;
    }
    return rc;
}

void loop_unwatch(struct loop *loop, struct loop_watch *watch)
{
    if (watch->events == 0)
        return;
    /* Fails when the descriptor is closed already; then nothing is left. */
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    loop_forget(loop, watch);
}

void loop_forget(struct loop *loop, struct loop_watch *watch)
{
    watch->events = 0;
    drop_pending(loop, watch);
}

/* --- timers: a binary heap by deadline --- */

static struct loop_timer *heap_at(const struct loop *loop, size_t slot)
{
    return g_ptr_array_index(loop->heap, slot);
}

static void heap_put(struct loop *loop, size_t slot, struct loop_timer *timer)
{
    g_ptr_array_index(loop->heap, slot) = timer;
    timer->slot = slot;
}

static void heap_up(struct loop *loop, size_t slot, struct loop_timer *timer)
{
    for (; slot > 1 && timer->at_ns < heap_at(loop, slot / 2)->at_ns; slot /= 2)
        heap_put(loop, slot, heap_at(loop, slot / 2));
    heap_put(loop, slot, timer);
}

static void heap_down(struct loop *loop, size_t slot, struct loop_timer *timer)
{
    size_t child;

    for (; (child = slot * 2) < loop->heap->len; slot = child) {
        if (child + 1 < loop->heap->len &&
            heap_at(loop, child + 1)->at_ns < heap_at(loop, child)->at_ns)
            child++;
        if (timer->at_ns <= heap_at(loop, child)->at_ns)
            break;
        heap_put(loop, slot, heap_at(loop, child));
    }
    heap_put(loop, slot, timer);
}

int64_t loop_now_ns(const struct loop *loop)
{
    return loop->now_ns;
}

void loop_timer_at(struct loop *loop, struct loop_timer *timer, int64_t at_ns)
{
    loop_timer_cancel(loop, timer);
    timer->at_ns = at_ns;
    g_ptr_array_add(loop->heap, timer);
    heap_up(loop, loop->heap->len - 1, timer);
}

void loop_timer_in_ms(struct loop *loop, struct loop_timer *timer, int64_t ms)
{
    loop_timer_at(loop, timer, loop->now_ns + ms * 1000000);
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
    size_t slot = timer->slot;
    struct loop_timer *last;

    if (slot == 0)
        return;
    last = heap_at(loop, loop->heap->len - 1);
    g_ptr_array_set_size(loop->heap, (int)loop->heap->len - 1);
    timer->slot = 0;
    if (last == timer)
        return;
    if (slot > 1 && last->at_ns < heap_at(loop, slot / 2)->at_ns)
        heap_up(loop, slot, last);
    else
        heap_down(loop, slot, last);
}

static void run_timers(struct loop *loop)
{
    /* A handler that arms for "now" again gets its turn, but not the thread. */
    guint budget = loop->heap->len;

    while (budget-- > 0 && loop->heap->len > 1 && !loop->stopping) {
        struct loop_timer *timer = heap_at(loop, 1);

        if (timer->at_ns > loop->now_ns)
            break;
        loop_timer_cancel(loop, timer);
        timer->expired(timer->self);
    }
}

/* --- turns --- */

void loop_wait_at_most_ms(struct loop *loop, int64_t ms)
{
    if (loop->wait_ms < 0 || ms < loop->wait_ms)
        loop->wait_ms = MAX(ms, 0);
}

void loop_add_hook(struct loop *loop, const struct loop_hook *hook)
{
    g_assert(loop->hook_count < LOOP_HOOKS_MAX);
    loop->hooks[loop->hook_count++] = *hook;
}

static void wait_for_timers(struct loop *loop)
{
    int64_t left_ns;

    if (loop->heap->len < 2)
        return;
    left_ns = heap_at(loop, 1)->at_ns - clock_now_ns();
    /* Rounded up, or the loop would spin through the last millisecond. */
    loop_wait_at_most_ms(loop, left_ns <= 0 ? 0 : left_ns / 1000000 + 1);
}

static int fetch(struct loop *loop, int wait_ms)
{
    return epoll_wait(loop->epoll_fd, loop->ready, LOOP_EVENTS_MAX, wait_ms);
}

/*
 * Only a loop whose last wait was over within LOOP_POLL_NS asks before it
 * sleeps, and for no longer than that: an idle one costs nothing by it, and one
 * with much to do never gets here.  In between it lets others have the
 * processor, of which those that it waits for may be in want.
 */
static int wait_for_events(struct loop *loop, int wait_ms)
{
    int64_t until_ns = clock_now_ns() + LOOP_POLL_NS;
    int count = 0;

    while (loop->lively && count == 0 && wait_ms != 0) {
        count = fetch(loop, 0);
        if (count == 0)
            (void)sched_yield();
        loop->lively = clock_now_ns() < until_ns;
    }
    if (count != 0)
        return count;
    count = fetch(loop, wait_ms);
    loop->lively = count > 0 && clock_now_ns() < until_ns;
    return count;
}

static void turn(struct loop *loop)
{
    loop->wait_ms = -1;
    for (size_t i = 0; i < loop->hook_count; i++)
        loop->hooks[i].prepare(loop->hooks[i].self);
    wait_for_timers(loop);
    loop->ready_count =
        wait_for_events(loop, (int)CLAMP(loop->wait_ms, -1, G_MAXINT));
    loop->now_ns = clock_now_ns();
    for (int i = 0; i < loop->ready_count && !loop->stopping; i++) {
        struct loop_watch *watch = loop->ready[i].data.ptr;

        if (watch != NULL)
            watch->ready(watch->self, loop->ready[i].events);
    }
    loop->ready_count = 0;
    run_timers(loop);
}

int loop_run(struct loop *loop)
{
    while (!loop->stopping)
        turn(loop);
    loop->stopping = false; /* it may run again */
    return loop->exit_code;
}

void loop_stop(struct loop *loop, int exit_code)
{
    loop->stopping = true;
    loop->exit_code = exit_code;
}
