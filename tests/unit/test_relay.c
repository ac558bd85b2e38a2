/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/relay.h"

#include "net/relay_option.h"

#include "base/own.h"
#include "deny_call.h"
#include "heap_use.h"
#include "net/relay_pump.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define DEADLINE_MS 20000
#define PATTERN_MAX 65536

/*
 * A rig runs a relay table in a thread; tests talk to the two outer ends,
 * "client" (host side) and "server" (guest side), with blocking calls.
 */
struct rig {
    struct loop *loop;
    struct relay_table *table;
    struct loop_watch stop;
    int stop_fd;
    GThread *thread;
    gint opened, closed[RELAY_END_STOPPED + 1];
    uint64_t bytes[RELAY_SIDE_COUNT];
};

struct flow {
    int client, server;
};

static void note_opened(void *self, const struct relay_flow *flow)
{
    g_assert_cmpuint(flow->id, >, 0);
    g_atomic_int_inc(&((struct rig *)self)->opened);
}

static void note_closed(void *self, const struct relay_flow *flow,
                        enum relay_end how)
{
    struct rig *rig = self;

    memcpy(rig->bytes, flow->bytes, sizeof(rig->bytes));
    g_atomic_int_inc(&rig->closed[how]);
}

static void stop_ready(void *self, uint32_t events)
{
    (void)events;
    loop_stop(((struct rig *)self)->loop, 0);
}

static void rig_open(struct rig *rig)
{
    *rig = (struct rig){ .loop = loop_new(NULL) };
    rig->table = relay_table_new(
        rig->loop, &(struct relay_observer){ rig, note_opened, note_closed });
    rig->stop_fd = eventfd(0, EFD_CLOEXEC);
    rig->stop = (struct loop_watch){ .ready = stop_ready, .self = rig };
    g_assert_cmpint(loop_watch(rig->loop, &rig->stop, rig->stop_fd, EPOLLIN),
                    ==, 0);
}

static gpointer rig_thread(gpointer data)
{
    return GINT_TO_POINTER(loop_run(((struct rig *)data)->loop));
}

static void rig_run(struct rig *rig)
{
    rig->thread = g_thread_new("relay", rig_thread, rig);
}

static void rig_stop(struct rig *rig)
{
    if (rig->thread != NULL) {
        g_assert_cmpint(eventfd_write(rig->stop_fd, 1), ==, 0);
        (void)g_thread_join(rig->thread);
    }
    rig->thread = NULL;
}

static void rig_close(struct rig *rig)
{
    rig_stop(rig);
    relay_table_free(rig->table);
    loop_free(rig->loop);
    (void)close(rig->stop_fd);
}

static void wait_for(gint *counter, gint value)
{
    gint64 until = g_get_monotonic_time() + DEADLINE_MS * 1000;

    while (g_atomic_int_get(counter) < value) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        (void)poll(NULL, 0, 1);
    }
}

/* --- sockets --- */

static void tcp_pair(int fds[2])
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);
    owned_fd listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = { .tv_sec = DEADLINE_MS / 1000 };

    relay_prepare_socket(listener);
    g_assert_cmpint(bind(listener, (struct sockaddr *)&at, len), ==, 0);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    g_assert_cmpint(getsockname(listener, (struct sockaddr *)&at, &len), ==, 0);
    fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(fds[0], (struct sockaddr *)&at, len), ==, 0);
    fds[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    g_assert_cmpint(fds[1], >=, 0);
    for (int i = 0; i < 2; i++) {
        (void)setsockopt(fds[i], SOL_SOCKET, SO_RCVTIMEO, &limit,
                         sizeof(limit));
        (void)setsockopt(fds[i], SOL_SOCKET, SO_SNDTIMEO, &limit,
                         sizeof(limit));
    }
}

/* Call before rig_run(): the table belongs to its loop's thread. */
static struct flow flow_open(struct rig *rig)
{
    struct relay_flow about = { .inbound = true };
    int near[2], far[2];

    tcp_pair(near);
    tcp_pair(far);
    g_assert_cmpint(relay_start(rig->table, &about, near[1], far[1]), ==, 0);
    return (struct flow){ .client = near[0], .server = far[0] };
}

