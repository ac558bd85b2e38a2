/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/pipe_pool.h"

#include <fcntl.h>
#include <glib.h>
#include <unistd.h>

/* Together a third of the usual pipe-user-pages-soft of 16384 pages. */
#define LARGE_COUNT 16
#define LARGE_SIZE  (1024 * 1024)

/* When the kernel gives none, it is not asked again for so many times. */
#define REFUSED_SKIPS 1000

struct pipe_pool {
    size_t max, size_min, count, unused_count, large_count;
    unsigned skips;
    struct pipe *unused;
};

struct pipe_pool *pipe_pool_new(size_t max, size_t size_min)
{
    struct pipe_pool *pool = g_new0(struct pipe_pool, 1);

    pool->max = max;
    pool->size_min = size_min;
    return pool;
}

static void pipe_destroy(struct pipe_pool *pool, struct pipe *pipe)
{
    (void)close(pipe->rd);
    (void)close(pipe->wr);
    pool->large_count -= pipe->size >= LARGE_SIZE;
    g_free(pipe);
    pool->count--;
}

void pipe_pool_free(struct pipe_pool *pool)
{
    if (pool == NULL)
        return;
    while (pool->unused != NULL) {
        struct pipe *pipe = pool->unused;

        pool->unused = pipe->next;
        pipe_destroy(pool, pipe);
    }
    g_assert(pool->count == 0);
    g_free(pool);
}

static struct pipe *pipe_create(struct pipe_pool *pool)
{
    int fds[2], got;
    struct pipe *pipe;

    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
        return NULL;
    /* Smaller than usual past pipe-user-pages-soft. */
    got = fcntl(fds[1], F_GETPIPE_SZ);
    if (got < 0 || (size_t)got < pool->size_min) {
        (void)close(fds[0]);
        (void)close(fds[1]);
        return NULL;
    }
    pipe = g_new(struct pipe, 1);
    *pipe = (struct pipe){
        .rd = fds[0], .wr = fds[1], .size = (size_t)got, .may_grow = true
    };
    pool->count++;
    return pipe;
}

static struct pipe *create_now_and_then(struct pipe_pool *pool)
{
    struct pipe *pipe;

    if (pool->count >= pool->max)
        return NULL;
    if (pool->skips > 0) {
        pool->skips--;
        return NULL;
    }
    pipe = pipe_create(pool);
    if (pipe == NULL)
        pool->skips = REFUSED_SKIPS;
    return pipe;
}

struct pipe *pipe_pool_take(struct pipe_pool *pool)
{
    struct pipe *pipe = pool->unused;

    if (pipe == NULL)
        return create_now_and_then(pool);
    pool->unused = pipe->next;
    pool->unused_count--;
    return pipe;
}

void pipe_pool_grow(struct pipe_pool *pool, struct pipe *pipe)
{
    int got;

    if (!pipe->may_grow || pool->large_count >= LARGE_COUNT)
        return;
    pipe->may_grow = false;
    got = fcntl(pipe->wr, F_SETPIPE_SZ, LARGE_SIZE);
    if (got < 0)
        return;
    pipe->size = (size_t)got;
    pool->large_count += pipe->size >= LARGE_SIZE;
}

void pipe_pool_put(struct pipe_pool *pool, struct pipe *pipe)
{
    /* What a crowd needed for a moment is not kept: they are descriptors. */
    if (pool->unused_count >= LARGE_COUNT) {
        pipe_destroy(pool, pipe);
        return;
    }
    pool->unused_count++;
    /* Last in, first out: its pages are the ones still in the cache. */
    pipe->next = pool->unused;
    pool->unused = pipe;
}

void pipe_pool_discard(struct pipe_pool *pool, struct pipe *pipe)
{
    pipe_destroy(pool, pipe);
}

size_t pipe_pool_count(const struct pipe_pool *pool)
{
    return pool->count;
}
