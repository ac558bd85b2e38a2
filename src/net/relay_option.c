/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/relay_option.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEEPALIVE_IDLE_S     120
#define KEEPALIVE_INTERVAL_S 30
#define KEEPALIVE_PROBES     4
/* A peer that has ended its stream may be gone altogether: its kernel then says
   so within a minute, when asked. */
#define KEEPALIVE_HALF_CLOSED_S 20

static void set_option(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof(value));
}

void relay_prepare_socket(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_OOBINLINE, 1);
}

void relay_stay_local(int fd)
{
    /* The one that every user may choose, on every kernel. */
    static const char plain[] = "reno";

    (void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, plain,
                     (socklen_t)strlen(plain));
}

void relay_keep_alive(int fd, bool half_closed)
{
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE,
               half_closed ? KEEPALIVE_HALF_CLOSED_S : KEEPALIVE_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL,
               half_closed ? KEEPALIVE_HALF_CLOSED_S : KEEPALIVE_INTERVAL_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

void relay_reset_socket(int fd)
{
    struct linger now = { .l_onoff = 1, .l_linger = 0 };

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    (void)close(fd);
}
