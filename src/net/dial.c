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
     * On one machine the handshake is over by the time connect() returns, but
     * only a second call says so; it saves a turn of the loop.
     */
    if (connect(fd, (struct sockaddr *)&ss, len) == 0 || errno == EISCONN)
        return 0;
    return errno == EALREADY ? -EINPROGRESS : -errno;
}

int dial_result(int fd)
{
    int error = 0;
    socklen_t len = sizeof(error);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        return -errno;
    return -error;
}