static void flow_close(struct flow *flow)
{
    own_close(&flow->client);
    own_close(&flow->server);
}

/* Byte `i` of a stream is a function of `i` and a seed, so any shift shows. */
static void pattern(char *out, size_t len, uint64_t at, unsigned seed)
{
    for (size_t i = 0; i < len; i++) {
        uint64_t x = (at + i) * 0x9e3779b97f4a7c15u + seed;

        out[i] = (char)(x >> 56);
    }
}

static void send_pattern(int fd, uint64_t from, uint64_t to, unsigned seed)
{
    g_autofree char *buffer = g_malloc(PATTERN_MAX);

    while (from < to) {
        size_t len = (size_t)MIN(to - from, PATTERN_MAX);
        ssize_t n;

        pattern(buffer, len, from, seed);
        n = send(fd, buffer, len, MSG_NOSIGNAL);
        g_assert_cmpint(n, >, 0);
        from += (uint64_t)n;
    }
}

static void expect_pattern(int fd, uint64_t from, uint64_t to, unsigned seed)
{
    g_autofree char *got = g_malloc(PATTERN_MAX);
    g_autofree char *want = g_malloc(PATTERN_MAX);

    while (from < to) {
        ssize_t n = recv(fd, got, (size_t)MIN(to - from, PATTERN_MAX), 0);

        g_assert_cmpint(n, >, 0);
        pattern(want, (size_t)n, from, seed);
        g_assert_true(memcmp(got, want, (size_t)n) == 0);
        from += (uint64_t)n;
    }
}

static void expect_end(int fd)
{
    char byte;

    g_assert_cmpint(recv(fd, &byte, 1, 0), ==, 0);
}

static void expect_reset(int fd)
{
    char byte;

    g_assert_cmpint(recv(fd, &byte, 1, 0), ==, -1);
    g_assert_cmpint(errno, ==, ECONNRESET);
}

struct job {
    int fd;
    uint64_t len;
    unsigned seed;
};

static gpointer send_job(gpointer data)
{
    const struct job *job = data;

    send_pattern(job->fd, 0, job->len, job->seed);
    g_assert_cmpint(shutdown(job->fd, SHUT_WR), ==, 0);
    return NULL;
}

/* --- the tests --- */

static void streams_pass_both_ways_at_once(void)
{
    struct rig rig;
    struct flow flow;
    struct job out = { .len = 24 << 20, .seed = 1 };
    struct job back = { .len = 16 << 20, .seed = 2 };
    GThread *threads[3];
    struct job *jobs[2] = { &out, &back };

    rig_open(&rig);
    flow = flow_open(&rig);
    out.fd = flow.client;
    back.fd = flow.server;
    rig_run(&rig);
    for (size_t i = 0; i < 2; i++)
        threads[i] = g_thread_new("sender", send_job, jobs[i]);
    for (uint64_t at = 0; at < out.len; at += 1 << 20) {
        expect_pattern(flow.server, at, at + (1 << 20), out.seed);
        if (at < back.len)
            expect_pattern(flow.client, at, at + (1 << 20), back.seed);
    }
    expect_end(flow.server);
    expect_end(flow.client);
    for (size_t i = 0; i < 2; i++)
        (void)g_thread_join(threads[i]);
    wait_for(&rig.closed[RELAY_END_CLOSED], 1);
    g_assert_cmpuint(rig.bytes[RELAY_HOST], ==, out.len);
    g_assert_cmpuint(rig.bytes[RELAY_GUEST], ==, back.len);
    flow_close(&flow);
    rig_close(&rig);
}

static void half_close(bool client_first)
{
    struct rig rig;
    struct flow flow;
    int first, second;

    rig_open(&rig);
    flow = flow_open(&rig);
    first = client_first ? flow.client : flow.server;
    second = client_first ? flow.server : flow.client;
    rig_run(&rig);
    send_pattern(first, 0, 1000, 1);
    g_assert_cmpint(shutdown(first, SHUT_WR), ==, 0);
    expect_pattern(second, 0, 1000, 1);
    expect_end(second);
    /* The other direction is still open, for small and for bulk data. */
    send_pattern(second, 0, 10, 2);
    expect_pattern(first, 0, 10, 2);
    send_pattern(second, 10, 200000, 2);
    expect_pattern(first, 10, 200000, 2);
    g_assert_cmpint(g_atomic_int_get(&rig.closed[RELAY_END_CLOSED]), ==, 0);
    g_assert_cmpint(shutdown(second, SHUT_WR), ==, 0);
    expect_end(first);
    wait_for(&rig.closed[RELAY_END_CLOSED], 1);
    flow_close(&flow);
    rig_close(&rig);
}

