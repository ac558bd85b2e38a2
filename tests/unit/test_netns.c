/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/netns.h"

#include "base/error.h"
#include "base/own.h"
#include "own_namespace.h"

#include <sys/stat.h>
#include <sys/wait.h>

static void refuses_other_kinds(void)
{
    static const char *const paths[] = { "/proc/self/ns/user",
                                         "/proc/self/stat", "/", "/dev/null" };

    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_cmpint(netns_open(paths[i], &err), ==, -1);
        g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_BAD_REQUEST);
        g_assert_nonnull(strstr(err->message, "is not a network namespace"));
    }
}

static void names_the_path_that_is_missing(void)
{
    g_autoptr(GError) err = NULL;

    g_assert_cmpint(userns_open("/proc/0/ns/user", &err), ==, -1);
    g_assert_cmpstr(err->message, ==,
                    "open user namespace /proc/0/ns/user: No such file or "
                    "directory");
}

static void handles_are_close_on_exec(void)
{
    owned_fd net = netns_open("/proc/self/ns/net", NULL);
    owned_fd user = userns_open("/proc/self/ns/user", NULL);

    g_assert_true(fcntl(net, F_GETFD) & FD_CLOEXEC);
    g_assert_true(fcntl(user, F_GETFD) & FD_CLOEXEC);
}

static ino_t inode(const char *path)
{
    struct stat st;

    g_assert_cmpint(stat(path, &st), ==, 0);
    return st.st_ino;
}

/* A child that has namespaces of its own and waits to be let go. */
static pid_t start_guest(int *hold)
{
    int ready[2], leave[2];
    char c;
    pid_t pid;

    g_assert_cmpint(pipe2(ready, O_CLOEXEC), ==, 0);
    g_assert_cmpint(pipe2(leave, O_CLOEXEC), ==, 0);
    pid = fork();
    if (pid == 0) {
        (void)close(leave[1]);
        if (!own_namespace_enter() || write(ready[1], "1", 1) != 1)
            _exit(1);
        _exit(read(leave[0], &c, 1) == 0 ? 0 : 1);
    }
    (void)close(ready[1]);
    (void)close(leave[0]);
    *hold = leave[1];
    if (read(ready[0], &c, 1) != 1) {
        (void)waitpid(pid, NULL, 0);
        pid = -1;
    }
    (void)close(ready[0]);
    return pid;
}

static int enter_from_child(int userns_fd, int netns_fd, ino_t wanted)
{
    pid_t pid = fork();
    int status = -1;

    if (pid == 0) {
        g_autoptr(GError) err = NULL;

        if (netns_enter(userns_fd, netns_fd, &err) != 0 ||
            inode("/proc/self/ns/net") != wanted)
            _exit(1);
        /* Once more: the user namespace is our own now. */
        _exit(netns_enter(userns_fd, netns_fd, &err) == 0 ? 0 : 2);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    return status;
}

static void joins_both_and_may_be_inside_already(void)
{
    owned_fd hold = -1, user = -1, net = -1;
    g_autofree char *net_path = NULL, *user_path = NULL;
    pid_t guest = start_guest(&hold);

    if (guest < 0) {
        g_test_skip("no user namespaces here");
        return;
    }
    net_path = g_strdup_printf("/proc/%d/ns/net", (int)guest);
    user_path = g_strdup_printf("/proc/%d/ns/user", (int)guest);
    net = netns_open(net_path, NULL);
    user = userns_open(user_path, NULL);
    g_assert_cmpint(enter_from_child(user, net, inode(net_path)), ==, 0);
    own_close(&hold);
    g_assert_cmpint(waitpid(guest, NULL, 0), ==, guest);
}

static void says_what_it_could_not_join(void)
{
    g_autoptr(GError) err = NULL;
    owned_fd null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    g_assert_cmpint(netns_enter(-1, null, &err), ==, -1);
    g_assert_nonnull(strstr(err->message, "join the target's network"));
    g_clear_error(&err);
    g_assert_cmpint(netns_enter(null, null, &err), ==, -1);
    g_assert_nonnull(strstr(err->message, "join the target's user"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/netns/refuses other kinds", refuses_other_kinds);
    g_test_add_func("/netns/names the path that is missing",
                    names_the_path_that_is_missing);
    g_test_add_func("/netns/handles are close-on-exec",
                    handles_are_close_on_exec);
    g_test_add_func("/netns/joins both, and may be inside already",
                    joins_both_and_may_be_inside_already);
    g_test_add_func("/netns/says what it could not join",
                    says_what_it_could_not_join);
    return g_test_run();
}
