/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine_rig.h"

#include "base/fdio.h"
#include "kern/rtnl.h"
#include "own_namespace.h"

#include <errno.h>
#include <net/ethernet.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Long enough for a busy machine under a sanitizer; reached by failures. */
#define DEADLINE_MS 10000

/* --- the host --- */

static void bring_up_loopback(void)
{
    static const struct rtnl_link_change up = { .up = true };
    struct ip_addr v4 = frames_addr("192.0.2.1");
    struct ip_addr v6 = frames_addr("2001:db8::1");
    g_autoptr(GError) err = NULL;
    struct rtnl *rtnl = rtnl_open(&err);
    unsigned lo;

    g_assert_no_error(err);
    lo = rtnl_link_index(rtnl, "lo");
    if (rtnl_link_set(rtnl, lo, &up, &err) < 0 ||
        rtnl_addr_add(rtnl, lo, &v4, 32, &err) < 0 ||
        rtnl_addr_add(rtnl, lo, &v6, 128, &err) < 0)
        g_error("%s", err->message);
    rtnl_close(rtnl);
}

/* The kernel makes a new IPv6 address usable in its own time. */
static void wait_until_usable(const char *addr)
{
    struct ip_endpoint at = { frames_addr(addr), 0 };
    struct sockaddr_storage ss;
    socklen_t len = ip_endpoint_to_sockaddr(&at, &ss);
    gint64 deadline = g_get_monotonic_time() + DEADLINE_MS * 1000;
    bool arrived = false;
    char byte = 0;

    while (!arrived) {
        int fd = socket(at.addr.family,
                        SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        arrived = bind(fd, (struct sockaddr *)&ss, len) == 0 &&
                  getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
                  sendto(fd, &byte, 1, 0, (struct sockaddr *)&ss, len) == 1 &&
                  recv(fd, &byte, 1, 0) == 1;
        (void)close(fd);
        if (!arrived)
            g_usleep(1000);
    }
}

bool engine_rig_enter(void)
{
    if (!own_namespace_enter())
        return false;
    (void)signal(SIGPIPE, SIG_IGN); /* as the program does */
    bring_up_loopback();
    wait_until_usable("2001:db8::1");
    return true;
}

int engine_rig_host_socket(const char *addr, int type, uint16_t *port)
{
    struct ip_endpoint at = { frames_addr(addr), 0 };
    struct sockaddr_storage ss;
    socklen_t len = ip_endpoint_to_sockaddr(&at, &ss);
    int fd = socket(at.addr.family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&ss, len), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&ss, &len), ==, 0);
    if (type == SOCK_STREAM)
        g_assert_cmpint(listen(fd, 128), ==, 0);
    g_assert_true(ip_endpoint_from_sockaddr(&ss, &at));
    *port = at.port;
    return fd;
}

/* --- the guest --- */

static void guest_ready(void *self, uint32_t events)
{
    struct engine_rig *rig = self;
    ssize_t n;

    (void)events;
    while ((n = recv(rig->guest_fd, rig->last, sizeof(rig->last),
                     MSG_DONTWAIT)) > 0)
        g_queue_push_tail(rig->arrived, g_bytes_new(rig->last, (gsize)n));
    if (n == 0)
        loop_unwatch(rig->loop, &rig->watch);
    loop_stop(rig->loop, 0);
}

static void link_gone(void *self, int error)
{
    struct engine_rig *rig = self;

    g_assert_cmpint(error, >, 0);
    rig->gone++;
    loop_stop(rig->loop, 0);
}

