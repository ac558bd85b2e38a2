/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/capture.h"

#include "base/error.h"
#include "base/fdio.h"
#include "base/own.h"
#include "net/frame_build.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define PCAP_MAGIC_NS 0xa1b23c4du
#define PCAP_ETHERNET 1u
#define FILE_HEADER   24u
#define RECORD_HEADER 16u
#define NS_PER_S      1000000000LL

/* Frames of a while go out together. */
#define FLUSH_MS 5
/* And at once when so much waits. */
#define FLUSH_BYTES (CAPTURE_BUFFER_BYTES / 4)

struct capture {
    struct loop *loop;
    int fd;                  /* -1: none runs */
    struct loop_watch watch; /* for room, where the descriptor lacks it */
    struct loop_timer timer;
    size_t snap_bytes;
    uint64_t max_bytes, file_bytes;
    struct capture_state state;
    const char *paths_hidden; /* why; NULL: they are not */
    uint8_t *buf;             /* CAPTURE_BUFFER_BYTES, while one runs */
    size_t head, len;
};

static void put32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, sizeof(v));
}

static void put16(uint8_t *p, uint16_t v)
{
    memcpy(p, &v, sizeof(v));
}

static void end(struct capture *capture, const char *why)
{
    loop_timer_cancel(capture->loop, &capture->timer);
    loop_unwatch(capture->loop, &capture->watch);
    own_close(&capture->fd);
    g_clear_pointer(&capture->buf, g_free);
    capture->head = capture->len = 0;
    capture->state.running = false;
    capture->state.stopped = why;
}

/* --- writing --- */

/* True when all that waits was written. */
static bool drain(struct capture *capture)
{
    while (capture->len > 0) {
        ssize_t n =
            write(capture->fd, capture->buf + capture->head, capture->len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return false;
        if (n < 0) {
            end(capture, g_strerror(errno));
            return true;
        }
        capture->head += (size_t)n;
        capture->len -= (size_t)n;
    }
    capture->head = 0;
    return true;
}

static void flush(void *self)
{
    struct capture *capture = self;

    loop_timer_cancel(capture->loop, &capture->timer);
    if (drain(capture))
        loop_unwatch(capture->loop, &capture->watch);
    else
        (void)loop_watch(capture->loop, &capture->watch, capture->fd, EPOLLOUT);
}

static void ready(void *self, uint32_t events)
{
    (void)events;
    flush(self);
}

/* Room for `len` bytes behind what waits, or NULL. */
static uint8_t *reserve(struct capture *capture, size_t len)
{
    uint8_t *at;

    if (capture->len + len > CAPTURE_BUFFER_BYTES)
        return NULL;
    if (capture->head + capture->len + len > CAPTURE_BUFFER_BYTES) {
        memmove(capture->buf, capture->buf + capture->head, capture->len);
        capture->head = 0;
    }
    at = capture->buf + capture->head + capture->len;
    capture->len += len;
    capture->file_bytes += len;
    return at;
}

static void put_file_header(struct capture *capture)
{
    uint8_t *at = reserve(capture, FILE_HEADER);

    g_assert(at != NULL); /* the first in an empty buffer */
    memset(at, 0, FILE_HEADER);
    put32(at, PCAP_MAGIC_NS);
    put16(at + 4, 2);
    put16(at + 6, 4);
    put32(at + 16, (uint32_t)capture->snap_bytes);
    put32(at + 20, PCAP_ETHERNET);
}

static void put_record(uint8_t *at, const uint8_t *data, size_t kept,
                       size_t len)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    put32(at, (uint32_t)now.tv_sec);
    put32(at + 4, (uint32_t)now.tv_nsec);
    put32(at + 8, (uint32_t)kept);
    put32(at + 12, (uint32_t)len);
    memcpy(at + RECORD_HEADER, data, kept);
}

