/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/file_keeper.h"

#include "base/error.h"
#include "base/fdio.h"
#include "base/log.h"
#include "kern/file_keeper_inside.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct file_keeper {
    struct loop *loop;
    struct loop_watch watch;
    pid_t pid;
    int fd;
    GString *sending; /* a length and a text; NULL: nothing is under way */
    size_t sent;
    GString *next; /* what comes behind it; NULL: nothing */
};

/* --- sending --- */

/* True when all that there is to send has been sent, or never will be. */
static bool send_some(struct file_keeper *keeper)
{
    while (keeper->sending != NULL) {
        const GString *text = keeper->sending;
        ssize_t n = send(keeper->fd, text->str + keeper->sent,
                         text->len - keeper->sent, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return false;
        if (n < 0)
            return true;
        keeper->sent += (size_t)n;
        if (keeper->sent < text->len)
            continue;
        g_string_free(keeper->sending, TRUE);
        keeper->sending = g_steal_pointer(&keeper->next);
        keeper->sent = 0;
    }
    return true;
}

static void writable(void *self, uint32_t events)
{
    struct file_keeper *keeper = self;

    (void)events;
    if (send_some(keeper))
        loop_unwatch(keeper->loop, &keeper->watch);
}

static GString *make_message(const char *text)
{
    uint32_t len = (uint32_t)MIN(strlen(text), FILE_KEEPER_MAX);
    GString *message = g_string_sized_new(sizeof(len) + len);

    g_string_append_len(message, (const char *)&len, sizeof(len));
    g_string_append_len(message, text, len);
    return message;
}

void file_keeper_put(struct file_keeper *keeper, const char *text)
{
    GString *message = make_message(text);

    if (keeper->sending != NULL) {
        if (keeper->next != NULL)
            g_string_free(keeper->next, TRUE);
        keeper->next = message;
        return;
    }
    keeper->sending = message;
    if (!send_some(keeper))
        (void)loop_watch(keeper->loop, &keeper->watch, keeper->fd, EPOLLOUT);
}

/* --- life --- */

/* A directory of our own to write in, and what the file is called there. */
static int open_dir(const char *path, char **name, GError **err)
{
    g_autofree char *dir = g_path_get_dirname(path);
    owned_fd fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
        return error_set_errno(err, "write to %s", dir);
    *name = g_path_get_basename(path);
    return own_release_fd(&fd);
}

static pid_t start_child(int dir_fd, const char *name, int ends[2],
                         GError **err)
{
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return error_set_errno(err, "make a pair of sockets");
    pid = fork();
    if (pid == 0)
        file_keeper_inside(ends[1], dir_fd, name);
    (void)close(ends[1]);
    if (pid > 0)
        return pid;
    error_set_errno(err, "start the keeper of %s", name);
    (void)close(ends[0]);
    return -1;
}

struct file_keeper *file_keeper_start(struct loop *loop, const char *path,
                                      GError **err)
{
    g_autofree char *name = NULL;
    owned_fd dir_fd = open_dir(path, &name, err);
    struct file_keeper *keeper;
    int ends[2];
    pid_t pid;

    if (dir_fd < 0)
        return NULL;
    pid = start_child(dir_fd, name, ends, err);
    if (pid < 0)
        return NULL;
    (void)fd_set_nonblock(ends[0]);
    keeper = g_new0(struct file_keeper, 1);
    keeper->loop = loop;
    keeper->watch.ready = writable;
    keeper->watch.self = keeper;
    keeper->pid = pid;
    keeper->fd = ends[0];
    return keeper;
}

static void send_rest(struct file_keeper *keeper)
{
    struct pollfd poll_fd = { .fd = keeper->fd, .events = POLLOUT };

    while (!send_some(keeper))
        (void)poll(&poll_fd, 1, -1);
}

void file_keeper_stop(struct file_keeper *keeper)
{
    if (keeper == NULL)
        return;
    send_rest(keeper);
    loop_unwatch(keeper->loop, &keeper->watch);
    own_close(&keeper->fd);
    while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    if (keeper->sending != NULL)
        g_string_free(keeper->sending, TRUE);
    if (keeper->next != NULL)
        g_string_free(keeper->next, TRUE);
    g_free(keeper);
}

/* --- reading --- */

static int read_all(int fd, GString *text, GError **err)
{
    char piece[16384];

    for (;;) {
        ssize_t n = read(fd, piece, sizeof(piece));

        if (n < 0)
            return error_set_errno(err, "read");
        if (n == 0)
            return 0;
        g_string_append_len(text, piece, n);
        if (text->len > FILE_KEEPER_MAX)
            return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                             "it is too large");
    }
}

char *file_keeper_read(const char *path, GError **err)
{
    owned_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    g_autoptr(GString) text = g_string_new(NULL);

    if (fd < 0) {
        if (errno != ENOENT)
            error_set_errno(err, "open");
        return NULL;
    }
    if (read_all(fd, text, err) != 0)
        return NULL;
    if (strlen(text->str) == text->len)
        return g_strdup(text->str);
    error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "it holds a zero byte");
    return NULL;
}
