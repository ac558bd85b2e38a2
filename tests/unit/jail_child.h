/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <sched.h>
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
