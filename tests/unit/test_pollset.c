/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/pollset.h"

#include "base/own.h"
#include "heap_use.h"

#include <fcntl.h>
#include <glib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct bench {
    struct loop *loop;
    struct pollset *set;
    struct loop_timer quiet;
    unsigned calls, spins;
    unsigned last_spin; /* 0: stop at the first call of ready() */
};

static void ready(void *self)
{
    struct bench *b = self;

    b->calls++;
    if (b->last_spin == 0)
        loop_stop(b->loop, 0);
}

static void nothing_came(void *self)
{
    struct bench *b = self;

    loop_stop(b->loop, 0);
}

static void count_turn(void *self)
{
    struct bench *b = self;

    b->spins++;
    if (b->spins == b->last_spin)
        loop_stop(b->loop, 0);
}

static struct bench *bench_new(void)
{
    struct bench *b = g_new0(struct bench, 1);
    struct loop_hook hook = { count_turn, b };

    b->loop = loop_new(NULL);
    b->set = pollset_new(b->loop, ready, b);
    b->quiet = (struct loop_timer){ .expired = nothing_came, .self = b };
    loop_add_hook(b->loop, &hook);
    return b;
}

static void bench_free(struct bench *b)
{
    pollset_free(b->set);
    loop_free(b->loop);
    g_free(b);
}

/* Runs until something is ready, or nothing has been for a while. */
static bool run(struct bench *b)
{
    unsigned before = b->calls;

    loop_timer_in_ms(b->loop, &b->quiet, 20);
    (void)loop_run(b->loop);
    loop_timer_cancel(b->loop, &b->quiet);
    return b->calls != before;
}

static void only_what_was_asked_for_is_told(void)
{
    struct bench *b = bench_new();
    owned_fd fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    int index;

    pollset_begin(b->set);
    index = pollset_want(b->set, fd, EPOLLIN);
    pollset_commit(b->set);
    g_assert_true(run(b));
    /* It is writable too, which nobody asked. */
    g_assert_cmphex(pollset_revents(b->set, index), ==, EPOLLIN);
    pollset_begin(b->set);
    index = pollset_want(b->set, fd, EPOLLPRI);
    g_assert_cmphex(pollset_revents(b->set, index), ==, 0);
    pollset_commit(b->set);
    g_assert_false(run(b));
    g_assert_cmphex(pollset_revents(b->set, index), ==, 0);
    bench_free(b);
}

static void a_descriptor_off_the_list_is_left_alone(void)
{
    struct bench *b = bench_new();
    owned_fd one = eventfd(1, EFD_CLOEXEC), two = eventfd(0, EFD_CLOEXEC);

    pollset_begin(b->set);
    (void)pollset_want(b->set, one, EPOLLIN);
    (void)pollset_want(b->set, two, EPOLLIN);
    pollset_commit(b->set);
    g_assert_cmpuint(pollset_count(b->set), ==, 2);
    pollset_begin(b->set);
    (void)pollset_want(b->set, two, EPOLLIN);
    pollset_commit(b->set);
    g_assert_cmpuint(pollset_count(b->set), ==, 1);
    g_assert_false(run(b));
    bench_free(b);
}

static void each_index_tells_of_its_own_descriptor(void)
{
    struct bench *b = bench_new();
    owned_fd one = eventfd(1, EFD_CLOEXEC), two = eventfd(0, EFD_CLOEXEC);
    int index[2];

    for (int i = 0; i < 2; i++) {
        pollset_begin(b->set);
        index[0] = pollset_want(b->set, i == 0 ? one : two, EPOLLIN);
        index[1] = pollset_want(b->set, i == 0 ? two : one, EPOLLIN);
        pollset_commit(b->set);
        g_assert_true(run(b));
        g_assert_cmphex(pollset_revents(b->set, index[i]), ==, EPOLLIN);
        g_assert_cmphex(pollset_revents(b->set, index[1 - i]), ==, 0);
    }
    g_assert_cmphex(pollset_revents(b->set, 2), ==, 0);
    g_assert_cmphex(pollset_revents(b->set, -1), ==, 0);
    bench_free(b);
}

#define MANY  300
#define TURNS 8 /* the loop takes 128 events at a time, in rotation */

static void check_all(struct bench *b, const int index[MANY])
{
    b->last_spin = b->spins + TURNS;
    (void)loop_run(b->loop);
    for (int i = 0; i < MANY; i++)
        g_assert_cmphex(pollset_revents(b->set, index[i]), ==,
                        index[i] < 0 ? 0 : EPOLLIN);
}

