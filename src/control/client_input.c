/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/client_input.h"

#include "base/own.h"

#include <string.h>
#include <sys/socket.h>

void client_input_init(struct client_input *input)
{
    *input = (struct client_input){ .request = g_string_new(NULL) };
}

void client_input_reset(struct client_input *input)
{
    for (size_t i = 0; i < input->fd_count; i++)
        own_close(&input->fds[i]);
    input->fd_count = 0;
    input->skipped = 0;
    g_string_truncate(input->request, 0);
    input->scan = (struct scan){ 0 };
}

void client_input_fini(struct client_input *input)
{
    client_input_reset(input);
    g_string_free(input->request, TRUE);
}

/* False when one had to be closed for want of room. */
static bool keep_fds(struct client_input *input, const struct cmsghdr *cmsg)
{
    size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    bool all = true;

    for (size_t i = 0; i < count; i++) {
        int fd;

        memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(fd));
        if (input->fd_count < CLIENT_INPUT_FDS_MAX) {
            input->fds[input->fd_count++] = fd;
        } else {
            own_close(&fd);
            all = false;
        }
    }
    return all;
}

int client_input_read(struct client_input *input, int fd, char *piece,
                      size_t *len)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * CLIENT_INPUT_FDS_MAX)];
        struct cmsghdr align;
    } control;
    struct iovec iov = { piece, CLIENT_INPUT_PIECE };
    struct msghdr msg = { .msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = &control,
                          .msg_controllen = sizeof(control) };
    ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    bool room = true;

    if (n < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
            room &= keep_fds(input, c);
    if (!room || (msg.msg_flags & MSG_CTRUNC))
        return -EMSGSIZE;
    *len = (size_t)n;
    return 0;
}

static const enum client_input_status status_of[] = {
    [SCAN_MORE] = CLIENT_INPUT_MORE,
    [SCAN_END] = CLIENT_INPUT_REQUEST,
    [SCAN_NOT_OBJECT] = CLIENT_INPUT_REQUEST,
    [SCAN_TOO_DEEP] = CLIENT_INPUT_TOO_DEEP,
};

enum client_input_status client_input_feed(struct client_input *input,
                                           const char **data, size_t *len,
                                           size_t max)
{
    size_t begin, end;
    enum scan_status status =
        scan_feed(&input->scan, *data, *len, &begin, &end);

    if (status == SCAN_NOT_OBJECT)
        end = *len;
    g_string_append_len(input->request, *data + begin, (gssize)(end - begin));
    input->skipped += begin;
    *data += end;
    *len -= end;
    if (input->request->len > max || input->skipped > max)
        return CLIENT_INPUT_TOO_LARGE;
    return status_of[status];
}
