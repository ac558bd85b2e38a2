/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/*
 * Pipes for splice(2), shared by all relayed flows.  A flow takes one while it
 * moves bytes and keeps it only while the far side cannot take them, so idle
 * flows hold none.  The bound matters because pipe memory is limited per user
 * (pipe-user-pages-soft in proc(5)): past that limit every new pipe, of any
 * program of this user, shrinks to one or two pages.  So a pipe has the
 * kernel's usual size until a flow has much to move: speed grows with it.  Only
 * a few may grow, and the others serve when many flows are stuck.  Gate process
 * only.
 */
struct pipe_pool;

struct pipe {
    int rd, wr;        /* both non-blocking and close-on-exec */
    size_t size;       /* bytes it can hold when its pages are full */
    bool may_grow;     /* has not been tried */
    struct pipe *next; /* the pool's */
};

/* At most `max` pipes; those that the kernel makes smaller than `size_min`
   bytes are not used. */
struct pipe_pool *pipe_pool_new(size_t max, size_t size_min);
/* All pipes must have come back. */
void pipe_pool_free(struct pipe_pool *pool);

/* An empty pipe, or NULL: the bound is reached, or descriptors or the user's
   pipe memory ran out. */
struct pipe *pipe_pool_take(struct pipe_pool *pool);
/* Makes an empty pipe large, if it may be. */
void pipe_pool_grow(struct pipe_pool *pool, struct pipe *pipe);
/* Gives an empty pipe back. */
void pipe_pool_put(struct pipe_pool *pool, struct pipe *pipe);
/* Gives back a pipe that still holds bytes: they are thrown away. */
void pipe_pool_discard(struct pipe_pool *pool, struct pipe *pipe);

/* Pipes that exist, taken or not. */
size_t pipe_pool_count(const struct pipe_pool *pool);
