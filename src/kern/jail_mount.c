/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_mount.h"

#include "base/error.h"
#include "base/own.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif

#define MOUNT_SAFE (MS_NOSUID | MS_NODEV | MS_NOEXEC)

/*
 * Where the new root may be built; it is there for a moment only and nobody
 * else sees it.  /tmp is first since LSM profiles written for such helpers
 * expect it, but minimal systems have none.
 */
static const char *const bases[] = { "/tmp", "/mnt", "/usr", "/proc",
                                     "/sys", "/dev", "/etc", "/run" };

char *jail_mount_dir_path(int fd)
{
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);

    return g_file_read_link(link, NULL);
}

#ifdef SYS_open_tree
static bool is_same_file(int a, int b)
{
    struct stat st_a, st_b;

    return fstat(a, &st_a) == 0 && fstat(b, &st_b) == 0 &&
           st_a.st_dev == st_b.st_dev && st_a.st_ino == st_b.st_ino;
}

int jail_mount_pin_dir(int fd, const char *path)
{
    /* By path: `fd` itself stands in the mount namespace that was left. */
    owned_fd tree = (int)syscall(SYS_open_tree, AT_FDCWD, path,
                                 OPEN_TREE_CLONE | (unsigned)OPEN_TREE_CLOEXEC |
                                     AT_SYMLINK_NOFOLLOW);

    if (tree < 0)
        return -errno;
    if (!is_same_file(fd, tree))
        return -ESTALE;
    return dup3(tree, fd, O_CLOEXEC) < 0 ? -errno : 0;
}
#else
int jail_mount_pin_dir(int fd, const char *path)
{
    (void)fd;
    (void)path;
    return -ENOSYS;
}
#endif

/* --- the content of the new root --- */

/* Makes every directory of `path` below `base`, the last part too if `all`. */
static int make_dirs(const char *base, const char *path, bool all, GError **err)
{
    g_autofree char *full = g_strconcat(base, path, all ? "/" : "", NULL);

    for (char *p = full + strlen(base) + 1; (p = strchr(p, '/')) != NULL; p++) {
        *p = '\0';
        if (mkdir(full, 0755) != 0 && errno != EEXIST)
            return error_set_errno(err, "make %s in the new root", full);
        *p = '/';
    }
    return 0;
}

static int make_file(const char *path, GError **err)
{
    owned_fd fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0444);

    if (fd < 0)
        return error_set_errno(err, "make %s in the new root", path);
    return 0;
}

static unsigned long flags_of(const struct jail_mount_item *item)
{
    unsigned long flags = MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NOEXEC;

    if (!item->is_device)
        flags |= MS_NODEV;
    if (!item->is_device && !item->writable)
        flags |= MS_RDONLY;
    return flags;
}

/* A bind mount takes its flags only by a remount (mount(2)).  What the machine
   keeps read-only must be asked for so. */
static int set_flags(const char *full, unsigned long flags)
{
    if (mount(NULL, full, NULL, flags, NULL) == 0)
        return 0;
    return mount(NULL, full, NULL, flags | MS_RDONLY, NULL);
}

/* `full` is the place below the base, made already. */
static int bind_at(const struct jail_mount_item *item, const char *full,
                   GError **err)
{
    /* Without MS_REC: what is mounted below is not shown. */
    if (mount(item->path, full, NULL, MS_BIND, NULL) != 0)
        return error_set_errno(err, "show %s in the new root", item->path);
    if (set_flags(full, flags_of(item)) != 0) {
        error_set_errno(err, "limit %s in the new root", item->path);
        (void)umount2(full, MNT_DETACH);
        return -1;
    }
    return 0;
}

static int show_path(const char *base, const struct jail_mount_item *item,
                     bool is_dir, GError **err)
{
    g_autofree char *full = g_strconcat(base, item->path, NULL);

    if (make_dirs(base, item->path, is_dir, err) < 0)
        return -1;
    if (!is_dir && make_file(full, err) < 0)
        return -1;
    return bind_at(item, full, err);
}

static int show_required(const char *base, const struct jail_mount_item *item,
                         GError **err)
{
    struct stat st;

    if (stat(item->path, &st) != 0)
        return error_set_errno(err, "look at %s", item->path);
    return show_path(base, item, S_ISDIR(st.st_mode), err);
}

