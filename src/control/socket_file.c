/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/socket_file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 128

struct socket_file {
    int fd;
    int dir_fd;
    char *name; /* within the directory */
    bool bound; /* the file is there, and was made here */
    dev_t dev;
    ino_t ino;
};

static int open_dir(struct socket_file *file, const char *path, GError **err)
{
    g_autofree char *dir = g_path_get_dirname(path);

    file->name = g_path_get_basename(path);
    file->dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (file->dir_fd < 0)
        return error_set_errno(err, "open %s for the API socket", dir);
    return 0;
}

static int remove_stale(const struct socket_file *file, const char *path,
                        GError **err)
{
    struct stat st;

    if (fstatat(file->dir_fd, file->name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT)
            return 0;
        return error_set_errno(err, "look at %s", path);
    }
    if (!S_ISSOCK(st.st_mode))
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "API socket %s: the file is there and is no socket",
                         path);
    if (unlinkat(file->dir_fd, file->name, 0) != 0 && errno != ENOENT)
        return error_set_errno(err, "remove the old socket %s", path);
    return 0;
}

/* Remembers which file is ours. */
static int note_file(struct socket_file *file, const char *path, GError **err)
{
    struct stat st;

    if (fstatat(file->dir_fd, file->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return error_set_errno(err, "look at %s", path);
    file->dev = st.st_dev;
    file->ino = st.st_ino;
    file->bound = true;
    return 0;
}

static int set_address(struct sockaddr_un *addr, const char *path, GError **err)
{
    /* The kernel takes 108 bytes without a NUL; scripts expect this text. */
    if (strlen(path) >= sizeof(addr->sun_path))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "the specified API socket path is too long (>= %zu)",
                         sizeof(addr->sun_path));
    *addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
    memcpy(addr->sun_path, path, strlen(path) + 1);
    return 0;
}

static int listen_at(struct socket_file *file, const char *path, GError **err)
{
    struct sockaddr_un addr;

    if (set_address(&addr, path, err) != 0)
        return -1;
    if (open_dir(file, path, err) != 0 || remove_stale(file, path, err) != 0)
        return -1;
    file->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* bind(2) makes the file with the mode of the socket's own inode: no
       moment in which it is open to others, and no umask to put back. */
    if (file->fd < 0 || fchmod(file->fd, S_IRUSR | S_IWUSR) != 0 ||
        bind(file->fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0)
        return error_set_errno(err, "bind the API socket %s", path);
    if (note_file(file, path, err) != 0)
        return -1;
    if (listen(file->fd, BACKLOG) != 0)
        return error_set_errno(err, "listen on the API socket %s", path);
    return 0;
}

struct socket_file *socket_file_listen(const char *path, GError **err)
{
    owned(socket_file) file = g_new(struct socket_file, 1);

    *file = (struct socket_file){ .fd = -1, .dir_fd = -1 };
    if (listen_at(file, path, err) != 0)
        return NULL;
    return g_steal_pointer(&file);
}

static int tell_who_listens(int fd, const char *path, GError **err)
{
    struct ucred peer = { 0 };
    socklen_t len = sizeof(peer);

    /* Nobody known: not connected, or in a PID namespace that is not ours. */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 ||
        peer.pid == 0)
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "API socket %s: a process listens there already",
                         path);
    return error_set(err, SLIPGATE_ERROR_CONFLICT,
                     "API socket %s: process %d listens there already", path,
                     (int)peer.pid);
}

int socket_file_check_free(const char *path, GError **err)
{
    owned_fd fd =
        socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_un addr;

    if (set_address(&addr, path, err) != 0)
        return -1;
    if (fd < 0)
        return error_set_errno(err, "make a socket to ask at %s", path);
    /* EAGAIN: it has more who wait than it takes, so it is there. */
    if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0 ||
        errno == EAGAIN)
        return tell_who_listens(fd, path, err);
    /* Without a directory there is nobody either; listening tells of that. */
    if (errno == ENOENT || errno == ENOTDIR || errno == ECONNREFUSED)
        return 0;
    return error_set_errno(err, "ask who listens on the API socket %s", path);
}

static bool is_still_ours(const struct socket_file *file)
{
    struct stat st;

    return file->bound &&
           fstatat(file->dir_fd, file->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           st.st_dev == file->dev && st.st_ino == file->ino;
}

void socket_file_free(struct socket_file *file)
{
    if (file == NULL)
        return;
    if (is_still_ours(file))
        (void)unlinkat(file->dir_fd, file->name, 0);
    own_close(&file->fd);
    own_close(&file->dir_fd);
    g_free(file->name);
    g_free(file);
}

int socket_file_fd(const struct socket_file *file)
{
    return file->fd;
}

int socket_file_dir_fd(const struct socket_file *file)
{
    return file->dir_fd;
}
