/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/sanitized.h"

#include <glib.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Confinement cannot be undone, so each test confines a child of its own.  A
 * failing g_assert_*() inside the child ends it by SIGABRT, which the parent
 * sees.
 */
typedef void (*jail_child_fn)(void *data);

/* The wait status of a child that runs `body` and exits 0. */
static inline int jail_child_status(jail_child_fn body, void *data)
{
    int status;
    pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        body(data);
        _exit(0);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    return status;
}

static inline void jail_child_succeeds(jail_child_fn body, void *data)
{
    g_assert_cmpint(jail_child_status(body, data), ==, 0);
}

static inline void jail_child_dies_by(int signal, jail_child_fn body,
                                      void *data)
{
    int status = jail_child_status(body, data);

    g_assert_true(WIFSIGNALED(status));
    g_assert_cmpint(WTERMSIG(status), ==, signal);
}

/* Full capabilities over a user namespace of our own, whoever runs the test.
 */
static inline void jail_child_own_userns(void)
{
    g_assert_cmpint(unshare(CLONE_NEWUSER), ==, 0);
}

static inline void jail_child_write(const char *path, const char *text)
{
    g_autoptr(GError) err = NULL;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, text, strlen(text)), ==, (gssize)strlen(text));
    (void)close(fd);
}

/*
 * As above with a mount namespace, as user and group 1000 (0 could not be
 * mapped again without CAP_SETFCAP, user_namespaces(7)); its mounts are shared,
 * as on a host that systemd has started. The old world is not touched: mounts
 * of a less privileged namespace do not propagate upwards.
 */
static inline void jail_child_own_world(void)
{
    g_autofree char *uid_map = g_strdup_printf("1000 %u 1", getuid());
    g_autofree char *gid_map = g_strdup_printf("1000 %u 1", getgid());

    g_assert_cmpint(unshare(CLONE_NEWUSER | CLONE_NEWNS), ==, 0);
    jail_child_write("/proc/self/setgroups", "deny");
    jail_child_write("/proc/self/uid_map", uid_map);
    jail_child_write("/proc/self/gid_map", gid_map);
    g_assert_cmpint(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL), ==, 0);
}

static inline void jail_child_tmpfs(const char *path)
{
    g_assert_cmpint(mount("test", path, "tmpfs", 0, "mode=0755"), ==, 0);
}