static void too_late(void *self)
{
    const struct engine_rig *rig = self;

#define TELL(name, meaning)   \
    if (rig->stats.name != 0) \
        g_printerr("%s: %" G_GUINT64_FORMAT "\n", #name, rig->stats.name);
    STATS_COUNTERS(TELL)
#undef TELL
    g_error("waited too long for %s", rig->awaited);
}

/* Without knowing where the guest is, the stack would ask and wait. */
static void announce_guest(struct engine_rig *rig)
{
    struct ip_addr gateway = rig->plan.gateway6;
    struct frames_spec solicitation = { .proto = IPPROTO_ICMPV6,
                                        .src = "fd00::100",
                                        .dst = "ff02::1:ff00:2",
                                        .hop_limit = 255,
                                        .type = 135,
                                        .payload = &gateway.v6,
                                        .payload_len = 16 };

    engine_rig_send_spec(rig, &solicitation);
    engine_rig_settle(rig);
}

struct engine_rig *engine_rig_new(void)
{
    struct engine_rig *rig = g_new0(struct engine_rig, 1);
    struct pump_config config = { .gone = link_gone, .self = rig };
    g_autoptr(GError) err = NULL;
    int ends[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends),
                    ==, 0);
    g_assert_cmpint(fd_set_nonblock(ends[0]), ==, 0);
    rig->loop = loop_new(NULL);
    g_assert_cmpint(plan_init(&rig->plan, PLAN_CIDR_DEFAULT, NULL), ==, 0);
    rig->policy = (struct policy){ true, true, true, true };
    rig->arrived = g_queue_new();
    rig->guest_fd = ends[1];
    config.plan = &rig->plan;
    config.policy = &rig->policy;
    config.budget = &rig->budget;
    budget_init(&rig->budget, 1024);
    config.link =
        (struct link){ .fd = ends[0], .is_socket = true, .mtu = 1500 };
    rig->pump = pump_new(rig->loop, &config, &rig->stats, &err);
    g_assert_no_error(err);
    rig->watch = (struct loop_watch){ .ready = guest_ready, .self = rig };
    rig->deadline = (struct loop_timer){ .expired = too_late, .self = rig };
    g_assert_cmpint(loop_watch(rig->loop, &rig->watch, rig->guest_fd, EPOLLIN),
                    ==, 0);
    announce_guest(rig);
    return rig;
}

void engine_rig_free(struct engine_rig *rig)
{
    pump_free(rig->pump);
    loop_free(rig->loop);
    g_queue_free_full(rig->arrived, (GDestroyNotify)g_bytes_unref);
    (void)close(rig->guest_fd);
    g_free(rig);
}

void engine_rig_send(struct engine_rig *rig, const void *data, size_t len)
{
    /* The pair holds a few hundred small frames; make room when it is full. */
    while (send(rig->guest_fd, data, len, MSG_DONTWAIT) < 0) {
        g_assert_cmpint(errno, ==, EAGAIN);
        g_assert_cmpint(loop_watch(rig->loop, &rig->watch, rig->guest_fd,
                                   EPOLLIN | EPOLLOUT),
                        ==, 0);
        (void)loop_run(rig->loop);
        g_assert_cmpint(
            loop_watch(rig->loop, &rig->watch, rig->guest_fd, EPOLLIN), ==, 0);
    }
}

void engine_rig_send_spec(struct engine_rig *rig,
                          const struct frames_spec *spec)
{
    uint8_t *out = g_malloc(FRAMES_MAX);

    engine_rig_send(rig, out, frames_build(spec, out));
    g_free(out);
}

void engine_rig_run_until(struct engine_rig *rig, bool (*done)(void *self),
                          void *self)
{
    loop_timer_in_ms(rig->loop, &rig->deadline, DEADLINE_MS);
    while (!done(self))
        (void)loop_run(rig->loop);
    loop_timer_cancel(rig->loop, &rig->deadline);
}

static bool has_arrived(void *self)
{
    struct engine_rig *rig = self;

    return !g_queue_is_empty(rig->arrived);
}

static void fail_with_frame(const uint8_t *data, size_t len)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (size_t i = 0; i < MIN(len, 128); i++)
        g_string_append_printf(text, " %02x", data[i]);
    g_error("a bad frame of %zu bytes came:%s", len, text->str);
}

/* Takes the first of those that arrived; its bytes are in rig->last then. */
static struct frame take_arrived(struct engine_rig *rig)
{
    GBytes *bytes = g_queue_pop_head(rig->arrived);
    gsize len;
    const uint8_t *data = g_bytes_get_data(bytes, &len);
    struct frame f;

    memcpy(rig->last, data, len);
    g_bytes_unref(bytes);
    if (frame_parse(rig->last, len, &f) != FRAME_GOOD ||
        !frames_checksums_are_right(rig->last, f.len))
        fail_with_frame(rig->last, len);
    return f;
}

struct frame engine_rig_expect(struct engine_rig *rig, int proto)
{
    rig->awaited = "a frame";
    for (;;) {
        struct frame f;

        engine_rig_run_until(rig, has_arrived, rig);
        f = take_arrived(rig);
        if (proto == 0 ? f.ethertype == ETHERTYPE_ARP
                       : (f.l4 != 0 || f.fragment) && f.proto == proto)
            return f;
    }
}

