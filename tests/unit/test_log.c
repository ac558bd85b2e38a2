/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* stderr becomes a pipe; its reading end is returned, the old one in `*old`. */
static int pipe_for_stderr(int *old)
{
    int fds[2];

    *old = dup(STDERR_FILENO);
    g_assert_cmpint(pipe(fds), ==, 0);
    g_assert_cmpint(dup2(fds[1], STDERR_FILENO), >=, 0);
    (void)close(fds[1]);
    return fds[0];
}

static void put_back(int old, int reading)
{
    (void)dup2(old, STDERR_FILENO);
    (void)close(old);
    (void)close(reading);
}

/* As somebody who does not read leaves it: full, and blocking. */
static void fill(int fd)
{
    static const char junk[4096];
    int flags = fcntl(fd, F_GETFL);

    (void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    while (write(fd, junk, sizeof(junk)) > 0)
        continue;
    g_assert_cmpint(errno, ==, EAGAIN);
    (void)fcntl(fd, F_SETFL, flags);
}

static void empty(int fd)
{
    static char junk[4096];

    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    while (read(fd, junk, sizeof(junk)) > 0)
        continue;
}

static void a_full_pipe_does_not_block_and_is_told_of_later(void)
{
    char text[256] = "";
    int old, reading = pipe_for_stderr(&old);

    fill(STDERR_FILENO);
    log_warn("nobody reads this");
    log_error("nor this");
    empty(reading);
    log_info("good to see you");
    g_assert_cmpint(read(reading, text, sizeof(text) - 1), >, 0);
    put_back(old, reading);
    g_assert_cmpstr(
        text, ==, "(2 messages found no room or time here)\ngood to see you\n");
}

static void a_long_message_is_cut_and_stays_one_line(void)
{
    g_autofree char *text = g_strnfill(5000, 'x');
    char got[8192] = "";
    int old, reading = pipe_for_stderr(&old);

    log_info("%s", text);
    g_assert_cmpint(read(reading, got, sizeof(got) - 1), >, 0);
    put_back(old, reading);
    g_assert_cmpuint(strlen(got), <, 2000);
    g_assert_true(strchr(got, '\n') == got + strlen(got) - 1);
}

/*
 * Instead of the C library's, in this program: a disk that is slow, for which
 * poll(2) sees room, and write(2) takes its time.
 */
static unsigned slow_ms;

ssize_t write(int fd, const void *data, size_t len)
{
    if (fd == STDERR_FILENO && slow_ms > 0)
        g_usleep(slow_ms * 1000);
    return syscall(SYS_write, fd, data, len);
}

static void a_slow_disk_gets_few_lines_and_is_told_of_the_others(void)
{
    char text[4096] = "";
    int old, reading = pipe_for_stderr(&old);

    slow_ms = 100;
    for (int i = 0; i < 100; i++)
        log_info("line");
    log_error("the end");
    slow_ms = 0;
    g_assert_cmpint(read(reading, text, sizeof(text) - 1), >, 0);
    put_back(old, reading);
    g_assert_cmpstr(text, ==,
                    "line\n(99 messages found no room or time here)\n"
                    "the end\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log/a full pipe does not block and is told of later",
                    a_full_pipe_does_not_block_and_is_told_of_later);
    g_test_add_func("/log/a long message is cut and stays one line",
                    a_long_message_is_cut_and_stays_one_line);
    g_test_add_func("/log/a slow disk gets few lines and is told of the others",
                    a_slow_disk_gets_few_lines_and_is_told_of_the_others);
    return g_test_run();
}
