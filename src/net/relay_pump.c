/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/relay_pump.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Up to this many bytes a copy is cheaper than two splice calls and their
 * pages; a full buffer is what makes a flow change to splice.
 */
#define COPY_MAX 16384
/* Wake-ups that bring less than this make it change back. */
#define BULK_MIN 4096

struct relay_io {
    struct pipe_pool *pool;
    char buffer[COPY_MAX];
};

/* What one step of a pump came to. */
enum step { STEP_MOVED, STEP_BLOCKED, STEP_NEAR_ERROR, STEP_FAR_ERROR };

struct relay_io *relay_io_new(size_t max_pipes)
{
    struct relay_io *io = g_new0(struct relay_io, 1);

    /* A pipe has to hold one buffer that could not be sent. */
    io->pool = pipe_pool_new(max_pipes, COPY_MAX);
    return io;
}

void relay_io_free(struct relay_io *io)
{
    if (io == NULL)
        return;
    pipe_pool_free(io->pool);
    g_free(io);
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

static void sent(struct relay_pump *pump, size_t n)
{
    pump->bytes += n;
}

/* --- the pipe --- */

static enum step drain_pipe(struct relay_pump *pump, struct relay_io *io,
                            struct relay_socket *far)
{
    ssize_t n = splice(pump->pipe->rd, NULL, far->fd, NULL, pump->waiting,
                       SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

    if (n < 0 && errno == EINTR)
        return STEP_MOVED;
    if (n < 0 && errno == EAGAIN) {
        far->writable = false;
        return STEP_BLOCKED;
    }
    if (n <= 0)
        return STEP_FAR_ERROR;
    sent(pump, (size_t)n);
    pump->waiting -= (size_t)n;
    if (pump->waiting == 0) {
        pipe_pool_put(io->pool, pump->pipe);
        pump->pipe = NULL;
    }
    return STEP_MOVED;
}

static enum step fill_pipe(struct relay_pump *pump, struct relay_io *io,
                           struct relay_socket *near, struct pipe *pipe)
{
    ssize_t n;

    pipe_pool_grow(io->pool, pipe);
    n = splice(near->fd, NULL, pipe->wr, NULL, pipe->size,
               SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (n > 0) {
        pump->pipe = pipe;
        pump->waiting = (size_t)n;
        pump->bulk = n >= BULK_MIN;
        return STEP_MOVED;
    }
    pipe_pool_put(io->pool, pipe);
    if (n == 0) {
        /* The end, or an urgent byte, which only recv() can pass. */
        pump->bulk = false;
        return STEP_MOVED;
    }
    if (!would_block())
        return STEP_NEAR_ERROR;
    near->readable = errno == EINTR;
    return near->readable ? STEP_MOVED : STEP_BLOCKED;
}

/* --- copying --- */

/* Keeps in a pipe what send() left over; `pipe` is empty and large enough, but
   the kernel may lack memory for it.  False: those bytes are lost. */
static bool keep_rest(struct relay_pump *pump, struct pipe *pipe,
                      const char *rest, size_t len)
{
    pump->pipe = pipe;
    pump->waiting = len;
    return write(pipe->wr, rest, len) == (ssize_t)len;
}

static ssize_t send_some(struct relay_socket *far, const char *data, size_t len)
{
    ssize_t n;

    do
        n = send(far->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        n = 0;
    if (n >= 0 && (size_t)n < len)
        far->writable = false;
    return n;
}

/* What recv() said, when it gave no bytes. */
static enum step receive_ended(struct relay_pump *pump,
                               struct relay_socket *near, ssize_t n)
{
    if (n == 0) {
        pump->drained = true;
        near->readable = false;
        return STEP_MOVED;
    }
    if (!would_block())
        return STEP_NEAR_ERROR;
    if (errno == EAGAIN)
        near->readable = false;
    return errno == EAGAIN ? STEP_BLOCKED : STEP_MOVED;
}

/* A short read has emptied the socket, which saves the call that says so. */
static void received(struct relay_pump *pump, struct relay_socket *near,
                     size_t n)
{
    pump->bulk = n == COPY_MAX;
    if (n < COPY_MAX && !near->read_on)
        near->readable = false;
}

static enum step copy(struct relay_pump *pump, struct relay_io *io,
                      struct relay_socket *near, struct relay_socket *far,
                      struct pipe *pipe)
{
    ssize_t n = recv(near->fd, io->buffer, COPY_MAX, MSG_DONTWAIT), out;

    if (n <= 0) {
        pipe_pool_put(io->pool, pipe);
        return receive_ended(pump, near, n);
    }
    received(pump, near, (size_t)n);
    out = send_some(far, io->buffer, (size_t)n);
    if (out < 0) {
        pipe_pool_put(io->pool, pipe);
        return STEP_FAR_ERROR;
    }
    sent(pump, (size_t)out);
    if (out == n) {
        pipe_pool_put(io->pool, pipe);
        return STEP_MOVED;
    }
    return keep_rest(pump, pipe, io->buffer + out, (size_t)(n - out))
               ? STEP_MOVED
               : STEP_FAR_ERROR;
}

/* Without a pipe: only what the far side takes leaves the near socket. */
static enum step copy_without_pipe(struct relay_pump *pump, struct relay_io *io,
                                   struct relay_socket *near,
                                   struct relay_socket *far)
{
    ssize_t n = recv(near->fd, io->buffer, COPY_MAX, MSG_DONTWAIT | MSG_PEEK);
    ssize_t out;

    if (n <= 0)
        return receive_ended(pump, near, n);
    out = send_some(far, io->buffer, (size_t)n);
    if (out < 0)
        return STEP_FAR_ERROR;
    if (out == 0)
        return STEP_BLOCKED;
    sent(pump, (size_t)out);
    if (recv(near->fd, io->buffer, (size_t)out, MSG_DONTWAIT) != out)
        return STEP_NEAR_ERROR;
    return STEP_MOVED;
}

/* --- one step after the other --- */

static enum step step(struct relay_pump *pump, struct relay_io *io,
                      struct relay_socket *near, struct relay_socket *far)
{
    struct pipe *pipe;

    if (pump->pipe != NULL)
        return far->writable ? drain_pipe(pump, io, far) : STEP_BLOCKED;
    if (pump->drained) {
        if (pump->broken)
            return STEP_BLOCKED;
        /* Fails only on a socket that is gone; its own error tells. */
        if (!far->ended)
            (void)shutdown(far->fd, SHUT_WR);
        near->ended = true;
        pump->finished = true;
        return STEP_BLOCKED;
    }
    if (!near->readable || !far->writable)
        return STEP_BLOCKED;
    pipe = pipe_pool_take(io->pool);
    if (pipe == NULL)
        return copy_without_pipe(pump, io, near, far);
    if (pump->bulk)
        return fill_pipe(pump, io, near, pipe);
    return copy(pump, io, near, far, pipe);
}

enum relay_pump_result relay_pump_run(struct relay_pump *pump,
                                      struct relay_io *io,
                                      struct relay_socket *near,
                                      struct relay_socket *far, size_t budget)
{
    uint64_t stop_at = pump->bytes + budget;

    while (!pump->finished) {
        switch (step(pump, io, near, far)) {
        case STEP_BLOCKED:
            return RELAY_PUMP_WAIT;
        case STEP_NEAR_ERROR:
            return RELAY_PUMP_NEAR_ERROR;
        case STEP_FAR_ERROR:
            return RELAY_PUMP_FAR_ERROR;
        case STEP_MOVED:
            break;
        }
        if (pump->bytes >= stop_at)
            return RELAY_PUMP_MORE;
    }
    return RELAY_PUMP_WAIT;
}

void relay_pump_fini(struct relay_pump *pump, struct relay_io *io)
{
    if (pump->pipe != NULL)
        pipe_pool_discard(io->pool, pump->pipe);
    pump->pipe = NULL;
    pump->waiting = 0;
}
