/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/pipe_pool.h"

#include <fcntl.h>
#include <glib.h>

#define MANY      40
#define LARGE_MAX 16

static void pipes_are_kept_for_the_next(void)
{
    struct pipe_pool *pool = pipe_pool_new(2, 4096);
    struct pipe *one = pipe_pool_take(pool), *two = pipe_pool_take(pool);

    g_assert_nonnull(one);
    g_assert_nonnull(two);
    g_assert_null(pipe_pool_take(pool));
    pipe_pool_put(pool, two);
    g_assert_true(pipe_pool_take(pool) == two);
    pipe_pool_put(pool, two);
    pipe_pool_discard(pool, one);
    g_assert_cmpuint(pipe_pool_count(pool), ==, 1);
    pipe_pool_free(pool);
}

/* One helper of many must not use up what its user may have. */
static void few_are_large_and_only_on_demand(void)
{
    struct pipe_pool *pool = pipe_pool_new(MANY, 4096);
    struct pipe *pipes[MANY];
    size_t large = 0, usual;

    for (size_t i = 0; i < MANY; i++) {
        pipes[i] = pipe_pool_take(pool);
        g_assert_nonnull(pipes[i]);
    }
    usual = pipes[0]->size;
    g_assert_cmpuint(usual, <=, 65536);
    for (size_t i = 0; i < MANY; i++) {
        pipe_pool_grow(pool, pipes[i]);
        g_assert_cmpint(fcntl(pipes[i]->wr, F_GETPIPE_SZ), ==,
                        (int)pipes[i]->size);
        large += pipes[i]->size > usual;
    }
    g_assert_cmpuint(large, <=, LARGE_MAX);
    for (size_t i = 0; i < MANY; i++)
        pipe_pool_put(pool, pipes[i]);
    g_assert_cmpuint(pipe_pool_count(pool), <=, LARGE_MAX);
    pipe_pool_free(pool);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pipe_pool/pipes are kept for the next",
                    pipes_are_kept_for_the_next);
    g_test_add_func("/pipe_pool/few are large and only on demand",
                    few_are_large_and_only_on_demand);
    return g_test_run();
}
