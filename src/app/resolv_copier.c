/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/resolv_copier.h"

#include "base/error.h"
#include "base/fdio.h"
#include "base/own.h"
#include "kern/jail_caps.h"
#include "kern/jail_landlock.h"
#include "kern/jail_seccomp.h"
#include "kern/msg.h"
#include "kern/path_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#define COPY_NAME "resolv.conf"
#define NEXT_NAME ".resolv.conf.new"

/* Of a longer file the rest is not seen; it holds a few lines. */
#define FILE_MAX ((size_t)32 * 1024)

/* A burst of changes is one change. */
#define SETTLE_MS 20
/* Where the machine gives no inotify(7): how often the file is looked at. */
#define LOOK_MS 2000

/* What stays open of what was there before. */
enum { SOCKET_FD = STDERR_FILENO + 1, FIRST_UNUSED };

struct copier {
    const char *path;
    int dir_fd;
    int inotify_fd; /* -1: none */
    char now[FILE_MAX], next[FILE_MAX];
    ssize_t now_len; /* -1: there is no copy */
};

static void ignore_signals(void)
{
    static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };

    for (size_t i = 0; i < G_N_ELEMENTS(ignored); i++)
        (void)signal(ignored[i], SIG_IGN);
}

static bool keep_only(int socket)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int high = fcntl(socket, F_DUPFD_CLOEXEC, FIRST_UNUSED);

    return null >= 0 && high >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
           dup2(null, STDOUT_FILENO) >= 0 &&
           dup3(high, SOCKET_FD, O_CLOEXEC) >= 0 &&
           fd_close_from(FIRST_UNUSED) == 0;
}

static int take_dir(void)
{
    char byte[RESOLV_COPIER_BYTES];
    int fds[MSG_FDS_MAX];
    size_t count = 0;

    if (msg_recv(SOCKET_FD, byte, sizeof(byte), fds, &count) != 1 || count != 1)
        return -1;
    return fds[0];
}

/*
 * Should: read the file, wherever its links lead; replace the copy.  Must not:
 * change anything else.  It has no words with the gate after the first, so
 * there is little to get hold of; where the machine refuses a stage, the others
 * do, and --enable-sandbox says nothing of this process.
 */
static bool confine(int dir_fd)
{
    static const char *const readable[] = { "/" };
    const struct jail_landlock_rules rules = {
        .readable = readable,
        .readable_count = G_N_ELEMENTS(readable),
        .removable_dir_fd = -1,
        .changeable_dir_fd = dir_fd,
    };

    if (jail_caps_keep(0, NULL) != 0 || jail_no_new_privs(NULL) != 0)
        return false;
    (void)jail_landlock_restrict(&rules, NULL);
    (void)jail_seccomp_load(JAIL_SECCOMP_COPIER, 0, 0, NULL);
    return true;
}

/* The file's length, or -1 if there is none to be read. */
static ssize_t read_file(const char *path, char text[FILE_MAX])
{
    owned_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    size_t len = 0;
    ssize_t n = 0;

    if (fd < 0)
        return -1;
    while (len < FILE_MAX && (n = read(fd, text + len, FILE_MAX - len)) > 0)
        len += (size_t)n;
    return n < 0 ? -1 : (ssize_t)len;
}

/* All or nothing, as whoever reads it expects. */
static bool write_copy(const struct copier *c, size_t len)
{
    owned_fd fd =
        openat(c->dir_fd, NEXT_NAME,
               O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0444);

    return fd >= 0 && fd_write_all(fd, c->next, len) == 0 &&
           renameat(c->dir_fd, NEXT_NAME, c->dir_fd, COPY_NAME) == 0;
}

static void update(struct copier *c)
{
    ssize_t len = read_file(c->path, c->next);

    if (len == c->now_len &&
        (len <= 0 || memcmp(c->now, c->next, (size_t)len) == 0))
        return;
    if (len < 0)
        (void)unlinkat(c->dir_fd, COPY_NAME, 0);
    else if (!write_copy(c, (size_t)len))
        return;
    else
        memcpy(c->now, c->next, (size_t)len);
    c->now_len = len;
}

/* Watched first, then read: nothing can change in between unseen. */
static void look(struct copier *c)
{
    if (c->inotify_fd >= 0 && path_watch_add(c->inotify_fd, c->path) != 0)
        own_close(&c->inotify_fd);
    update(c);
}

static void settle(const struct copier *c)
{
    const struct timespec pause = { .tv_nsec = SETTLE_MS * 1000000L };
    char events[4096];

    (void)nanosleep(&pause, NULL);
    while (read(c->inotify_fd, events, sizeof(events)) > 0)
        continue;
}

/* Until the gate is gone. */
static void follow(struct copier *c)
{
    for (;;) {
        struct pollfd fds[] = { { .fd = SOCKET_FD, .events = POLLIN },
                                { .fd = c->inotify_fd, .events = POLLIN } };

        if (poll(fds, G_N_ELEMENTS(fds), c->inotify_fd < 0 ? LOOK_MS : -1) < 0)
            return;
        if (fds[0].revents != 0)
            return;
        if (fds[1].revents != 0)
            settle(c);
        look(c);
    }
}

void resolv_copier(int socket, const char *path)
{
    struct copier *c = g_new0(struct copier, 1);
    char byte[RESOLV_COPIER_BYTES] = { 0 };

    (void)prctl(PR_SET_NAME, "slipgate-copier", 0, 0, 0);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    ignore_signals();
    if (!keep_only(socket) || chdir("/") != 0 || (c->dir_fd = take_dir()) < 0)
        _exit(EXIT_FAILURE);
    c->path = path;
    c->now_len = -1;
    c->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    (void)umask(0);
    if (!confine(c->dir_fd))
        _exit(EXIT_FAILURE);
    look(c);
    if (msg_send(SOCKET_FD, byte, sizeof(byte), NULL, 0) == 0)
        follow(c);
    _exit(EXIT_SUCCESS);
}
