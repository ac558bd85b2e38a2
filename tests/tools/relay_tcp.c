/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relay_tcp LISTEN_PORT TARGET_PORT: relays connections of 127.0.0.1 with
 * net/relay, without any namespace, to measure and to try it by hand.
 */
#include "base/fdio.h"
#include "net/relay.h"
#include "net/relay_option.h"

#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

struct front {
    struct loop *loop;
    struct loop_watch watch;
    struct relay_table *table;
    struct sockaddr_in target;
};

static struct sockaddr_in loopback_port(const char *text)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)atoi(text)),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int tcp_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    relay_prepare_socket(fd);
    /* Pacing (bbr) would be what is measured. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
    return fd;
}

static void front_ready(void *self, uint32_t events)
{
    struct front *front = self;
    struct relay_flow flow = { .inbound = true };
    int guest, host = accept4(front->watch.fd, NULL, NULL,
                              SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (host < 0)
        return;
    guest = tcp_socket();
    if (connect(guest, (struct sockaddr *)&front->target,
                sizeof(front->target)) != 0) {
        relay_reset_socket(host);
        (void)close(guest);
        return;
    }
    (void)fd_set_nonblock(guest);
    (void)relay_start(front->table, &flow, host, guest);
}

int main(int argc, char **argv)
{
    struct front front = { .loop = loop_new(NULL) };
    struct sockaddr_in at;
    int fd = tcp_socket(), on = 1;

    if (argc != 3)
        return 2;
    (void)signal(SIGPIPE, SIG_IGN);
    at = loopback_port(argv[1]);
    front.target = loopback_port(argv[2]);
    front.table =
        relay_table_new(front.loop, &(struct relay_observer){ .self = NULL });
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        listen(fd, 1024) != 0) {
        perror("listen");
        return 1;
    }
    front.watch = (struct loop_watch){ .ready = front_ready, .self = &front };
    (void)loop_watch(front.loop, &front.watch, fd, EPOLLIN);
    return loop_run(front.loop);
}
