/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dial.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <string.h>

/* Does not touch what may have come in already, an early reset included, as a
   second connect() would. */
static bool is_connected(int fd)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);

    return getpeername(fd, (struct sockaddr *)&ss, &len) == 0;
}

int dial(int fd, const struct ip_endpoint *to)
{
    struct sockaddr_storage ss;
    socklen_t len = ip_endpoint_to_sockaddr(to, &ss);

    if (connect(fd, (struct sockaddr *)&ss, len) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return -errno;
    /* On one machine the handshake is over by the time connect() returns. */
    return is_connected(fd) ? 0 : -EINPROGRESS;
}

/* The ICMP error that came for a socket which is still connecting; the kernel
   keeps it in a queue of its own.  0: there is none. */
static int queued_error(int fd)
{
    union {
        struct cmsghdr align;
        char space[256];
    } control;
    struct msghdr msg = { .msg_control = control.space,
                          .msg_controllen = sizeof(control.space) };
    struct sock_extended_err ee = { .ee_errno = 0 };

    if (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
        return 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL;
         c = CMSG_NXTHDR(&msg, c))
        if ((c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) ||
            (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVERR))
            memcpy(&ee, CMSG_DATA(c), sizeof(ee));
    return (int)ee.ee_errno;
}

int dial_result(int fd)
{
    char byte;
    int error;

    if (is_connected(fd))
        return 0;
    /*
     * A peer that answered and was gone at once was connected all the same:
     * there may be data.  SO_ERROR would not tell, and forget the reset.
     */
    if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
        return 0;
    if (errno != EAGAIN)
        return -errno;
    error = queued_error(fd);
    return error != 0 ? -error : -EINPROGRESS;
}
