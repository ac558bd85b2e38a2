/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/listener.h"

#include "base/error.h"
#include "base/fdio.h"
#include "base/own.h"
#include "net/relay_option.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>

#define LISTEN_BACKLOG 4096

static int stream_socket(sa_family_t family, GError **err)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    return fd >= 0 ? fd : error_set_errno(err, "make a listening socket");
}

static int bind_port(int fd, struct fwd_rule *rule, GError **err)
{
    struct sockaddr_storage ss;
    socklen_t len = ip_endpoint_to_sockaddr(&rule->host, &ss);
    char text[IP_ENDPOINT_TEXT_MAX];
    int on = 1;

    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (rule->host.addr.family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&ss, len) != 0)
        return error_set_errno(err, "bind %s",
                               ip_endpoint_format(&rule->host, text));
    if (listen(fd, LISTEN_BACKLOG) != 0)
        return error_set_errno(err, "listen on %s",
                               ip_endpoint_format(&rule->host, text));
    len = sizeof(ss);
    if (rule->host.port == 0 &&
        (getsockname(fd, (struct sockaddr *)&ss, &len) != 0 ||
         !ip_endpoint_from_sockaddr(&ss, &rule->host)))
        return error_set_errno(err, "read the port that was chosen");
    relay_prepare_socket(fd);
    if (ip_addr_is_loopback(&rule->host.addr))
        relay_stay_local(fd);
    return 0;
}

static int bind_path(int fd, const char *path, struct host_path *noted,
                     GError **err)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    mode_t mask;
    int rc;

    if (g_strlcpy(un.sun_path, path, sizeof(un.sun_path)) >=
        sizeof(un.sun_path))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "bind %s: the path is too long", path);
    mask = host_path_mask();
    rc = bind(fd, (struct sockaddr *)&un, sizeof(un));
    (void)umask(mask);
    if (rc != 0)
        return error_set_errno(err, "bind %s", path);
    host_path_note(noted, path);
    if (listen(fd, LISTEN_BACKLOG) == 0)
        return 0;
    error_set_errno(err, "listen on %s", path);
    host_path_remove(noted);
    return -1;
}

/* A socket that somebody else has made and bound, and will remove. */
static int listen_on_lent(int lent, const char *path, GError **err)
{
    owned_fd fd = fcntl(lent, F_DUPFD_CLOEXEC, 0);
    int domain = 0, type = 0;
    socklen_t len = sizeof(int);

    if (fd < 0)
        return error_set_errno(err, "keep the socket for %s", path);
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0 ||
        domain != AF_UNIX ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 ||
        type != SOCK_STREAM)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "the descriptor for %s is no UNIX stream socket",
                         path);
    if (fd_set_nonblock(fd) != 0 || listen(fd, LISTEN_BACKLOG) != 0)
        return error_set_errno(err, "listen on %s", path);
    return own_release_fd(&fd);
}

int listener_open(struct fwd_rule *rule, struct host_path *path, GError **err)
{
    bool is_path = rule->host_path != NULL;
    owned_fd fd = -1;

    if (rule->host_socket != NULL)
        return listen_on_lent(*rule->host_socket, rule->host_path, err);
    fd = stream_socket(is_path ? AF_UNIX : rule->host.addr.family, err);
    if (fd < 0 || (is_path ? bind_path(fd, rule->host_path, path, err)
                           : bind_port(fd, rule, err)) != 0)
        return -1;
    return own_release_fd(&fd);
}
