/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * To be preloaded: the listener of the relay namespace, which is bound to no
 * port in particular, gets this one, and that is told.
 */
#define PORT 7777

static int is_transparent(int fd, int family)
{
    int on = 0;
    socklen_t len = sizeof(on);
    int rc = family == AF_INET
                 ? getsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, &len)
                 : getsockopt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, &on, &len);

    return rc == 0 && on != 0;
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
    union {
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } to = { 0 };

    if (addr->sa_family == AF_INET)
        to.v4 = *(const struct sockaddr_in *)addr;
    else if (addr->sa_family == AF_INET6)
        to.v6 = *(const struct sockaddr_in6 *)addr;
    /* Both families have the port in the same place. */
    if (to.v4.sin_family == 0 || to.v4.sin_port != 0 ||
        !is_transparent(fd, addr->sa_family))
        return (int)syscall(SYS_bind, fd, addr, len);
    to.v4.sin_port = htons(PORT);
    fprintf(stderr, "a listener of the relay: port %d\n", PORT);
    return (int)syscall(SYS_bind, fd, &to, len);
}
