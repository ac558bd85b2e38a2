/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/bound_socket.h"

#include "base/own.h"
#include "ctl/exits.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* True if a socket was left at `path` by somebody who is gone. */
static bool is_stale(const struct sockaddr_un *un)
{
    owned_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct stat what;

    /* unix(7): connecting to a file of another kind is refused as well. */
    return fd >= 0 && lstat(un->sun_path, &what) == 0 &&
           S_ISSOCK(what.st_mode) &&
           connect(fd, (const struct sockaddr *)un, sizeof(*un)) != 0 &&
           errno == ECONNREFUSED;
}

static int bind_socket(int fd, const struct sockaddr_un *un)
{
    mode_t mask = umask(0177); /* only the owner may connect */
    int rc = bind(fd, (const struct sockaddr *)un, sizeof(*un));

    if (rc != 0 && errno == EADDRINUSE && is_stale(un) &&
        unlink(un->sun_path) == 0)
        rc = bind(fd, (const struct sockaddr *)un, sizeof(*un));
    (void)umask(mask);
    return rc;
}

int bound_socket_make(const char *path, GError **err)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    owned_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (g_strlcpy(un.sun_path, path, sizeof(un.sun_path)) >=
        sizeof(un.sun_path))
        return ctl_fail(err, CTL_BAD_REQUEST, "bind %s: the path is too long",
                        path);
    if (fd < 0 || bind_socket(fd, &un) != 0)
        return ctl_fail(err, CTL_FAILED, "bind %s: %s", path,
                        g_strerror(errno));
    return own_release_fd(&fd);
}

void bound_socket_remove(const char *path)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };

    if (g_strlcpy(un.sun_path, path, sizeof(un.sun_path)) <
            sizeof(un.sun_path) &&
        is_stale(&un))
        (void)unlink(path);
}
