/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/resolv_copy.h"

#include "jail_child.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define RESOLV_CONF "/etc/resolv.conf"
#define COPIES      "/mnt"
#define COPY        COPIES "/resolv.conf"

/* What is put there is seen in the end, or the test never ends well. */
#define WAIT_S 10

/* Each test runs in a world of its own, where these three are empty. */
static void fresh(void)
{
    jail_child_own_world();
    jail_child_tmpfs("/etc");
    jail_child_tmpfs("/run");
    jail_child_tmpfs(COPIES);
}

static struct resolv_copy *follow(void)
{
    owned_fd dir = open(COPIES, O_PATH | O_DIRECTORY | O_CLOEXEC);
    g_autoptr(GError) err = NULL;
    struct resolv_copy *copy = resolv_copy_start(RESOLV_CONF, &err);

    g_assert_no_error(err);
    (void)resolv_copy_into(copy, dir, &err);
    g_assert_no_error(err);
    return copy;
}

/* NULL: there is none. */
static bool copy_is(const char *wanted)
{
    g_autofree char *text = NULL;

    (void)g_file_get_contents(COPY, &text, NULL, NULL);
    return g_strcmp0(text, wanted) == 0;
}

static void wait_for(const char *wanted)
{
    gint64 end = g_get_monotonic_time() + WAIT_S * G_USEC_PER_SEC;

    while (!copy_is(wanted)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(2000);
    }
}

static void replace(const char *path, const char *text)
{
    g_autofree char *next = g_strconcat(path, ".next", NULL);

    jail_child_write(next, text);
    g_assert_cmpint(rename(next, path), ==, 0);
}

static void link_to(const char *target)
{
    g_assert_cmpint(symlink(target, "/etc/next"), ==, 0);
    g_assert_cmpint(rename("/etc/next", RESOLV_CONF), ==, 0);
}

static void change_in_every_way(void *unused)
{
    owned(resolv_copy) copy = NULL;

    (void)unused;
    fresh();
    g_assert_cmpint(mkdir("/run/one", 0755), ==, 0);
    g_assert_cmpint(mkdir("/run/two", 0755), ==, 0);
    jail_child_write(RESOLV_CONF, "first");
    copy = follow();
    g_assert_true(copy_is("first"));
    jail_child_write(RESOLV_CONF, "written");
    wait_for("written");
    replace(RESOLV_CONF, "replaced");
    wait_for("replaced");
    replace(RESOLV_CONF, "replaced again");
    wait_for("replaced again");
    jail_child_write("/run/one/resolv.conf", "linked");
    link_to("../run/one/resolv.conf");
    wait_for("linked");
    replace("/run/one/resolv.conf", "behind the link");
    wait_for("behind the link");
    /* A link to a link, of which the first changes. */
    jail_child_write("/run/two/file", "two links away");
    g_assert_cmpint(symlink("../two/file", "/run/one/link"), ==, 0);
    link_to("/run/one/link");
    wait_for("two links away");
    replace("/run/one/link", "no link any more");
    wait_for("no link any more");
}

static void every_change_is_followed(void)
{
    jail_child_succeeds(change_in_every_way, NULL);
}

static void come_and_go(void *unused)
{
    owned(resolv_copy) copy = NULL;

    (void)unused;
    fresh();
    copy = follow();
    g_assert_true(copy_is(NULL));
    jail_child_write(RESOLV_CONF, "born");
    wait_for("born");
    g_assert_cmpint(unlink(RESOLV_CONF), ==, 0);
    wait_for(NULL);
    link_to("/run/nowhere");
    jail_child_write("/run/nowhere", "somewhere");
    wait_for("somewhere");
}

static void a_file_may_come_and_go(void)
{
    jail_child_succeeds(come_and_go, NULL);
}

