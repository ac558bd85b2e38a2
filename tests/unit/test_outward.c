/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/outward.h"

#include "base/own.h"
#include "net/dial.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#define DEADLINE_MS 5000

static struct ip_addr addr(const char *text)
{
    struct ip_addr a = { .family = AF_UNSPEC };

    g_assert_true(ip_addr_parse(text, &a));
    return a;
}

static void the_gateway_is_the_host_s_loopback_and_the_world_itself(void)
{
    static const struct {
        const char *peer, *host; /* NULL: left to the stack */
    } rows[] = {
        { "10.0.2.2", "127.0.0.1" },
        { "192.0.2.1", "192.0.2.1" },
        { "10.0.3.2", "10.0.3.2" },
        { "10.0.2.3", NULL },
        { "10.0.2.77", NULL },
        { "10.0.2.255", NULL },
        { "127.0.0.1", NULL },
        { "0.0.0.0", NULL },
        { "0.1.2.3", NULL },
        { "255.255.255.255", NULL },
        { "fd00::2", "::1" },
        { "2001:db8::1", "2001:db8::1" },
        { "fd00:0:0:1::2", "fd00:0:0:1::2" },
        { "fd00::3", NULL },
        { "fd00::1:2:3", NULL },
        { "fe80::2", NULL },
        { "::1", NULL },
        { "::", NULL },
        { "::ffff:127.0.0.1", NULL },
    };
    struct plan plan;

    g_assert_cmpint(plan_init(&plan, PLAN_CIDR_DEFAULT, NULL), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct ip_endpoint peer = { addr(rows[i].peer), 80 };
        struct ip_endpoint host = { .port = 0 };
        bool mapped = outward_map(&plan, &peer, &host);
        char text[IP_ADDR_TEXT_MAX];

        g_test_message("%s", rows[i].peer);
        g_assert_true(mapped == (rows[i].host != NULL));
        if (!mapped)
            continue;
        g_assert_cmpstr(ip_addr_format(&host.addr, text), ==, rows[i].host);
        g_assert_cmpuint(host.port, ==, 80);
    }
}

static void errors_become_what_the_guest_can_be_told(void)
{
    static const struct {
        int error;
        enum refuse_reason reason;
    } rows[] = {
        { ECONNREFUSED, REFUSE_RESET }, { ENETUNREACH, REFUSE_NET },
        { EHOSTUNREACH, REFUSE_HOST },  { EACCES, REFUSE_PROHIBITED },
        { EPERM, REFUSE_PROHIBITED },   { EMFILE, REFUSE_RESET },
        { ENFILE, REFUSE_RESET },
    };
    static const int silent[] = { ETIMEDOUT, ENOMEM, ENOBUFS };
    enum refuse_reason reason;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_true(outward_refusal(rows[i].error, &reason));
        g_assert_cmpint(reason, ==, rows[i].reason);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(silent); i++)
        g_assert_false(outward_refusal(silent[i], &reason));
}

/* --- dialing --- */

/* A loopback listener, and where it is. */
static int listen_somewhere(struct ip_endpoint *at)
{
    struct sockaddr_storage ss;
    socklen_t len;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *at = (struct ip_endpoint){ .addr = addr("127.0.0.1") };
    len = ip_endpoint_to_sockaddr(at, &ss);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&ss, len), ==, 0);
    g_assert_cmpint(listen(fd, 4), ==, 0);
    len = sizeof(ss);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&ss, &len), ==, 0);
    g_assert_true(ip_endpoint_from_sockaddr(&ss, at));
    return fd;
}

/* As the loop would do it. */
static int finish(int fd, int rc)
{
    while (rc == -EINPROGRESS) {
        struct pollfd wait = { .fd = fd, .events = POLLOUT };

        g_assert_cmpint(poll(&wait, 1, DEADLINE_MS), ==, 1);
        rc = dial_result(fd);
    }
    return rc;
}

static const struct outbound anywhere = { .is_way_out = false };

static void connects(void)
{
    struct ip_endpoint at;
    owned_fd listener = listen_somewhere(&at), fd = -1, accepted = -1;
    int rc = outward_connect(&at, &anywhere, &fd);

    g_assert_cmpint(finish(fd, rc), ==, 0);
    accepted = accept(listener, NULL, NULL);
    g_assert_cmpint(accepted, >=, 0);
}

static void a_closed_port_is_refused(void)
{
    struct ip_endpoint at;
    owned_fd listener = listen_somewhere(&at), fd = -1;
    int rc;

    own_close(&listener);
    rc = outward_connect(&at, &anywhere, &fd);
    g_assert_cmpint(finish(fd, rc), ==, -ECONNREFUSED);
}

static void what_a_short_lived_peer_said_is_kept(void)
{
    struct ip_endpoint at;
    struct linger now = { .l_onoff = 1 };
    owned_fd listener = listen_somewhere(&at);
    owned_fd fd =
        socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    owned_fd accepted = -1;
    char byte = 0;

    (void)dial(fd, &at);
    accepted = accept(listener, NULL, NULL);
    g_assert_cmpint(send(accepted, "!", 1, 0), ==, 1);
    (void)setsockopt(accepted, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    own_close(&accepted);
    /* Connected, said something and reset, all before anybody looked. */
    g_assert_cmpint(finish(fd, -EINPROGRESS), ==, 0);
    g_assert_cmpint(recv(fd, &byte, 1, 0), ==, 1);
    g_assert_cmpint(byte, ==, '!');
    g_assert_cmpint(recv(fd, &byte, 1, 0), ==, -1);
    g_assert_cmpint(errno, ==, ECONNRESET);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/outward/the gateway is the host's loopback, the world "
                    "itself",
                    the_gateway_is_the_host_s_loopback_and_the_world_itself);
    g_test_add_func("/outward/errors become what the guest can be told",
                    errors_become_what_the_guest_can_be_told);
    g_test_add_func("/outward/connects", connects);
    g_test_add_func("/outward/a closed port is refused",
                    a_closed_port_is_refused);
    g_test_add_func("/outward/what a short-lived peer said is kept",
                    what_a_short_lived_peer_said_is_kept);
    return g_test_run();
}