static void the_list_may_change_in_any_order(void)
{
    struct bench *b = bench_new();
    int fds[MANY], index[MANY];

    for (int i = 0; i < MANY; i++)
        fds[i] = eventfd(1, EFD_CLOEXEC);
    for (int round = 0; round < 600; round++) {
        /* Up and down in turns, with others left out each time. */
        pollset_begin(b->set);
        for (int i = 0; i < MANY; i++) {
            int at = round % 2 == 0 ? i : MANY - 1 - i;

            index[at] = at % 5 == round % 7
                            ? -1
                            : pollset_want(b->set, fds[at], EPOLLIN);
        }
        pollset_commit(b->set);
        if (round % 100 == 99)
            check_all(b, index);
    }
    bench_free(b);
    for (int i = 0; i < MANY; i++)
        (void)close(fds[i]);
}

/* Closed and opened again, as libslirp does it between two lists. */
static void a_number_used_again_is_watched_again(gconstpointer data)
{
    bool told = data != NULL;
    struct bench *b = bench_new();
    int fd = eventfd(0, EFD_CLOEXEC), index;

    pollset_begin(b->set);
    (void)pollset_want(b->set, fd, EPOLLIN);
    pollset_commit(b->set);
    if (told)
        pollset_invalidate(b->set, fd);
    (void)close(fd);
    g_assert_cmpint(eventfd(1, EFD_CLOEXEC), ==, fd);
    if (told)
        pollset_invalidate(b->set, fd);
    pollset_begin(b->set);
    /* Without a word the interest must differ for the change to be seen. */
    index = pollset_want(b->set, fd, told ? EPOLLIN : EPOLLIN | EPOLLPRI);
    pollset_commit(b->set);
    g_assert_true(run(b));
    g_assert_cmphex(pollset_revents(b->set, index), ==, EPOLLIN);
    bench_free(b);
    (void)close(fd);
}

static void other_ready(void *self, uint32_t events)
{
    struct bench *b = self;

    (void)events;
    ready(b);
}

static void a_closed_number_does_not_end_anothers_watch(void)
{
    struct bench *b = bench_new();
    int fd = eventfd(0, EFD_CLOEXEC);
    struct loop_watch other = { .ready = other_ready, .self = b };

    pollset_begin(b->set);
    (void)pollset_want(b->set, fd, EPOLLIN);
    pollset_commit(b->set);
    pollset_invalidate(b->set, fd);
    (void)close(fd);
    g_assert_cmpint(eventfd(1, EFD_CLOEXEC), ==, fd);
    g_assert_cmpint(loop_watch(b->loop, &other, fd, EPOLLIN), ==, 0);
    pollset_begin(b->set);
    pollset_commit(b->set);
    g_assert_true(run(b));
    loop_unwatch(b->loop, &other);
    (void)close(fd);
    bench_free(b);
}

struct reuse {
    struct bench *b;
    struct loop_watch early, other;
    int fd;
};

/* Comes before the event of `fd`, which is on its way already. */
static void use_number_again(void *self, uint32_t events)
{
    struct reuse *reuse = self;
    struct loop *loop = reuse->b->loop;

    (void)events;
    loop_unwatch(loop, &reuse->early);
    pollset_invalidate(reuse->b->set, reuse->fd);
    (void)close(reuse->fd);
    g_assert_cmpint(eventfd(1, EFD_CLOEXEC), ==, reuse->fd);
    g_assert_cmpint(loop_watch(loop, &reuse->other, reuse->fd, EPOLLIN), ==, 0);
}

static void an_event_of_a_closed_number_does_not_end_anothers_watch(void)
{
    struct bench *b = bench_new();
    owned_fd first = eventfd(0, EFD_CLOEXEC);
    struct reuse reuse = { .b = b, .fd = eventfd(0, EFD_CLOEXEC) };

    reuse.early =
        (struct loop_watch){ .ready = use_number_again, .self = &reuse };
    reuse.other = (struct loop_watch){ .ready = other_ready, .self = b };
    g_assert_cmpint(loop_watch(b->loop, &reuse.early, first, EPOLLIN), ==, 0);
    pollset_begin(b->set);
    (void)pollset_want(b->set, reuse.fd, EPOLLIN);
    pollset_commit(b->set);
    /* epoll tells of them in this order. */
    g_assert_cmpint(eventfd_write(first, 1), ==, 0);
    g_assert_cmpint(eventfd_write(reuse.fd, 1), ==, 0);
    g_assert_true(run(b));
    loop_unwatch(b->loop, &reuse.other);
    (void)close(reuse.fd);
    bench_free(b);
}

