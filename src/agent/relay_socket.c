/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/relay_socket.h"

#include "base/error.h"
#include "base/own.h"

#include <linux/in6.h>
#include <netinet/tcp.h>
#include <string.h>

/* A burst of connections waits here while the gate is busy. */
#define BACKLOG 4096

/* Two kernels on one machine: no path to probe, nothing to pace. */
static const char congestion_control[] = "cubic";

static int set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value));
}

static int make_transparent(int fd, sa_family_t family)
{
    if (family == AF_INET)
        return set_option(fd, IPPROTO_IP, IP_TRANSPARENT, 1);
    if (set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) != 0)
        return -1;
    return set_option(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1);
}

int relay_socket_blank(sa_family_t family, uint32_t mark, GError **err)
{
    owned_fd fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return error_set_errno(err, "make a socket");
    if (make_transparent(fd, family) != 0)
        return error_set_errno(err, "make a socket transparent");
    if (set_option(fd, SOL_SOCKET, SO_MARK, (int)mark) != 0 ||
        set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) != 0)
        return error_set_errno(err, "mark a socket");
    /* Whatever this namespace has taken over from the host serves as well. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion_control,
                     (socklen_t)strlen(congestion_control));
    return own_release_fd(&fd);
}

int relay_socket_plain(sa_family_t family, GError **err)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    return fd >= 0 ? fd : error_set_errno(err, "make a socket");
}

static int bind_loopback(int fd, sa_family_t family, struct ip_endpoint *at)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);

    at->addr = family == AF_INET ? ip_addr_v4_host(INADDR_LOOPBACK)
                                 : ip_addr_v6(&in6addr_loopback);
    at->port = 0;
    len = ip_endpoint_to_sockaddr(at, &ss);
    if (bind(fd, (struct sockaddr *)&ss, len) != 0 || listen(fd, BACKLOG) != 0)
        return -1;
    len = sizeof(ss);
    if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0)
        return -1;
    return ip_endpoint_from_sockaddr(&ss, at) ? 0 : -1;
}

int relay_socket_listen(sa_family_t family, uint32_t mark,
                        struct ip_endpoint *at, GError **err)
{
    owned_fd fd = relay_socket_blank(family, mark, err);

    if (fd < 0)
        return -1;
    if (bind_loopback(fd, family, at) != 0)
        return error_set_errno(err, "listen in the relay namespace");
    return own_release_fd(&fd);
}

int relay_socket_bound(const struct ip_endpoint *at, bool stream, GError **err)
{
    char text[IP_ENDPOINT_TEXT_MAX];
    struct sockaddr_storage ss;
    socklen_t len = ip_endpoint_to_sockaddr(at, &ss);
    int type = stream ? SOCK_STREAM : SOCK_DGRAM;
    owned_fd fd =
        socket(at->addr.family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return error_set_errno(err, "make a socket");
    if (at->addr.family == AF_INET6)
        (void)set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    /* Connections that are over must not keep a restart from its port. */
    if (stream && set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) != 0)
        return error_set_errno(err, "prepare a socket");
    if (bind(fd, (struct sockaddr *)&ss, len) != 0 ||
        (stream && listen(fd, BACKLOG) != 0))
        return error_set_errno(err, "bind %s in the relay namespace",
                               ip_endpoint_format(at, text));
    return own_release_fd(&fd);
}
