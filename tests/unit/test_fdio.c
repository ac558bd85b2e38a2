/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/fdio.h"

#include "base/own.h"
#include "deny_call.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void writes_all_through_a_small_pipe(void)
{
    enum { SIZE = 1 << 20 };
    g_autofree char *data = g_malloc(SIZE);
    int ends[2];
    size_t got = 0;
    ssize_t n;
    char part[5000];
    pid_t pid;

    memset(data, 'x', SIZE);
    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    pid = fork();
    if (pid == 0)
        _exit(fd_write_all(ends[1], data, SIZE) == 0 ? 0 : 1);
    (void)close(ends[1]);
    while ((n = read(ends[0], part, sizeof(part))) > 0)
        got += (size_t)n;
    (void)close(ends[0]);
    g_assert_cmpuint(got, ==, SIZE);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
}

static void flags_are_set_and_taken_back(void)
{
    owned_fd fd = open("/dev/null", O_RDONLY);

    g_assert_cmpint(fd_set_cloexec(fd, true), ==, 0);
    g_assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    g_assert_cmpint(fd_set_cloexec(fd, false), ==, 0);
    g_assert_false(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    g_assert_cmpint(fd_set_nonblock(fd), ==, 0);
    g_assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    g_assert_cmpint(fd_set_nonblock(-1), ==, -EBADF);
}

/* Exits 0 if of 0, 9, 10 and 60 exactly those below 10 are left. */
static void close_from_ten(void)
{
    static const int numbers[] = { 9, 10, 60 };

    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
        if (dup2(STDERR_FILENO, numbers[i]) < 0)
            _exit(2);
    if (fd_close_from(10) != 0)
        _exit(3);
    _exit(fcntl(9, F_GETFD) >= 0 && fcntl(10, F_GETFD) < 0 &&
                  fcntl(60, F_GETFD) < 0 && fcntl(0, F_GETFD) >= 0
              ? 0
              : 1);
}

static void assert_closes(bool old_kernel)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        if (old_kernel && !deny_call(SYS_close_range, ENOSYS))
            _exit(77);
        close_from_ten();
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        g_test_skip("no seccomp filters here");
    else
        g_assert_cmpint(status, ==, 0);
}

static void closes_all_from_a_number_on(void)
{
    assert_closes(false);
}

static void closes_all_without_close_range(void)
{
    assert_closes(true);
}

static void raises_the_limit_to_the_hard_one(void)
{
    struct rlimit limit;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    limit.rlim_cur = MIN(limit.rlim_max, 64);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    fd_raise_limit();
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    g_assert_cmpuint(limit.rlim_cur, ==, limit.rlim_max);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fdio/writes all through a small pipe",
                    writes_all_through_a_small_pipe);
    g_test_add_func("/fdio/flags are set and taken back",
                    flags_are_set_and_taken_back);
    g_test_add_func("/fdio/closes all from a number on",
                    closes_all_from_a_number_on);
    g_test_add_func("/fdio/closes all without close_range",
                    closes_all_without_close_range);
    g_test_add_func("/fdio/raises the limit to the hard one",
                    raises_the_limit_to_the_hard_one);
    return g_test_run();
}
