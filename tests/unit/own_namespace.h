/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <fcntl.h>
#include <glib.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* For tests that change a network: namespaces of their own, where they may. */

static inline bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, text, strlen(text)) > 0;

    if (fd >= 0)
        (void)close(fd);
    return done;
}

/* Joins a fresh user and network namespace as its root; false if refused. */
static inline bool own_namespace_enter(void)
{
    g_autofree char *uid_map = g_strdup_printf("0 %u 1", (unsigned)geteuid());
    g_autofree char *gid_map = g_strdup_printf("0 %u 1", (unsigned)getegid());

    return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 &&
           write_text("/proc/self/setgroups", "deny") &&
           write_text("/proc/self/uid_map", uid_map) &&
           write_text("/proc/self/gid_map", gid_map);
}

/* What a command prints; the test fails when the command does. */
static inline char *command_output(const char *command)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *errors = NULL;
    char *out = NULL;
    int status = -1;

    if (!g_spawn_command_line_sync(command, &out, &errors, &status, &err))
        g_error("%s: %s", command, err->message);
    if (status != 0)
        g_error("%s: %s", command, errors);
    return out;
}

/* Fails the test unless what `command` prints holds `wanted`. */
static inline void assert_output_has(const char *command, const char *wanted)
{
    g_autofree char *out = command_output(command);

    if (strstr(out, wanted) == NULL)
        g_error("\"%s\" not in the output of %s:\n%s", wanted, command, out);
}

/* Skips the running test, true, when `program` is not installed. */
static inline bool skip_without(const char *program)
{
    g_autofree char *path = g_find_program_in_path(program);

    if (path == NULL)
        g_test_skip("a program it looks with is not installed");
    return path == NULL;
}

static inline void run_isolated(gconstpointer test)
{
    void (*run)(void) = (void (*)(void))(uintptr_t)test;

    if (!own_namespace_enter()) {
        g_test_skip("no user namespace may be made here");
        return;
    }
    if (access("/dev/net/tun", R_OK | W_OK) != 0) {
        g_test_skip("/dev/net/tun cannot be opened here");
        return;
    }
    run();
}

/* A test that makes taps, in namespaces of its own, so that it sees nobody
   else's remains; skipped where it may not. */
static inline void add_isolated(const char *path, void (*test)(void))
{
    g_test_add_data_func(path, (gconstpointer)(uintptr_t)test, run_isolated);
}
