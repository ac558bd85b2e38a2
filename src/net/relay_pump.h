/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/pipe_pool.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Moves bytes one way between two TCP sockets.  Small amounts are copied
 * through a buffer (one recv, one send); a flow that fills the buffer changes
 * to splice(2), which moves pages.  What the far side cannot take yet waits in
 * a pipe; when no pipe can be had, it stays in the near socket.
 *
 * Both sockets are non-blocking and watched edge-triggered: `readable` and
 * `writable` remember what the last event said until a call says EAGAIN.
 */
struct relay_socket {
    int fd;
    bool readable, writable;
    bool read_on; /* EPOLLRDHUP or EPOLLPRI seen: a short read says nothing,
                     since it may have stopped at an urgent byte */
    bool ended;   /* all that it sent, and the end of it, has been passed on */
};

struct relay_pump {
    struct pipe *pipe; /* only while `waiting` > 0 */
    size_t waiting;    /* bytes in the pipe */
    uint64_t bytes;    /* passed on since the start */
    bool bulk;         /* uses splice */
    bool drained;      /* the near side has ended its stream */
    bool finished;     /* ... and the far side has been told, or will be by
                          closing, if its own stream ended before */
    bool broken;       /* the near side failed: its end is not to be told */
};

/* What all pumps of a loop share. */
struct relay_io;
struct relay_io *relay_io_new(size_t max_pipes);
void relay_io_free(struct relay_io *io);

enum relay_pump_result {
    RELAY_PUMP_WAIT,       /* nothing more to do until an event */
    RELAY_PUMP_MORE,       /* the budget ran out: call again soon */
    RELAY_PUMP_NEAR_ERROR, /* reading failed; errno tells */
    RELAY_PUMP_FAR_ERROR   /* writing failed; errno tells */
};

/* Moves what can be moved without blocking, about `budget` bytes at most. */
enum relay_pump_result relay_pump_run(struct relay_pump *pump,
                                      struct relay_io *io,
                                      struct relay_socket *near,
                                      struct relay_socket *far, size_t budget);
/* Throws away what waits. */
void relay_pump_fini(struct relay_pump *pump, struct relay_io *io);