static int show_item(const char *base, const struct jail_mount_item *item,
                     GError **err)
{
    if (item->optional) {
        (void)show_required(base, item, NULL);
        return 0;
    }
    return show_required(base, item, err);
}

static int fill(const char *base, const struct jail_mount_item *items,
                size_t count, GError **err)
{
    if (make_dirs(base, "/etc", true, err) < 0 ||
        make_dirs(base, "/run", true, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (show_item(base, &items[i], err) < 0)
            return -1;
    return 0;
}

/* --- the way in --- */

static bool hides(const char *base, const struct jail_mount_item *items,
                  size_t count)
{
    size_t len = strlen(base);

    for (size_t i = 0; i < count; i++)
        if (strncmp(items[i].path, base, len) == 0 &&
            (items[i].path[len] == '/' || items[i].path[len] == '\0'))
            return true;
    return false;
}

/* Mounts the tmpfs and returns where, or NULL and an error. */
static const char *mount_base(const struct jail_mount_item *items, size_t count,
                              GError **err)
{
    errno = ENOENT;
    for (size_t i = 0; i < G_N_ELEMENTS(bases); i++) {
        if (hides(bases[i], items, count))
            continue;
        if (mount("jail", bases[i], "tmpfs", MOUNT_SAFE,
                  "mode=0755,size=128k,nr_inodes=128") == 0)
            return bases[i];
    }
    error_set_errno(err, "mount a tmpfs for the new root");
    return NULL;
}

/*
 * pivot_root(2) onto itself stacks the old root over the new one, from where
 * it is unmounted.  On an initial ramfs, which cannot be pivoted away, the new
 * root is moved over the old one as switch_root(8) does; what is below cannot
 * be reached without CAP_SYS_CHROOT or CAP_SYS_ADMIN.
 */
static int enter(const char *base, GError **err)
{
    int saved;

    if (chdir(base) != 0)
        return error_set_errno(err, "enter the new root");
    if (syscall(SYS_pivot_root, ".", ".") == 0) {
        if (umount2(".", MNT_DETACH) != 0)
            return error_set_errno(err, "unmount the old root");
        return 0;
    }
    saved = errno;
    if (mount(".", "/", NULL, MS_MOVE, NULL) != 0) {
        errno = saved;
        return error_set_errno(err, "pivot into the new root");
    }
    if (chroot(".") != 0)
        return error_set_errno(err, "change into the new root");
    return 0;
}

/*
 * A way to the new /etc that stays open for writing when the new root does not:
 * another mount of the same directory, which has no place any more.
 */
static int open_etc(const char *base, int *etc_fd, GError **err)
{
    g_autofree char *etc = g_strconcat(base, "/etc", NULL);
    g_autofree char *run = g_strconcat(base, "/run", NULL);

    if (mount(etc, run, NULL, MS_BIND, NULL) != 0)
        return error_set_errno(err, "mount the new /etc twice");
    *etc_fd = open(run, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*etc_fd < 0)
        error_set_errno(err, "open the new /etc");
    (void)umount2(run, MNT_DETACH);
    return *etc_fd < 0 ? -1 : 0;
}

static int build(const char *base, const struct jail_mount_item *items,
                 size_t count, int *etc_fd, GError **err)
{
    if (fill(base, items, count, err) < 0)
        return -1;
    if (etc_fd != NULL && open_etc(base, etc_fd, err) < 0)
        return -1;
    if (enter(base, err) == 0)
        return 0;
    if (etc_fd != NULL)
        own_close(etc_fd);
    return -1;
}

static int seal(GError **err)
{
    if (chdir("/") != 0)
        return error_set_errno(err, "change to the new root");
    if (mount(NULL, "/", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MOUNT_SAFE,
              NULL) != 0)
        return error_set_errno(err, "make the new root read-only");
    return 0;
}

int jail_mount_root(const struct jail_mount_item *items, size_t count,
                    int *etc_fd, GError **err)
{
    const char *base = mount_base(items, count, err);

    if (base == NULL)
        return -1;
    if (build(base, items, count, etc_fd, err) < 0) {
        int away = chdir("/"); /* or stay in what nobody sees */

        (void)away;
        (void)umount2(base, MNT_DETACH);
        return -1;
    }
    return seal(err);
}
