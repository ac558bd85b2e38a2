/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/msg.h"

#include "base/error.h"
#include "base/fdio.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FDS_SPACE (CMSG_SPACE(MSG_FDS_MAX * sizeof(int)))

union fds_buffer {
    struct cmsghdr align;
    char space[FDS_SPACE];
};

int msg_pair(int fds[2], GError **err)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
        return error_set_errno(err, "make a socket pair");
    return 0;
}

static void put_fds(struct msghdr *mh, union fds_buffer *buffer, const int *fds,
                    size_t count)
{
    size_t size = count * sizeof(*fds);
    struct cmsghdr *cmsg = &buffer->align;

    memset(buffer, 0, sizeof(*buffer));
    mh->msg_control = buffer->space;
    mh->msg_controllen = CMSG_SPACE(size);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(cmsg), fds, size);
}

int msg_send(int fd, const void *data, size_t len, const int *fds,
             size_t fd_count)
{
    struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
    struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
    union fds_buffer buffer;
    ssize_t n;

    /* An empty message could not be told from the end of the connection. */
    if (len == 0 || fd_count > MSG_FDS_MAX)
        return -EINVAL;
    if (fd_count > 0)
        put_fds(&mh, &buffer, fds, fd_count);
    do
        n = sendmsg(fd, &mh, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

/* All descriptors of the message; the buffer has room for MSG_FDS_MAX. */
static size_t take_fds(struct msghdr *mh, int fds[MSG_FDS_MAX])
{
    size_t count = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c != NULL;
         c = CMSG_NXTHDR(mh, c)) {
        size_t here = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        here = MIN(here, MSG_FDS_MAX - count);
        memcpy(fds + count, CMSG_DATA(c), here * sizeof(int));
        count += here;
    }
    return count;
}

/* 1: a message of this shape, 0: the end, or -EPROTO. */
static int judge(const struct msghdr *mh, ssize_t n, size_t len)
{
    if (n == 0)
        return 0;
    /* MSG_CTRUNC: more descriptors than fit; the kernel dropped the rest. */
    if ((mh->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || (size_t)n != len)
        return -EPROTO;
    return 1;
}

int msg_recv(int fd, void *data, size_t len, int fds[MSG_FDS_MAX],
             size_t *fd_count)
{
    struct iovec iov = { .iov_base = data, .iov_len = len };
    union fds_buffer buffer;
    struct msghdr mh = { .msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = buffer.space,
                         .msg_controllen = sizeof(buffer.space) };
    ssize_t n;
    int rc;

    *fd_count = 0;
    do
        n = recvmsg(fd, &mh, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == ECONNRESET ? 0 : -errno;
    *fd_count = take_fds(&mh, fds);
    rc = judge(&mh, n, len);
    if (rc != 1) {
        fd_close_all(fds, *fd_count);
        *fd_count = 0;
    }
    return rc;
}