void capture_frame(struct capture *capture, const uint8_t *data, size_t len)
{
    size_t kept = MIN(len, capture->snap_bytes);
    uint8_t *at;

    if (!capture->state.running)
        return;
    if (capture->max_bytes != 0 &&
        capture->file_bytes + RECORD_HEADER + kept > capture->max_bytes) {
        (void)drain(capture);
        if (capture->state.running)
            end(capture, "the size limit is reached");
        return;
    }
    at = reserve(capture, RECORD_HEADER + kept);
    if (at == NULL) {
        capture->state.lost++;
        return;
    }
    put_record(at, data, kept, len);
    capture->state.frames++;
    capture->state.bytes += len;
    if (capture->len >= FLUSH_BYTES && capture->watch.events == 0)
        flush(capture);
    else if (capture->timer.slot == 0)
        loop_timer_in_ms(capture->loop, &capture->timer, FLUSH_MS);
}

void capture_segment(struct capture *capture, const struct ip_endpoint *src,
                     const struct ip_endpoint *dst, uint8_t tcp_flags)
{
    const struct frame_path path = { .src = *src, .dst = *dst };
    uint8_t out[FRAME_SEGMENT_MAX];

    if (capture->state.running)
        capture_frame(capture, out,
                      frame_put_segment(out, &path, 0, 0, tcp_flags, 0));
}

/* --- life --- */

struct capture *capture_new(struct loop *loop)
{
    struct capture *capture = g_new0(struct capture, 1);

    capture->loop = loop;
    capture->fd = -1;
    capture->watch = (struct loop_watch){ .ready = ready, .self = capture };
    capture->timer = (struct loop_timer){ .expired = flush, .self = capture };
    return capture;
}

void capture_free(struct capture *capture)
{
    if (capture == NULL)
        return;
    if (capture->state.running)
        (void)drain(capture);
    end(capture, NULL);
    g_free(capture);
}

int capture_start(struct capture *capture, int fd, size_t snap_bytes,
                  uint64_t max_bytes, GError **err)
{
    owned_fd taken = fd;
    int rc;

    if (capture->state.running)
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "a capture is running already");
    if ((fcntl(taken, F_GETFL) & O_ACCMODE) == O_RDONLY)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "the descriptor is not open for writing");
    rc = fd_set_nonblock(taken);
    if (rc != 0) {
        errno = -rc;
        return error_set_errno(err, "write to descriptor %d", fd);
    }
    capture->buf = g_malloc(CAPTURE_BUFFER_BYTES);
    capture->fd = own_release_fd(&taken);
    capture->snap_bytes = snap_bytes;
    capture->max_bytes = max_bytes;
    capture->file_bytes = 0;
    capture->state = (struct capture_state){ .running = true };
    put_file_header(capture);
    flush(capture);
    if (capture->state.running)
        return 0;
    return error_set(err, SLIPGATE_ERROR_SYSTEM, "write the capture: %s",
                     capture->state.stopped);
}

int capture_stop(struct capture *capture, struct capture_state *out,
                 GError **err)
{
    if (!capture->state.running && capture->state.stopped == NULL)
        return error_set(err, SLIPGATE_ERROR_CONFLICT, "no capture is running");
    if (capture->state.running)
        (void)drain(capture);
    if (capture->state.running)
        end(capture, NULL);
    *out = capture->state;
    capture->state.stopped = NULL;
    return 0;
}

void capture_hide_paths(struct capture *capture, const char *why)
{
    capture->paths_hidden = why;
}

int capture_open(const struct capture *capture, const char *path, GError **err)
{
    int fd;

    if (capture->paths_hidden != NULL)
        return error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                         "open %s: %s; send a descriptor", path,
                         capture->paths_hidden);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : error_set_errno(err, "create %s", path);
}

void capture_get_state(const struct capture *capture, struct capture_state *out)
{
    *out = capture->state;
}

bool capture_is_running(const struct capture *capture)
{
    return capture->state.running;
}
