/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/target.h"

#include "base/error.h"
#include "base/own.h"
#include "base/parse.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#define LOOK_MS       2000
#define INOTIFY_SPACE 4096
#define INOTIFY_WATCHED \
    (IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR)

struct target {
    struct loop *loop;
    void (*gone)(void *self);
    void *self;
    struct loop_watch watch;
    int watch_fd; /* pidfd or inotify; -1: none */
    struct loop_timer timer;
    bool (*still_there)(const struct target *target); /* for the timer */
    int proc_fd; /* /proc/PID/stat, where there is no pidfd; else -1 */
    /* For a path: it is `name` below `dir_fd`, and was this file. */
    int dir_fd; /* AT_FDCWD: `name` is the whole path */
    char *name, *base;
    dev_t dev;
    ino_t ino;
};

OWN_DEFINE(target)

static void tell(struct target *t)
{
    loop_unwatch(t->loop, &t->watch);
    loop_timer_cancel(t->loop, &t->timer);
    t->gone(t->self);
}

static void look(void *self)
{
    struct target *t = self;

    if (!t->still_there(t))
        tell(t);
    else
        loop_timer_in_ms(t->loop, &t->timer, LOOK_MS);
}

static struct target *target_new(struct loop *loop, void (*gone)(void *self),
                                 void *self)
{
    struct target *t = g_new0(struct target, 1);

    t->loop = loop;
    t->gone = gone;
    t->self = self;
    t->watch_fd = t->proc_fd = -1;
    t->dir_fd = AT_FDCWD;
    t->watch.self = t;
    t->timer = (struct loop_timer){ .expired = look, .self = t };
    return t;
}

void target_free(struct target *target)
{
    if (target == NULL)
        return;
    loop_unwatch(target->loop, &target->watch);
    loop_timer_cancel(target->loop, &target->timer);
    own_close(&target->watch_fd);
    own_close(&target->proc_fd);
    own_close(&target->dir_fd); /* AT_FDCWD is negative */
    g_free(target->name);
    g_free(target->base);
    g_free(target);
}

static bool means_gone(int number)
{
    /* Anything else, such as EACCES in a sandbox, says nothing about it. */
    return number == ENOENT || number == ENOTDIR || number == ESRCH;
}

/* --- a process --- */

static void pidfd_ready(void *self, uint32_t events)
{
    (void)events;
    tell(self);
}

/* A zombie has let go of its namespaces already. */
static bool process_is_there(const struct target *t)
{
    char text[512];
    ssize_t n = pread(t->proc_fd, text, sizeof(text) - 1, 0);
    const char *end;

    if (n < 0)
        return !means_gone(errno);
    text[n] = '\0';
    /* "PID (name) STATE ...", where the name may hold anything. */
    end = strrchr(text, ')');
    return end == NULL || strlen(end) < 3 || strchr("ZXx", end[2]) == NULL;
}

static int watch_by_pidfd(struct target *t, pid_t pid)
{
    int rc;

    t->watch_fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (t->watch_fd < 0)
        return -errno;
    t->watch.ready = pidfd_ready;
    rc = loop_watch(t->loop, &t->watch, t->watch_fd, EPOLLIN);
    if (rc != 0)
        own_close(&t->watch_fd);
    return rc;
}

/* Also for the number of a thread, which pidfd_open(2) refuses. */
static int watch_by_proc(struct target *t, pid_t pid, GError **err)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);

    t->proc_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (t->proc_fd < 0)
        return error_set_errno(err, "watch process %d", (int)pid);
    t->still_there = process_is_there;
    loop_timer_in_ms(t->loop, &t->timer, LOOK_MS);
    return 0;
}

struct target *target_watch_pid(struct loop *loop, pid_t pid,
                                void (*gone)(void *self), void *self,
                                GError **err)
{
    owned(target) t = target_new(loop, gone, self);
    int rc = watch_by_pidfd(t, pid);

    if (rc == -ESRCH) {
        errno = ESRCH;
        error_set_errno(err, "watch process %d", (int)pid);
        return NULL;
    }
    if (rc != 0 && watch_by_proc(t, pid, err) != 0)
        return NULL;
    return g_steal_pointer(&t);
}

/* --- a path --- */

static int look_at(const struct target *t, struct stat *st)
{
    return fstatat(t->dir_fd, t->name, st, 0) == 0 ? 0 : -errno;
}

