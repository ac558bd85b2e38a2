/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/capture.h"
#include "take.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Frames into a capture whose reader is a pipe of one page, sometimes read and
 * sometimes gone: what was read is always the beginning of a capture file, each
 * record as long as it says and the one that was sent, and at the end as many
 * as were counted.  Input: how much of each frame is kept, the limit, then
 * actions, each a byte that says what, and for a frame its length.
 */
#define FILE_HEADER   24
#define RECORD_HEADER 16
#define PIPE_BYTES    4096
#define FLUSHED_MS    10

struct world {
    struct loop *loop;
    struct loop_timer turn;
    struct capture *capture;
    GByteArray *file; /* as read so far */
    GArray *sent;     /* the length of each frame, lost ones included */
    int reader;
    size_t snap;
    uint64_t max;
};

static void read_some(struct world *world)
{
    uint8_t out[PIPE_BYTES];
    ssize_t n;

    while (world->reader >= 0 &&
           (n = read(world->reader, out, sizeof(out))) > 0)
        g_byte_array_append(world->file, out, (guint)n);
}

static void turn_ended(void *self)
{
    struct world *world = self;

    loop_stop(world->loop, 0);
}

static void run_loop(struct world *world, int64_t ms)
{
    loop_timer_in_ms(world->loop, &world->turn, ms);
    (void)loop_run(world->loop);
}

static void put_frame(struct world *world, struct take *in)
{
    size_t len = take_number(in, 2);
    g_autofree uint8_t *frame = g_malloc(len + 1);

    memset(frame, (int)(len % 251), len);
    capture_frame(world->capture, frame, len);
    g_array_append_val(world->sent, len);
}

static void put_segment(struct world *world)
{
    struct ip_endpoint a = { .port = 1 }, b = { .port = 2 };

    g_assert_true(ip_addr_parse("192.0.2.1", &a.addr));
    g_assert_true(ip_addr_parse("10.0.2.100", &b.addr));
    capture_segment(world->capture, &a, &b, 2);
}

static uint32_t number_at(const struct world *world, size_t at, size_t bytes)
{
    uint32_t value = 0;

    memcpy(&value, world->file->data + at, bytes);
    return value;
}

/* A frame of this length was sent after the `*next`-th, whose bytes these are;
   or it is a segment. */
static void check_record(const struct world *world, size_t at, guint *next)
{
    size_t kept = number_at(world, at + 8, 4);
    size_t len = number_at(world, at + 12, 4);
    const uint8_t *bytes = world->file->data + at + RECORD_HEADER;

    g_assert_cmpuint(number_at(world, at + 4, 4), <, 1000000000);
    g_assert_cmpuint(kept, ==, MIN(len, world->snap));
    while (*next < world->sent->len &&
           g_array_index(world->sent, size_t, *next) != len)
        (*next)++;
    g_assert_cmpuint(*next, <, world->sent->len);
    (*next)++;
    for (size_t i = 0; i < kept && len != 54; i++)
        g_assert_cmpuint(bytes[i], ==, len % 251);
}

static uint64_t check_file(const struct world *world)
{
    size_t at = FILE_HEADER, len = world->file->len;
    uint64_t records = 0;
    guint next = 0;

    if (len < FILE_HEADER)
        return 0;
    g_assert_cmphex(number_at(world, 0, 4), ==, 0xa1b23c4d);
    g_assert_cmpuint(number_at(world, 16, 4), ==, world->snap);
    g_assert_true(world->max == 0 || len <= MAX(world->max, FILE_HEADER));
    while (at + RECORD_HEADER <= len) {
        size_t kept = number_at(world, at + 8, 4);

        if (at + RECORD_HEADER + kept > len)
            break;
        check_record(world, at, &next);
        records++;
        at += RECORD_HEADER + kept;
    }
    return records;
}

static void act(struct world *world, struct take *in)
{
    static const size_t segment = 54;

    switch (take_number(in, 1) % 8) {
    case 0:
        read_some(world);
        break;
    case 1:
        run_loop(world, 0);
        break;
    case 2:
        put_segment(world);
        g_array_append_val(world->sent, segment);
        break;
    case 3:
        /* Once in a while, so that most inputs see a whole file. */
        if (take_number(in, 1) == 0x99 && world->reader >= 0) {
            (void)close(world->reader);
            world->reader = -1;
        }
        break;
    default:
        put_frame(world, in);
        break;
    }
}

/* Reads on until all that waits has come. */
static void stop(struct world *world)
{
    struct capture_state state;
    bool gone = world->reader < 0;
    uint64_t records;
    guint before;

    /* Later than the capture's own timer; then nothing but the reader delays
       it. */
    run_loop(world, FLUSHED_MS);
    do {
        before = world->file->len;
        read_some(world);
        run_loop(world, 0);
    } while (world->file->len != before);
    g_assert_cmpint(capture_stop(world->capture, &state, NULL), ==, 0);
    read_some(world);
    records = check_file(world);
    g_assert_cmpuint(records, <=, state.frames);
    g_assert_cmpuint(state.frames + state.lost, <=, world->sent->len);
    if (!gone && state.stopped == NULL)
        g_assert_cmpuint(records, ==, state.frames);
    g_assert_true(!gone || state.stopped != NULL || state.frames == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct take in = { data, size };
    struct world world = { .turn = { .expired = turn_ended, .self = &world } };
    int ends[2];

    (void)signal(SIGPIPE, SIG_IGN); /* as the program does */
    g_assert_cmpint(pipe2(ends, O_CLOEXEC | O_NONBLOCK), ==, 0);
    g_assert_cmpint(fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES), ==, PIPE_BYTES);
    world.loop = loop_new(NULL);
    world.capture = capture_new(world.loop);
    world.file = g_byte_array_new();
    world.sent = g_array_new(FALSE, FALSE, sizeof(size_t));
    world.reader = ends[0];
    world.snap = take_number(&in, 2);
    world.max = take_number(&in, 2) * 16u;
    if (capture_start(world.capture, ends[1], world.snap, world.max, NULL) ==
        0) {
        while (in.left > 0)
            act(&world, &in);
        stop(&world);
    }
    if (world.reader >= 0)
        (void)close(world.reader);
    capture_free(world.capture);
    loop_free(world.loop);
    g_byte_array_free(world.file, TRUE);
    g_array_free(world.sent, TRUE);
    return 0;
}
