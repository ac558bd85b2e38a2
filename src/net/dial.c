/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dial.h"

#include <errno.h>

int dial(int fd, const struct ip_endpoint *to)
{
    struct sockaddr_storage ss;
    socklen_t len = ip_endpoint_to_sockaddr(to, &ss);

    if (connect(fd, (struct sockaddr *)&ss, len) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return -errno;
    /*
     * On one machine the handshake is over by the time connect() returns.
     * Asking for the peer tells, and does not touch what may have come in
     * already, an early reset included, as a second connect() would.
     */
    len = sizeof(ss);
    return getpeername(fd, (struct sockaddr *)&ss, &len) == 0 ? 0
                                                              : -EINPROGRESS;
}

int dial_result(int fd)
{
    char byte;

    /* A peer that answered and was gone at once was connected all the same;
       SO_ERROR would say otherwise, and forget it. */
    if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno == EAGAIN)
        return 0;
    return -errno;
}
