/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/path_watch.h"

#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* More than symbolic links that anybody has set up; loops end here. */
#define LINKS_MAX 8

#define OF_DIR                                                         \
    (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | \
     IN_CLOSE_WRITE | IN_ONLYDIR)
/* A file that is a mount of its own is changed in a directory elsewhere. */
#define OF_FILE (IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF)

static int watch(int inotify_fd, const char *path, uint32_t events)
{
    if (inotify_add_watch(inotify_fd, path, events) >= 0 || errno == ENOENT ||
        errno == ENOTDIR)
        return 0;
    return -errno;
}

/* The directory of `path`, into `dir`. */
static bool dir_of(const char *path, char dir[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);

    if (slash == NULL || len >= PATH_MAX)
        return false;
    (void)g_strlcpy(dir, path, MAX(len, 1) + 1);
    return true;
}

/* Where the link `path` in `dir` leads, into `path`; false if it is none. */
static bool follow(char path[PATH_MAX], char dir[PATH_MAX])
{
    char target[PATH_MAX];
    ssize_t len = readlink(path, target, sizeof(target) - 1);

    if (len <= 0)
        return false;
    target[len] = '\0';
    if (target[0] == '/')
        return g_strlcpy(path, target, PATH_MAX) < PATH_MAX;
    return g_strlcat(dir, "/", PATH_MAX) < PATH_MAX &&
           g_strlcat(dir, target, PATH_MAX) < PATH_MAX &&
           g_strlcpy(path, dir, PATH_MAX) < PATH_MAX;
}

int path_watch_add(int inotify_fd, const char *path)
{
    char at[PATH_MAX], dir[PATH_MAX];

    if (g_strlcpy(at, path, sizeof(at)) >= sizeof(at))
        return -ENAMETOOLONG;
    for (int i = 0; i < LINKS_MAX && dir_of(at, dir); i++) {
        int rc = watch(inotify_fd, dir, OF_DIR);

        if (rc != 0)
            return rc;
        if (!follow(at, dir))
            break;
    }
    return watch(inotify_fd, path, OF_FILE);
}