static void write_elsewhere(void *unused)
{
    owned(resolv_copy) copy = NULL;

    (void)unused;
    fresh();
    jail_child_write("/run/file", "first");
    jail_child_write(RESOLV_CONF, "");
    /* As engines do in containers: the file's directory is not its mount's. */
    g_assert_cmpint(mount("/run/file", RESOLV_CONF, NULL, MS_BIND, NULL), ==,
                    0);
    copy = follow();
    g_assert_true(copy_is("first"));
    jail_child_write("/run/file", "changed from outside");
    wait_for("changed from outside");
}

static void a_file_that_is_a_mount_is_followed(void)
{
    jail_child_succeeds(write_elsewhere, NULL);
}

static void copy_much(void *unused)
{
    g_autofree char *text = g_strnfill(1024 * 1024, 'x');
    owned(resolv_copy) copy = NULL;
    struct stat st;

    (void)unused;
    fresh();
    jail_child_write(RESOLV_CONF, text);
    copy = follow();
    g_assert_cmpint(stat(COPY, &st), ==, 0);
    g_assert_cmpint(st.st_size, ==, 32 * 1024);
    replace(RESOLV_CONF, "little");
    wait_for("little");
}

static void a_huge_file_is_cut(void)
{
    jail_child_succeeds(copy_much, NULL);
}

static void refuse_inotify(void *unused)
{
    owned(resolv_copy) copy = NULL;

    (void)unused;
    fresh();
    jail_child_write("/proc/sys/user/max_inotify_instances", "0");
    jail_child_write(RESOLV_CONF, "first");
    copy = follow();
    g_assert_true(copy_is("first"));
    replace(RESOLV_CONF, "second");
    wait_for("second");
}

static void it_manages_without_inotify(void)
{
    jail_child_succeeds(refuse_inotify, NULL);
}

/* --- the process --- */

static pid_t only_child(void)
{
    g_autofree char *path =
        g_strdup_printf("/proc/self/task/%d/children", (int)getpid());
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return (pid_t)g_ascii_strtoll(text, NULL, 10);
}

static void look_at_it(void *unused)
{
    owned(resolv_copy) copy = NULL;
    g_autofree char *path = NULL, *text = NULL;
    int status;
    pid_t pid;

    (void)unused;
    fresh();
    copy = follow();
    pid = only_child();
    path = g_strdup_printf("/proc/%d/status", (int)pid);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "Name:\tslipgate-copier\n"));
    g_assert_nonnull(strstr(text, "CapPrm:\t0000000000000000\n"));
    g_assert_nonnull(strstr(text, "CapBnd:\t0000000000000000\n"));
    g_assert_nonnull(strstr(text, "NoNewPrivs:\t1\n"));
    g_assert_nonnull(strstr(text, "Seccomp:\t2\n"));
    /* And it ends with us. */
    g_clear_pointer(&copy, resolv_copy_free);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
}

static void it_is_confined_and_ends_with_its_owner(void)
{
    jail_child_succeeds(look_at_it, NULL);
}

static void kill_it(void *unused)
{
    owned(resolv_copy) copy = NULL;
    struct pollfd wait = { .events = POLLIN };

    (void)unused;
    fresh();
    copy = follow();
    g_assert_cmpint(kill(only_child(), SIGKILL), ==, 0);
    wait.fd = resolv_copy_fd(copy);
    g_assert_cmpint(poll(&wait, 1, WAIT_S * 1000), ==, 1);
}

static void its_end_is_seen(void)
{
    jail_child_succeeds(kill_it, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/resolv_copy/every change is followed",
                    every_change_is_followed);
    g_test_add_func("/resolv_copy/a file may come and go",
                    a_file_may_come_and_go);
    g_test_add_func("/resolv_copy/a file that is a mount is followed",
                    a_file_that_is_a_mount_is_followed);
    g_test_add_func("/resolv_copy/a huge file is cut", a_huge_file_is_cut);
    g_test_add_func("/resolv_copy/it manages without inotify",
                    it_manages_without_inotify);
    g_test_add_func("/resolv_copy/it is confined and ends with its owner",
                    it_is_confined_and_ends_with_its_owner);
    g_test_add_func("/resolv_copy/its end is seen", its_end_is_seen);
    return g_test_run();
}