static void the_client_may_end_its_stream_first(void)
{
    half_close(true);
}

static void the_server_may_end_its_stream_first(void)
{
    half_close(false);
}

static void reset(bool from_client, bool after_half_close)
{
    struct rig rig;
    struct flow flow;
    int *first, *second;

    rig_open(&rig);
    flow = flow_open(&rig);
    first = from_client ? &flow.client : &flow.server;
    second = from_client ? &flow.server : &flow.client;
    rig_run(&rig);
    send_pattern(*first, 0, 5000, 1);
    if (after_half_close) {
        g_assert_cmpint(shutdown(*first, SHUT_WR), ==, 0);
        expect_pattern(*second, 0, 5000, 1);
        expect_end(*second);
    }
    relay_reset_socket(*first);
    *first = -1;
    if (after_half_close) {
        wait_for(&rig.closed[RELAY_END_RESET], 1);
        g_assert_cmpint(send(*second, "x", 1, MSG_NOSIGNAL), ==, -1);
    } else {
        /* What was sent before the reset still arrives. */
        expect_pattern(*second, 0, 5000, 1);
        expect_reset(*second);
        wait_for(&rig.closed[RELAY_END_RESET], 1);
    }
    flow_close(&flow);
    rig_close(&rig);
}

static void a_reset_passes_through_either_way(void)
{
    reset(true, false);
    reset(false, false);
}

static void a_reset_after_a_half_close_passes_too(void)
{
    reset(true, true);
    reset(false, true);
}

static void writing_to_a_closed_end_resets_the_writer(void)
{
    struct rig rig;
    struct flow flow;
    char block[4096] = { 0 };
    gint64 until = g_get_monotonic_time() + DEADLINE_MS * 1000;

    rig_open(&rig);
    flow = flow_open(&rig);
    rig_run(&rig);
    own_close(&flow.server);
    expect_end(flow.client);
    while (send(flow.client, block, sizeof(block), MSG_NOSIGNAL) > 0)
        g_assert_cmpint(g_get_monotonic_time(), <, until);
    g_assert_true(errno == ECONNRESET || errno == EPIPE);
    wait_for(&rig.closed[RELAY_END_RESET], 1);
    flow_close(&flow);
    rig_close(&rig);
}

/* Sends until the whole way is full; returns how much went in. */
static uint64_t fill(int fd, unsigned seed)
{
    g_autofree char *block = g_malloc(PATTERN_MAX);
    struct pollfd wait = { .fd = fd, .events = POLLOUT };
    uint64_t sent = 0;

    /* Full means: no room for a while. */
    while (poll(&wait, 1, 300) > 0) {
        ssize_t n;

        pattern(block, PATTERN_MAX, sent, seed);
        n = send(fd, block, PATTERN_MAX, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0)
            sent += (uint64_t)n;
    }
    return sent;
}

static void a_slow_reader_stops_the_writer_and_loses_nothing(void)
{
    struct rig rig;
    struct flow flow;
    uint64_t sent;

    rig_open(&rig);
    flow = flow_open(&rig);
    rig_run(&rig);
    sent = fill(flow.client, 3);
    g_assert_cmpuint(sent, >, 0);
    /* The other way is not held up. */
    send_pattern(flow.server, 0, 100000, 4);
    expect_pattern(flow.client, 0, 1, 4);
    g_assert_cmpint(shutdown(flow.client, SHUT_WR), ==, 0);
    expect_pattern(flow.server, 0, sent, 3);
    expect_end(flow.server);
    flow_close(&flow);
    rig_close(&rig);
}