bool engine_rig_has(struct engine_rig *rig, int proto)
{
    uint8_t arp[FRAMES_MAX];
    bool found = false;

    engine_rig_send(rig, arp, frames_build_arp("10.0.2.3", arp));
    rig->awaited = "the answer to an address request";
    for (;;) {
        struct frame f;

        engine_rig_run_until(rig, has_arrived, rig);
        f = take_arrived(rig);
        if (f.ethertype == ETHERTYPE_ARP)
            return found;
        found |= f.l4 != 0 && f.proto == proto;
    }
}

void engine_rig_settle(struct engine_rig *rig)
{
    (void)engine_rig_has(rig, 0);
}

/* --- waiting for the host's sockets --- */

struct readable {
    struct engine_rig *rig;
    struct loop_watch watch;
    bool ready;
};

static void fd_ready(void *self, uint32_t events)
{
    struct readable *readable = self;

    (void)events;
    readable->ready = true;
    loop_unwatch(readable->rig->loop, &readable->watch);
    loop_stop(readable->rig->loop, 0);
}

static bool is_ready(void *self)
{
    struct readable *readable = self;

    return readable->ready;
}

void engine_rig_wait_readable(struct engine_rig *rig, int fd)
{
    struct readable readable = { .rig = rig };

    rig->awaited = "a socket of the host";
    readable.watch.ready = fd_ready;
    readable.watch.self = &readable;
    g_assert_cmpint(loop_watch(rig->loop, &readable.watch, fd, EPOLLIN), ==, 0);
    engine_rig_run_until(rig, is_ready, &readable);
}

int engine_rig_accept(struct engine_rig *rig, int listener)
{
    int fd;

    engine_rig_wait_readable(rig, listener);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    g_assert_cmpint(fd, >=, 0);
    return fd;
}

void engine_rig_read(struct engine_rig *rig, int fd, void *out, size_t len)
{
    for (size_t have = 0; have < len;) {
        ssize_t n;

        engine_rig_wait_readable(rig, fd);
        n = read(fd, (char *)out + have, len - have);
        g_assert_cmpint(n, >, 0);
        have += (size_t)n;
    }
}

/* --- TCP --- */

struct engine_tcp engine_tcp_open(struct engine_rig *rig, const char *dst,
                                  uint16_t port, uint32_t first_seq)
{
    static uint16_t sport = 40000;
    struct engine_tcp tcp = { .spec = { .dst = dst,
                                        .sport = sport++,
                                        .dport = port,
                                        .window = 65535 },
                              .seq = first_seq };
    struct frame f;

    engine_tcp_send(rig, &tcp, 0, FRAME_SYN, 0);
    do
        f = engine_rig_expect(rig, IPPROTO_TCP);
    while (f.dst.port != tcp.spec.sport);
    g_assert_cmphex(f.tcp_flags, ==, FRAME_SYN | FRAME_ACK);
    g_assert_cmpuint(f.tcp_ack, ==, first_seq + 1);
    tcp.seq++;
    tcp.ack = f.tcp_seq + 1;
    engine_tcp_send(rig, &tcp, 0, FRAME_ACK, 0);
    return tcp;
}

void engine_tcp_send(struct engine_rig *rig, const struct engine_tcp *tcp,
                     uint32_t skip, uint8_t flags, size_t payload_len)
{
    struct frames_spec spec = tcp->spec;

    spec.seq = tcp->seq + skip;
    spec.ack = (flags & FRAME_ACK) != 0 ? tcp->ack : 0;
    spec.flags = flags;
    spec.payload_len = payload_len;
    engine_rig_send_spec(rig, &spec);
}

/* --- children --- */

static void run_in_child(gconstpointer data)
{
    const struct engine_rig_test *test = data;
    pid_t pid = fork();
    int status;

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        const struct rlimit no_core = { 0, 0 };
        struct engine_rig *rig;

        g_assert_cmpint(setrlimit(RLIMIT_CORE, &no_core), ==, 0);
        rig = engine_rig_new();
        test->body(rig);
        engine_rig_free(rig);
        exit(0);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        g_error("the child ended with status 0x%x", (unsigned)status);
}

int engine_rig_main(int argc, char **argv, const char *suite,
                    const struct engine_rig_test *tests, size_t count)
{
    g_test_init(&argc, &argv, NULL);
    if (!engine_rig_enter()) {
        g_print("1..0 # SKIP namespaces are refused\n");
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        g_autofree char *path = g_strdup_printf("/%s/%s", suite, tests[i].name);

        g_test_add_data_func(path, &tests[i], run_in_child);
    }
    return g_test_run();
}
