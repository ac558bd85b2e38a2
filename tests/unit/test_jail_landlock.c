/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_landlock.h"

#include "base/own.h"
#include "kern/jail_caps.h"

#include "deny_call.h"
#include "jail_child.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif

/* A directory with "shown/file", "hidden/file" and "control/socket". */
struct place {
    char *root;
    char *shown, *hidden, *control;
    char *shown_file, *hidden_file, *control_file;
};

static void place_make(struct place *p)
{
    p->root = g_dir_make_tmp("landlock-XXXXXX", NULL);
    g_assert_nonnull(p->root);
    p->shown = g_build_filename(p->root, "shown", NULL);
    p->hidden = g_build_filename(p->root, "hidden", NULL);
    p->control = g_build_filename(p->root, "control", NULL);
    p->shown_file = g_build_filename(p->shown, "file", NULL);
    p->hidden_file = g_build_filename(p->hidden, "file", NULL);
    p->control_file = g_build_filename(p->control, "socket", NULL);
    g_assert_cmpint(mkdir(p->shown, 0700), ==, 0);
    g_assert_cmpint(mkdir(p->hidden, 0700), ==, 0);
    g_assert_cmpint(mkdir(p->control, 0700), ==, 0);
    jail_child_write(p->shown_file, "shown");
    jail_child_write(p->hidden_file, "hidden");
    jail_child_write(p->control_file, "");
}

static void place_free(struct place *p)
{
    char *const paths[] = { p->shown_file, p->hidden_file, p->control_file,
                            p->shown,      p->hidden,      p->control,
                            p->root };

    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        (void)g_remove(paths[i]);
        g_free(paths[i]);
    }
}

static int enter(const char *const *readable, size_t count, int dir_fd)
{
    struct jail_landlock_rules rules = { .readable = readable,
                                         .readable_count = count,
                                         .removable_dir_fd = dir_fd };
    GError *err = NULL;
    int rc;

    g_assert_cmpint(jail_no_new_privs(NULL), ==, 0);
    rc = jail_landlock_restrict(&rules, &err);
    g_assert_no_error(err);
    return rc;
}

static void assert_denied(int rc)
{
    g_assert_cmpint(rc, ==, -1);
    g_assert_cmpint(errno, ==, EACCES);
}

static void read_what_is_shown(void *data)
{
    struct place *p = data;
    const char *const readable[] = { p->shown, "/nowhere" };
    owned_fd early = open(p->hidden_file, O_RDONLY), fd = -1;

    g_assert_cmpint(enter(readable, G_N_ELEMENTS(readable), -1), ==, 1);
    fd = open(p->shown_file, O_RDONLY);
    g_assert_cmpint(fd, >=, 0);
    assert_denied(open(p->hidden_file, O_RDONLY));
    assert_denied(open(p->shown_file, O_RDWR));
    assert_denied(unlink(p->shown_file));
    assert_denied(open(p->hidden, O_RDONLY | O_DIRECTORY));
    /* What was open stays open: taps and sockets depend on it. */
    g_assert_cmpint(read(early, &(char){ 0 }, 1), ==, 1);
}

static void read_one_file(void *data)
{
    struct place *p = data;
    const char *const readable[] = { p->shown_file };

    g_assert_cmpint(enter(readable, 1, -1), ==, 1);
    g_assert_cmpint(open(p->shown_file, O_RDONLY), >=, 0);
    assert_denied(open(p->shown, O_RDONLY));
}

static void remove_the_socket(void *data)
{
    struct place *p = data;
    int fd = open(p->control, O_PATH | O_DIRECTORY | O_CLOEXEC);

    g_assert_cmpint(enter(NULL, 0, fd), ==, 1);
    assert_denied(openat(fd, "socket", O_RDONLY));
    assert_denied(openat(fd, "new", O_WRONLY | O_CREAT, 0600));
    assert_denied(unlink(p->hidden_file));
    g_assert_cmpint(unlinkat(fd, "socket", 0), ==, 0);
}

static int abstract_listener(struct sockaddr_un *at, socklen_t *len)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    /* No name given: the kernel picks a free abstract one. */
    *at = (struct sockaddr_un){ .sun_family = AF_UNIX };
    g_assert_cmpint(bind(fd, (struct sockaddr *)at, sizeof(sa_family_t)), ==,
                    0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    *len = sizeof(*at);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)at, len), ==, 0);
    return fd;
}

static void connect_to_abstract_socket(void *data)
{
    struct sockaddr_un at;
    socklen_t len;
    owned_fd listener = abstract_listener(&at, &len);
    owned_fd client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)data;
    g_assert_cmpint(enter(NULL, 0, -1), ==, 1);
    g_assert_cmpint(connect(client, (struct sockaddr *)&at, len), ==, -1);
    g_assert_cmpint(errno, ==, EPERM);
}

static void with_place(jail_child_fn body)
{
    struct place p;

    if (jail_landlock_abi() == 0) {
        g_test_skip("this kernel has no landlock");
        return;
    }
    place_make(&p);
    jail_child_succeeds(body, &p);
    place_free(&p);
}

static void only_what_is_shown_can_be_read(void)
{
    with_place(read_what_is_shown);
}

static void a_single_file_can_be_shown(void)
{
    with_place(read_one_file);
}

static void one_directory_lets_files_be_removed(void)
{
    with_place(remove_the_socket);
}

static void abstract_sockets_are_out_of_reach(void)
{
    if (jail_landlock_abi() < 6) {
        g_test_skip("this kernel's landlock does not know sockets");
        return;
    }
    jail_child_succeeds(connect_to_abstract_socket, NULL);
}

static void enter_on_an_old_kernel(void *data)
{
    struct place *p = data;

    g_assert_true(deny_call(SYS_landlock_create_ruleset, ENOSYS));
    g_assert_cmpint(jail_landlock_abi(), ==, 0);
    g_assert_cmpint(enter(NULL, 0, -1), ==, 0);
    g_assert_cmpint(open(p->hidden_file, O_RDONLY), >=, 0);
}

static void enter_where_it_is_off(void *data)
{
    (void)data;
    g_assert_true(deny_call(SYS_landlock_create_ruleset, EOPNOTSUPP));
    g_assert_cmpint(enter(NULL, 0, -1), ==, 0);
}

static void a_kernel_without_it_is_no_error(void)
{
    struct place p;

    place_make(&p);
    jail_child_succeeds(enter_on_an_old_kernel, &p);
    jail_child_succeeds(enter_where_it_is_off, &p);
    place_free(&p);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jail_landlock/only what is shown can be read",
                    only_what_is_shown_can_be_read);
    g_test_add_func("/jail_landlock/a single file can be shown",
                    a_single_file_can_be_shown);
    g_test_add_func("/jail_landlock/one directory lets files be removed",
                    one_directory_lets_files_be_removed);
    g_test_add_func("/jail_landlock/abstract sockets are out of reach",
                    abstract_sockets_are_out_of_reach);
    g_test_add_func("/jail_landlock/a kernel without it is no error",
                    a_kernel_without_it_is_no_error);
    return g_test_run();
}