static void an_error_that_nobody_asked_for_does_not_spin(void)
{
    struct bench *b = bench_new();
    owned_fd one = -1, two = -1;
    int ends[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
                    ==, 0);
    one = ends[0];
    two = ends[1];
    pollset_begin(b->set);
    (void)pollset_want(b->set, one, EPOLLPRI);
    pollset_commit(b->set);
    own_close(&two); /* EPOLLHUP from now on */
    b->spins = 0;
    g_assert_false(run(b));
    g_assert_cmpuint(b->spins, <, 10);
    bench_free(b);
}

static void no_descriptor_is_no_entry(void)
{
    struct bench *b = bench_new();
    owned_fd fd = eventfd(1, EFD_CLOEXEC);
    int index;

    pollset_begin(b->set);
    index = pollset_want(b->set, fd, EPOLLIN);
    g_assert_cmpint(pollset_want(b->set, -1, EPOLLIN), ==, -1);
    pollset_commit(b->set);
    pollset_invalidate(b->set, -1);
    pollset_invalidate(b->set, 1 << 20);
    g_assert_true(run(b));
    g_assert_cmphex(pollset_revents(b->set, index), ==, EPOLLIN);
    bench_free(b);
}

static void high_numbers_have_their_place(void)
{
    struct bench *b = bench_new();
    owned_fd low = eventfd(1, EFD_CLOEXEC);
    owned_fd high = fcntl(low, F_DUPFD_CLOEXEC, 900);
    int index;

    g_assert_cmpint(high, >=, 900);
    pollset_begin(b->set);
    index = pollset_want(b->set, high, EPOLLIN);
    pollset_commit(b->set);
    g_assert_true(run(b));
    g_assert_cmphex(pollset_revents(b->set, index), ==, EPOLLIN);
    bench_free(b);
}

static void what_could_not_be_watched_is_tried_again(void)
{
    struct bench *b = bench_new();
    owned_fd fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    owned_fd event = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    int index;

    /* A file cannot be waited for (EPERM), as an event can without memory. */
    pollset_begin(b->set);
    index = pollset_want(b->set, fd, EPOLLIN);
    pollset_commit(b->set);
    g_assert_false(run(b));
    g_assert_cmpint(dup2(event, fd), ==, fd);
    pollset_begin(b->set);
    index = pollset_want(b->set, fd, EPOLLIN);
    pollset_commit(b->set);
    g_assert_true(run(b));
    g_assert_cmphex(pollset_revents(b->set, index), ==, EPOLLIN);
    bench_free(b);
}

/* As often as connections come and go. */
static void what_is_listed_no_more_takes_no_memory(void)
{
    struct bench *b = bench_new();
    int fds[100];
    size_t before = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    /* The first time the arrays grow. */
    for (int times = 0; times < 2; times++) {
        before = heap_in_use();
        pollset_begin(b->set);
        for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
            (void)pollset_want(b->set, fds[i], EPOLLIN);
        pollset_commit(b->set);
        g_assert_cmpuint(heap_in_use(), >, before);
        pollset_begin(b->set);
        pollset_commit(b->set);
    }
    g_assert_cmpuint(heap_in_use(), ==, before);
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        (void)close(fds[i]);
    bench_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pollset/only what was asked for is told",
                    only_what_was_asked_for_is_told);
    g_test_add_func("/pollset/a descriptor off the list is left alone",
                    a_descriptor_off_the_list_is_left_alone);
    g_test_add_func("/pollset/each index tells of its own descriptor",
                    each_index_tells_of_its_own_descriptor);
    g_test_add_func("/pollset/the list may change in any order",
                    the_list_may_change_in_any_order);
    g_test_add_data_func("/pollset/a number used again is watched again",
                         "told", a_number_used_again_is_watched_again);
    g_test_add_data_func(
        "/pollset/a number used again in silence is watched again", NULL,
        a_number_used_again_is_watched_again);
    g_test_add_func("/pollset/a closed number does not end another's watch",
                    a_closed_number_does_not_end_anothers_watch);
    g_test_add_func(
        "/pollset/an event of a closed number does not end another's watch",
        an_event_of_a_closed_number_does_not_end_anothers_watch);
    g_test_add_func("/pollset/an error that nobody asked for does not spin",
                    an_error_that_nobody_asked_for_does_not_spin);
    g_test_add_func("/pollset/what could not be watched is tried again",
                    what_could_not_be_watched_is_tried_again);
    g_test_add_func("/pollset/no descriptor is no entry",
                    no_descriptor_is_no_entry);
    g_test_add_func("/pollset/high numbers have their place",
                    high_numbers_have_their_place);
    g_test_add_func("/pollset/what is listed no more takes no memory",
                    what_is_listed_no_more_takes_no_memory);
    return g_test_run();
}
