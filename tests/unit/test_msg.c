/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/msg.h"

#include "base/own.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

struct ends {
    int fds[2];
};

static void set_up(struct ends *e, gconstpointer unused)
{
    g_autoptr(GError) err = NULL;

    (void)unused;
    g_assert_cmpint(msg_pair(e->fds, &err), ==, 0);
    g_assert_no_error(err);
}

static void tear_down(struct ends *e, gconstpointer unused)
{
    (void)unused;
    own_close(&e->fds[0]);
    own_close(&e->fds[1]);
}

/* The lowest free number: the same before and after if nothing leaked. */
static int next_free_fd(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    (void)close(fd);
    return fd;
}

static void both_ends_are_close_on_exec(struct ends *e, gconstpointer unused)
{
    (void)unused;
    for (int i = 0; i < 2; i++)
        g_assert_true(fcntl(e->fds[i], F_GETFD) & FD_CLOEXEC);
}

static void carries_data_and_descriptors(struct ends *e, gconstpointer unused)
{
    int sent[3], got[MSG_FDS_MAX], value = 0, answer = 42;
    size_t count = 99;
    char c = 0;

    (void)unused;
    g_assert_cmpint(pipe2(sent, O_CLOEXEC), ==, 0);
    sent[2] = e->fds[0];
    g_assert_cmpint(msg_send(e->fds[0], &answer, sizeof(answer), sent, 3), ==,
                    0);
    g_assert_cmpint(msg_recv(e->fds[1], &value, sizeof(value), got, &count), ==,
                    1);
    g_assert_cmpint(value, ==, 42);
    g_assert_cmpuint(count, ==, 3);
    g_assert_cmpint(write(got[1], "x", 1), ==, 1);
    g_assert_cmpint(read(sent[0], &c, 1), ==, 1);
    g_assert_cmpint(c, ==, 'x');
    for (int i = 0; i < 3; i++) {
        g_assert_true(fcntl(got[i], F_GETFD) & FD_CLOEXEC);
        (void)close(got[i]);
    }
    (void)close(sent[0]);
    (void)close(sent[1]);
}

static void refuses_other_sizes(struct ends *e, gconstpointer unused)
{
    static const size_t sizes[] = { 1, 7, 9, 4096 };
    char data[4096] = { 0 }, eight[8];
    int fds[MSG_FDS_MAX], free_fd = next_free_fd();
    size_t count;

    (void)unused;
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_assert_cmpint(msg_send(e->fds[0], data, sizes[i], e->fds, 2), ==, 0);
        g_assert_cmpint(msg_recv(e->fds[1], eight, sizeof(eight), fds, &count),
                        ==, -EPROTO);
        g_assert_cmpuint(count, ==, 0);
    }
    g_assert_cmpint(next_free_fd(), ==, free_fd);
    /* The connection goes on. */
    g_assert_cmpint(msg_send(e->fds[0], data, sizeof(eight), NULL, 0), ==, 0);
    g_assert_cmpint(msg_recv(e->fds[1], eight, sizeof(eight), fds, &count), ==,
                    1);
}

/* What msg_send() refuses to send, sent by hand. */
static void send_many(int over, size_t n)
{
    int list[MSG_FDS_MAX * 2];
    _Alignas(struct cmsghdr) char space[CMSG_SPACE(sizeof(list))] = { 0 };
    char byte = 'x';
    struct iovec iov = { &byte, 1 };
    struct msghdr mh = { .msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = space,
                         .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&mh);

    for (size_t i = 0; i < G_N_ELEMENTS(list); i++)
        list[i] = over;
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
    memcpy(CMSG_DATA(cmsg), list, n * sizeof(int));
    g_assert_cmpint(sendmsg(over, &mh, 0), ==, 1);
}

static void refuses_too_many_descriptors(struct ends *e, gconstpointer unused)
{
    int fds[MSG_FDS_MAX], list[MSG_FDS_MAX + 1], free_fd = next_free_fd();
    size_t count;
    char c;

    (void)unused;
    for (size_t i = 0; i < G_N_ELEMENTS(list); i++)
        list[i] = e->fds[0];
    g_assert_cmpint(msg_send(e->fds[0], "x", 1, list, G_N_ELEMENTS(list)), ==,
                    -EINVAL);
    send_many(e->fds[0], MSG_FDS_MAX + 1);
    g_assert_cmpint(msg_recv(e->fds[1], &c, 1, fds, &count), ==, -EPROTO);
    g_assert_cmpuint(count, ==, 0);
    g_assert_cmpint(next_free_fd(), ==, free_fd);
    send_many(e->fds[0], MSG_FDS_MAX);
    g_assert_cmpint(msg_recv(e->fds[1], &c, 1, fds, &count), ==, 1);
    g_assert_cmpuint(count, ==, MSG_FDS_MAX);
    for (size_t i = 0; i < count; i++)
        (void)close(fds[i]);
}

static void tells_the_end(struct ends *e, gconstpointer unused)
{
    int fds[MSG_FDS_MAX];
    size_t count;
    char c;

    (void)unused;
    g_assert_cmpint(msg_send(e->fds[1], "x", 1, NULL, 0), ==, 0);
    own_close(&e->fds[0]); /* without having read */
    g_assert_cmpint(msg_recv(e->fds[1], &c, 1, fds, &count), ==, 0);
    g_assert_cmpint(msg_recv(e->fds[1], &c, 1, fds, &count), ==, 0);
    g_assert_cmpint(msg_send(e->fds[1], "x", 1, NULL, 0), ==, -EPIPE);
    g_assert_cmpint(msg_send(e->fds[1], "", 0, NULL, 0), ==, -EINVAL);
}

#define ADD(name, func) \
    g_test_add("/msg/" name, struct ends, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("both ends are close-on-exec", both_ends_are_close_on_exec);
    ADD("carries data and descriptors", carries_data_and_descriptors);
    ADD("refuses other sizes", refuses_other_sizes);
    ADD("refuses too many descriptors", refuses_too_many_descriptors);
    ADD("tells the end", tells_the_end);
    return g_test_run();
}