static void urgent_data_stays_in_its_place(void)
{
    struct rig rig;
    struct flow flow;
    char got[5] = { 0 };
    static const char *const parts[] = { "ab", "!", "cd" };
    static const int flags[] = { 0, MSG_OOB, 0 };

    rig_open(&rig);
    flow = flow_open(&rig);
    rig_run(&rig);
    /* Once in copying mode, once while the flow splices. */
    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
            g_assert_cmpint(
                send(flow.client, parts[i], strlen(parts[i]), flags[i]), ==,
                (ssize_t)strlen(parts[i]));
        g_assert_cmpint(recv(flow.server, got, sizeof(got), MSG_WAITALL), ==,
                        5);
        g_assert_true(memcmp(got, "ab!cd", 5) == 0);
        send_pattern(flow.client, 0, 1 << 20, round);
        expect_pattern(flow.server, 0, 1 << 20, round);
    }
    flow_close(&flow);
    rig_close(&rig);
}

#define MANY 150

static void many_flows_keep_their_bytes_apart(void)
{
    struct rig rig;
    struct flow flows[MANY];
    struct job jobs[MANY];
    GThread *threads[MANY];
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);

    rig_open(&rig);
    for (unsigned i = 0; i < MANY; i++) {
        flows[i] = flow_open(&rig);
        jobs[i] =
            (struct job){ flows[i].client,
                          (uint64_t)g_rand_int_range(rand, 0, 300000), i };
    }
    rig_run(&rig);
    for (unsigned i = 0; i < MANY; i++)
        threads[i] = g_thread_new("sender", send_job, &jobs[i]);
    for (unsigned i = 0; i < MANY; i++) {
        expect_pattern(flows[i].server, 0, jobs[i].len, i);
        expect_end(flows[i].server);
        (void)g_thread_join(threads[i]);
        flow_close(&flows[i]);
    }
    wait_for(&rig.closed[RELAY_END_CLOSED], MANY);
    g_assert_cmpint(rig.opened, ==, MANY);
    rig_close(&rig);
}

static bool is_second(void *self, const struct relay_flow *flow)
{
    (void)self;
    return flow->id == 2;
}

static void flows_can_be_listed_and_ended(void)
{
    struct rig rig;
    struct flow flows[3];
    struct relay_flow found = { .id = 0 };
    uint64_t seen = 0;

    rig_open(&rig);
    for (size_t i = 0; i < G_N_ELEMENTS(flows); i++)
        flows[i] = flow_open(&rig);
    while (relay_next(rig.table, found.id, &found))
        seen = seen * 10 + found.id;
    g_assert_cmpuint(seen, ==, 123);
    g_assert_cmpuint(relay_close_matching(rig.table, is_second, NULL), ==, 1);
    expect_reset(flows[1].client);
    expect_reset(flows[1].server);
    g_assert_cmpuint(relay_count(rig.table), ==, 2);
    g_assert_true(relay_next(rig.table, 1, &found));
    g_assert_cmpuint(found.id, ==, 3);
    rig_run(&rig);
    send_pattern(flows[2].client, 0, 100, 1);
    expect_pattern(flows[2].server, 0, 100, 1);
    rig_stop(&rig);
    g_assert_cmpint(rig.closed[RELAY_END_STOPPED], ==, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(flows); i++)
        flow_close(&flows[i]);
    rig_close(&rig);
}

/* Runs a pump by hand, without a loop: everything is "ready" each time. */
static void pump_all(struct relay_pump *pump, struct relay_io *io, int near,
                     int far)
{
    struct relay_socket from = { .fd = near, .readable = true };
    struct relay_socket to = { .fd = far, .writable = true };

    from.read_on = true;
    g_assert_cmpint(relay_pump_run(pump, io, &from, &to, SIZE_MAX / 2), ==,
                    RELAY_PUMP_WAIT);
}