static bool file_is_there(const struct target *t)
{
    struct stat st;
    int rc = look_at(t, &st);

    if (rc != 0)
        return !means_gone(-rc);
    return st.st_dev == t->dev && st.st_ino == t->ino;
}

static bool tells_of_end(const struct target *t, const struct inotify_event *e)
{
    if ((e->mask & (IN_DELETE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0)
        return true;
    return (e->mask & (IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)) != 0 &&
           e->len > 0 && strcmp(e->name, t->base) == 0;
}

static void inotify_ready(void *self, uint32_t events)
{
    struct target *t = self;
    _Alignas(struct inotify_event) char space[INOTIFY_SPACE];
    bool ended = false;
    ssize_t n;

    (void)events;
    while (!ended && (n = read(t->watch_fd, space, sizeof(space))) > 0)
        for (const char *p = space; p < space + n && !ended;) {
            struct inotify_event head;

            memcpy(&head, p, sizeof(head));
            ended = tells_of_end(t, (const void *)p);
            p += sizeof(head) + head.len;
        }
    if (ended)
        tell(t);
}

/* procfs takes the watch and never says a word. */
static bool is_procfs(const char *dir)
{
    struct statfs fs;

    return statfs(dir, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static int watch_by_inotify(struct target *t, const char *dir)
{
    if (is_procfs(dir))
        return -ENOTSUP;
    t->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (t->watch_fd < 0)
        return -errno; /* EMFILE: 128 per user is the kernel's default */
    t->watch.ready = inotify_ready;
    if (inotify_add_watch(t->watch_fd, dir, INOTIFY_WATCHED) < 0 ||
        loop_watch(t->loop, &t->watch, t->watch_fd, EPOLLIN) != 0) {
        own_close(&t->watch_fd);
        return -errno;
    }
    return 0;
}

/* Without inotify: a handle on the directory, which a sandbox cannot hide. */
static void hold_directory(struct target *t, const char *dir)
{
    t->dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (t->dir_fd < 0) {
        t->dir_fd = AT_FDCWD;
        return;
    }
    g_free(t->name);
    t->name = g_strdup(t->base);
}

static int watch_file(struct target *t, const char *path, GError **err)
{
    g_autofree char *dir = g_path_get_dirname(path);
    struct stat st;
    int rc;

    t->name = g_strdup(path);
    t->base = g_path_get_basename(path);
    if (watch_by_inotify(t, dir) != 0)
        hold_directory(t, dir);
    rc = look_at(t, &st);
    if (rc != 0) {
        errno = -rc;
        return error_set_errno(err, "watch %s", path);
    }
    t->dev = st.st_dev;
    t->ino = st.st_ino;
    t->still_there = file_is_there;
    loop_timer_in_ms(t->loop, &t->timer, LOOK_MS);
    return 0;
}

/* True for /proc/PID/..., filling `pid`; 0 where no process is to be watched.
 */
static bool is_process_path(const char *path, pid_t *pid)
{
    unsigned number;

    if (!parse_literal(&path, "/proc/"))
        return false;
    *pid = 0;
    if (parse_literal(&path, "self/") || parse_literal(&path, "thread-self/"))
        return true;
    if (!parse_uint(&path, INT_MAX, &number))
        return false;
    if (!parse_literal(&path, "/fd/"))
        *pid = (pid_t)number;
    return true;
}

struct target *target_watch_path(struct loop *loop, const char *path,
                                 void (*gone)(void *self), void *self,
                                 GError **err)
{
    owned(target) t = NULL;
    pid_t pid;

    if (is_process_path(path, &pid))
        return pid > 0 ? target_watch_pid(loop, pid, gone, self, err)
                       : target_new(loop, gone, self);
    t = target_new(loop, gone, self);
    if (watch_file(t, path, err) != 0)
        return NULL;
    return g_steal_pointer(&t);
}

void target_watch_sandboxed(struct target *target)
{
    struct stat st;

    if (target->still_there != file_is_there)
        return;
    /*
     * By way of the directory the file can still be seen, but no longer what
     * was mounted on it, if nobody else is left in our old mount namespace:
     * from here on the file's own identity counts.
     */
    if (target->watch_fd < 0 && target->dir_fd >= 0 &&
        look_at(target, &st) == 0) {
        target->dev = st.st_dev;
        target->ino = st.st_ino;
        return;
    }
    loop_timer_cancel(target->loop, &target->timer);
}
