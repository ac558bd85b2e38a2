/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/acceptor.h"

#include "base/own.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define DEADLINE_MS 20000

struct rig {
    struct loop *loop;
    struct acceptor acceptor;
    struct loop_timer step, deadline;
    struct sockaddr_storage at;
    socklen_t at_len;
    int kept; /* the listener, while something else is in its place */
    bool is_full;
    bool accepted;
};

static void accepted(void *self, int fd, const struct sockaddr_storage *from)
{
    struct rig *rig = self;

    g_assert_cmpint(from->ss_family, ==, AF_INET);
    (void)close(fd);
    rig->accepted = true;
    loop_stop(rig->loop, 0);
}

static bool has_room(void *self)
{
    return !((struct rig *)self)->is_full;
}

static void too_late(void *self)
{
    (void)self;
    g_assert_not_reached();
}

static void rig_open(struct rig *rig)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    *rig = (struct rig){ .loop = loop_new(NULL), .kept = -1 };
    g_assert_cmpint(bind(fd, (struct sockaddr *)&at, sizeof(at)), ==, 0);
    g_assert_cmpint(listen(fd, 16), ==, 0);
    rig->at_len = sizeof(rig->at);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&rig->at, &rig->at_len),
                    ==, 0);
    rig->acceptor.accepted = accepted;
    rig->acceptor.has_room = has_room;
    rig->acceptor.self = rig;
    rig->deadline = (struct loop_timer){ .expired = too_late };
    loop_timer_in_ms(rig->loop, &rig->deadline, DEADLINE_MS);
    g_assert_cmpint(acceptor_start(&rig->acceptor, rig->loop, fd), ==, 0);
}

static void rig_close(struct rig *rig)
{
    loop_timer_cancel(rig->loop, &rig->deadline);
    acceptor_stop(&rig->acceptor);
    loop_free(rig->loop);
}

static int connect_to(const struct rig *rig)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(connect(fd, (const struct sockaddr *)&rig->at, rig->at_len),
                    ==, 0);
    return fd;
}

static void put_listener_back(void *self)
{
    struct rig *rig = self;

    g_assert_cmpint(dup2(rig->kept, rig->acceptor.fd), >=, 0);
    own_close(&rig->kept);
}

/* When it would go on it cannot, since a file cannot be waited for. */
static void make_unwatchable(void *self)
{
    struct rig *rig = self;
    owned_fd file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

    if (rig->acceptor.watch.events != 0) { /* not paused so far */
        loop_timer_in_ms(rig->loop, &rig->step, 1);
        return;
    }
    rig->is_full = false;
    rig->kept = fcntl(rig->acceptor.fd, F_DUPFD_CLOEXEC, 0);
    g_assert_cmpint(dup2(file, rig->acceptor.fd), >=, 0);
    /* Well after it has tried. */
    rig->step.expired = put_listener_back;
    loop_timer_in_ms(rig->loop, &rig->step, 250);
}

static void goes_on_after_a_pause_that_could_not_be_ended(void)
{
    struct rig rig;
    int client;

    rig_open(&rig);
    rig.is_full = true;
    client = connect_to(&rig);
    rig.step = (struct loop_timer){ .expired = make_unwatchable, .self = &rig };
    loop_timer_in_ms(rig.loop, &rig.step, 1);
    (void)loop_run(rig.loop);
    g_assert_true(rig.accepted);
    (void)close(client);
    rig_close(&rig);
}

static void make_room(void *self)
{
    ((struct rig *)self)->is_full = false;
}

static void waits_while_there_is_no_room(void)
{
    struct rig rig;
    int client;

    rig_open(&rig);
    rig.is_full = true;
    client = connect_to(&rig);
    rig.step = (struct loop_timer){ .expired = make_room, .self = &rig };
    loop_timer_in_ms(rig.loop, &rig.step, 20);
    (void)loop_run(rig.loop);
    g_assert_true(rig.accepted);
    (void)close(client);
    rig_close(&rig);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/acceptor/waits while there is no room",
                    waits_while_there_is_no_room);
    g_test_add_func("/acceptor/goes on after a pause that could not be ended",
                    goes_on_after_a_pause_that_could_not_be_ended);
    return g_test_run();
}
