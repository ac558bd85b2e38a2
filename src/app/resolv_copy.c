/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/resolv_copy.h"

#include "app/resolv_copier.h"
#include "base/error.h"
#include "kern/msg.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* Reading a small file takes no time; a disk that has to wake up does. */
#define ANSWER_MAX_S 10

struct resolv_copy {
    int fd;
};

struct resolv_copy *resolv_copy_start(const char *path, GError **err)
{
    const struct timeval limit = { .tv_sec = ANSWER_MAX_S };
    struct resolv_copy *copy;
    int ends[2];
    pid_t pid;

    if (msg_pair(ends, err) != 0)
        return NULL;
    (void)setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    pid = fork();
    if (pid == 0)
        resolv_copier(ends[1], path);
    (void)close(ends[1]);
    if (pid < 0) {
        error_set_errno(err, "start the process that follows %s", path);
        (void)close(ends[0]);
        return NULL;
    }
    copy = g_new(struct resolv_copy, 1);
    copy->fd = ends[0];
    return copy;
}

int resolv_copy_into(struct resolv_copy *copy, int dir_fd, GError **err)
{
    char byte[RESOLV_COPIER_BYTES] = { 0 };
    int fds[MSG_FDS_MAX];
    size_t count = 0;
    int rc = msg_send(copy->fd, byte, sizeof(byte), &dir_fd, 1);

    if (rc == 0)
        rc = msg_recv(copy->fd, byte, sizeof(byte), fds, &count);
    while (rc == 1 && count > 0)
        (void)close(fds[--count]);
    if (rc == 1)
        return 0;
    return error_set(err, SLIPGATE_ERROR_SYSTEM,
                     "the process that copies resolv.conf %s",
                     rc == -EAGAIN ? "does not answer" : "is gone");
}

int resolv_copy_fd(const struct resolv_copy *copy)
{
    return copy->fd;
}

void resolv_copy_free(struct resolv_copy *copy)
{
    if (copy == NULL)
        return;
    own_close(&copy->fd);
    g_free(copy);
}