static void works_without_pipes(size_t pipes)
{
    struct relay_io *io = relay_io_new(pipes);
    struct relay_pump pump = { .pipe = NULL }, thief = { .pipe = NULL };
    int near[2], far[2], stuck_near[2], stuck_far[2];
    uint64_t sent, read = 0;

    tcp_pair(near);
    tcp_pair(far);
    tcp_pair(stuck_near);
    tcp_pair(stuck_far);
    /* With one pipe: another flow sits on it. */
    (void)fill(stuck_near[0], 1);
    (void)fill(stuck_far[1], 1);
    pump_all(&thief, io, stuck_near[1], stuck_far[1]);
    sent = fill(near[0], 5);
    g_assert_cmpint(shutdown(near[0], SHUT_WR), ==, 0);
    for (unsigned turns = 0; read < sent; turns++) {
        char got[PATTERN_MAX], want[PATTERN_MAX];
        ssize_t n;

        g_assert_cmpuint(turns, <, 1000000);
        pump_all(&pump, io, near[1], far[1]);
        n = recv(far[0], got, sizeof(got), 0);
        g_assert_cmpint(n, >, 0);
        pattern(want, (size_t)n, read, 5);
        g_assert_true(memcmp(got, want, (size_t)n) == 0);
        read += (uint64_t)n;
    }
    pump_all(&pump, io, near[1], far[1]);
    g_assert_true(pump.finished);
    g_assert_cmpuint(pump.bytes, ==, sent);
    relay_pump_fini(&pump, io);
    relay_pump_fini(&thief, io);
    relay_io_free(io);
    for (int i = 0; i < 2; i++) {
        (void)close(near[i]);
        (void)close(far[i]);
        (void)close(stuck_near[i]);
        (void)close(stuck_far[i]);
    }
}

static void bytes_pass_when_no_pipe_can_be_had(void)
{
    works_without_pipes(0);
    works_without_pipes(1);
}

static bool any_flow(void *self, const struct relay_flow *flow)
{
    (void)self;
    return flow->id > 0;
}

static void stop_now(void *self)
{
    loop_stop(self, 0);
}

/* As the agent does with sockets that it has just passed to the gate. */
static void nothing_is_heard_of_an_ended_flow_that_others_hold(void)
{
    struct relay_flow about = { .inbound = true };
    struct loop_timer stop = { .expired = stop_now };
    struct rig rig;
    int near[2], far[2], held;

    rig_open(&rig);
    tcp_pair(near);
    tcp_pair(far);
    held = fcntl(far[1], F_DUPFD_CLOEXEC, 0);
    g_assert_cmpint(relay_start(rig.table, &about, near[1], far[1]), ==, 0);
    g_assert_cmpuint(relay_close_matching(rig.table, any_flow, NULL), ==, 1);
    g_assert_cmpint(send(far[0], "x", 1, MSG_NOSIGNAL), ==, 1);
    stop.self = rig.loop;
    loop_timer_in_ms(rig.loop, &stop, 0);
    g_assert_cmpint(loop_run(rig.loop), ==, 0); /* ASan sees a late event */
    rig_close(&rig);
    (void)close(held);
    (void)close(near[0]);
    (void)close(far[0]);
}

/* What is on its way may make room once more when it has arrived. */
#define ARRIVAL_MS 100

/* A pair of which the first end can take nothing more. */
static void stuffed_pair(int fds[2])
{
    static const char junk[65536];

    tcp_pair(fds);
    (void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
    do {
        while (send(fds[0], junk, sizeof(junk), MSG_NOSIGNAL) > 0)
            continue;
        (void)poll(NULL, 0, ARRIVAL_MS);
    } while (send(fds[0], junk, 1, MSG_NOSIGNAL) > 0);
}

static enum relay_pump_result pump_into_full_socket(const int near[2],
                                                    const int far[2])
{
    struct relay_io *io = relay_io_new(4);
    struct relay_pump pump = { .bulk = false };
    struct relay_socket from = { .fd = near[1], .readable = true };
    /* As if it had become full since the last event. */
    struct relay_socket to = { .fd = far[0], .writable = true };
    enum relay_pump_result result =
        relay_pump_run(&pump, io, &from, &to, 65536);

    relay_pump_fini(&pump, io);
    relay_io_free(io);
    return result;
}

static void without_memory_for_a_pipe_the_flow_ends_and_no_other(void)
{
    int near[2], far[2], status;
    pid_t pid;

    tcp_pair(near);
    stuffed_pair(far);
    g_assert_cmpint(send(near[0], "left over", 9, MSG_NOSIGNAL), ==, 9);
    g_assert_cmpint(
        poll(&(struct pollfd){ near[1], POLLIN, 0 }, 1, DEADLINE_MS), ==, 1);
    pid = fork();
    if (pid == 0)
        _exit(deny_call(SYS_write, ENOMEM) &&
                      pump_into_full_socket(near, far) == RELAY_PUMP_FAR_ERROR
                  ? 0
                  : 1);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
    /* With memory it waits. */
    g_assert_cmpint(pump_into_full_socket(near, far), ==, RELAY_PUMP_WAIT);
    for (int i = 0; i < 2; i++) {
        (void)close(near[i]);
        (void)close(far[i]);
    }
}

/* --- what an idle flow takes --- */

#define IDLE          100
#define IDLE_HEAP_MAX 1024
/* Those that the pool keeps for the next; two descriptors each. */
#define IDLE_PIPES_MAX 32

static unsigned open_pipe_ends(void)
{
    GDir *dir = g_dir_open("/proc/self/fd", 0, NULL);
    unsigned count = 0;
    const char *name;

    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename("/proc/self/fd", name, NULL);
        g_autofree char *to = g_file_read_link(path, NULL);

        count += to != NULL && g_str_has_prefix(to, "pipe:");
    }
    g_dir_close(dir);
    return count;
}

