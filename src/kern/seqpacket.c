/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/seqpacket.h"

#include "base/error.h"
#include "base/log.h"
#include "base/own.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static int remove_stale(const char *path, GError **err)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return 0;
    if (!S_ISSOCK(st.st_mode))
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "%s exists and is not a socket", path);
    if (unlink(path) != 0)
        return error_set_errno(err, "remove the old socket %s", path);
    return 0;
}

static int listen_at(const char *path, GError **err)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    owned_fd listener = -1;

    if (g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path)) >=
        sizeof(addr.sun_path))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "the socket path is too long (>= %zu): %s",
                         sizeof(addr.sun_path), path);
    if (remove_stale(path, err) < 0)
        return -1;
    listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (listener < 0 ||
        bind(listener, (struct sockaddr *)&addr, sizeof(addr)) != 0 ||
        listen(listener, 1) != 0)
        return error_set_errno(err, "listen on %s", path);
    return own_release_fd(&listener);
}

int seqpacket_accept_one(const char *path, GError **err)
{
    owned_fd listener = listen_at(path, err);
    int peer;

    if (listener < 0)
        return -1;
    log_info("Waiting for connection to %s", path);
    do
        peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    while (peer < 0 && errno == EINTR);
    (void)unlink(path);
    if (peer < 0)
        return error_set_errno(err, "accept a peer on %s", path);
    return peer;
}
