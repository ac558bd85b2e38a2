/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The event loop: one thread, one epoll set (epoll(7)), level-triggered unless
 * a watch asks for EPOLLET.  One turn: prepare hooks, wait, ready handlers,
 * expired timers.  Watches and timers are embedded in their owner's struct and
 * may be changed, removed and freed at any time, inside handlers too.
 */
struct loop;

struct loop_watch {
    int fd; /* set by loop_watch() */
    uint32_t events;
    void (*ready)(void *self, uint32_t events);
    void *self;
};

struct loop_timer {
    void (*expired)(void *self);
    void *self;
    int64_t at_ns; /* set by loop_timer_at() */
    size_t slot;   /* 0: not armed */
};

/* Called once per turn, before the wait. */
struct loop_hook {
    void (*prepare)(void *self);
    void *self;
};

/* NULL and an error when the kernel gives no epoll set. */
struct loop *loop_new(GError **err);
/* Its watches and timers need not be removed first. */
void loop_free(struct loop *loop);

/*
 * Watches `fd` for `events` (EPOLLIN ...; 0 ends the watch).  `watch` must have
 * `ready` and `self` set and stay in place while watched.  Returns 0 or -errno.
 * A number that was closed and opened again meanwhile is handled: ENOENT falls
 * back to adding, EEXIST to modifying.
 */
int loop_watch(struct loop *loop, struct loop_watch *watch, int fd,
               uint32_t events);
/* Ends a watch; call it before closing the descriptor. */
void loop_unwatch(struct loop *loop, struct loop_watch *watch);
/*
 * Forgets a watch whose descriptor is closed already, or is about to be: no
 * system call.  Only where nobody else has the file open (dup(2), fork(2)), as
 * epoll would go on telling of it, and the watch may be gone.
 */
void loop_forget(struct loop *loop, struct loop_watch *watch);

/* CLOCK_MONOTONIC in ns as of the start of this turn's handlers. */
int64_t loop_now_ns(const struct loop *loop);
/* Arms or re-arms; `at_ns` is on the clock of loop_now_ns(). */
void loop_timer_at(struct loop *loop, struct loop_timer *timer, int64_t at_ns);
void loop_timer_in_ms(struct loop *loop, struct loop_timer *timer, int64_t ms);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

/* Lower or keep the longest wait of this turn; for prepare hooks. */
void loop_wait_at_most_ms(struct loop *loop, int64_t ms);
void loop_add_hook(struct loop *loop, const struct loop_hook *hook);

/*
 * Runs until loop_stop(); returns the code given there.  While events come in
 * close order it asks for the next ones for some microseconds before it sleeps.
 */
int loop_run(struct loop *loop);
/* Makes loop_run() return after the current handler, or at once if it is called
   later. */
void loop_stop(struct loop *loop, int exit_code);