static void an_idle_flow_takes_little_memory_and_no_pipe(void)
{
    struct relay_flow about = { .inbound = true };
    int near[IDLE][2], far[IDLE][2];
    unsigned pipes = open_pipe_ends();
    struct rig rig;
    size_t before;

    rig_open(&rig);
    for (unsigned i = 0; i < IDLE; i++) {
        tcp_pair(near[i]);
        tcp_pair(far[i]);
    }
    before = heap_in_use();
    for (unsigned i = 0; i < IDLE; i++)
        g_assert_cmpint(relay_start(rig.table, &about, near[i][1], far[i][1]),
                        ==, 0);
    g_assert_cmpuint(heap_in_use(), >, before);
    g_assert_cmpuint((heap_in_use() - before) / IDLE, <, IDLE_HEAP_MAX);
    rig_run(&rig);
    /* Enough of it to be spliced. */
    for (unsigned i = 0; i < IDLE; i++) {
        send_pattern(near[i][0], 0, 200000, i);
        expect_pattern(far[i][0], 0, 200000, i);
    }
    rig_stop(&rig);
    g_assert_cmpuint(relay_count(rig.table), ==, IDLE);
    g_assert_cmpuint(open_pipe_ends() - pipes, <=, IDLE_PIPES_MAX);
    for (unsigned i = 0; i < IDLE; i++) {
        (void)close(near[i][0]);
        (void)close(far[i][0]);
    }
    rig_close(&rig);
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/relay/streams pass both ways at once",
                    streams_pass_both_ways_at_once);
    g_test_add_func("/relay/the client may end its stream first",
                    the_client_may_end_its_stream_first);
    g_test_add_func("/relay/the server may end its stream first",
                    the_server_may_end_its_stream_first);
    g_test_add_func("/relay/a reset passes through either way",
                    a_reset_passes_through_either_way);
    g_test_add_func("/relay/a reset after a half close passes too",
                    a_reset_after_a_half_close_passes_too);
    g_test_add_func("/relay/writing to a closed end resets the writer",
                    writing_to_a_closed_end_resets_the_writer);
    g_test_add_func("/relay/a slow reader stops the writer and loses nothing",
                    a_slow_reader_stops_the_writer_and_loses_nothing);
    g_test_add_func("/relay/urgent data stays in its place",
                    urgent_data_stays_in_its_place);
    g_test_add_func("/relay/many flows keep their bytes apart",
                    many_flows_keep_their_bytes_apart);
    g_test_add_func("/relay/flows can be listed and ended",
                    flows_can_be_listed_and_ended);
    g_test_add_func("/relay/an idle flow takes little memory and no pipe",
                    an_idle_flow_takes_little_memory_and_no_pipe);
    g_test_add_func("/relay/bytes pass when no pipe can be had",
                    bytes_pass_when_no_pipe_can_be_had);
    g_test_add_func("/relay/nothing is heard of an ended flow that others hold",
                    nothing_is_heard_of_an_ended_flow_that_others_hold);
    g_test_add_func(
        "/relay/without memory for a pipe the flow ends and no other",
        without_memory_for_a_pipe_the_flow_ends_and_no_other);
    return g_test_run();
}
