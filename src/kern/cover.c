/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/cover.h"

#include "base/error.h"
#include "base/fdio.h"
#include "base/own.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* Where the file is made; it is hidden for a moment only. */
static const char *const bases[] = { "/tmp", "/run", "/mnt", "/var", "/etc" };

static const char *mount_base(GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(bases); i++) {
        if (mount("slipgate", bases[i], "tmpfs", MS_NOSUID | MS_NODEV,
                  "mode=0755,size=64k") == 0)
            return bases[i];
    }
    error_set_errno(err, "mount a file system in memory");
    return NULL;
}

/* Returns a handle on a new file with this content. */
static int make_file(const char *dir, const char *text, GError **err)
{
    g_autofree char *path = g_build_filename(dir, "content", NULL);
    owned_fd fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int rc;

    if (fd < 0)
        return error_set_errno(err, "make a file in memory");
    rc = fd_write_all(fd, text, strlen(text));
    if (rc == 0 && fchmod(fd, 0644) != 0) /* whatever the umask is */
        rc = -errno;
    if (rc == 0)
        return own_release_fd(&fd);
    errno = -rc;
    return error_set_errno(err, "fill a file in memory");
}

static int bind_on(int file, int target, const char *path, GError **err)
{
    g_autofree char *from = g_strdup_printf("/proc/self/fd/%d", file);
    g_autofree char *to = g_strdup_printf("/proc/self/fd/%d", target);

    if (mount(from, to, NULL, MS_BIND, NULL) != 0)
        return error_set_errno(err, "mount a file on %s", path);
    return 0;
}

int cover_file(const char *path, const char *text, GError **err)
{
    /* Before the base is mounted, which may hide it. */
    owned_fd target = open(path, O_PATH | O_CLOEXEC);
    owned_fd file = -1;
    const char *base;
    int rc = -1;

    if (target < 0)
        return error_set_errno(err, "cover %s", path);
    base = mount_base(err);
    if (base == NULL)
        return -1;
    file = make_file(base, text, err);
    if (file >= 0)
        rc = bind_on(file, target, path, err);
    (void)umount2(base, MNT_DETACH);
    return rc;
}
