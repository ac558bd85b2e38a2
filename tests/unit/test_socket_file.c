/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/socket_file.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

struct place {
    char *dir, *path;
};

static void set_up(struct place *p, gconstpointer data)
{
    (void)data;
    p->dir = g_dir_make_tmp("slipgate-XXXXXX", NULL);
    p->path = g_build_filename(p->dir, "sock", NULL);
}

static void tear_down(struct place *p, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(g_rmdir(p->dir), ==, 0);
    g_free(p->path);
    g_free(p->dir);
}

static struct socket_file *listen_at(const char *path)
{
    g_autoptr(GError) err = NULL;
    struct socket_file *file = socket_file_listen(path, &err);

    g_assert_no_error(err);
    return file;
}

static int connect_to(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    owned_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    return connect(fd, (struct sockaddr *)&addr, sizeof(addr));
}

static ino_t inode_of(const char *path)
{
    struct stat st;

    g_assert_cmpint(lstat(path, &st), ==, 0);
    return st.st_ino;
}

static void only_the_owner_can_open_it(struct place *p, gconstpointer data)
{
    mode_t saved = umask(0);
    owned(socket_file) file = listen_at(p->path);
    struct stat st;

    (void)data;
    g_assert_cmpint((int)umask(saved), ==, 0);
    g_assert_cmpint(lstat(p->path, &st), ==, 0);
    g_assert_true(S_ISSOCK(st.st_mode));
    g_assert_cmpint((int)(st.st_mode & 07777), ==, 0600);
    g_assert_cmpint(connect_to(p->path), ==, 0);
}

static void goes_away_with_its_owner(struct place *p, gconstpointer data)
{
    (void)data;
    socket_file_free(listen_at(p->path));
    g_assert_false(g_file_test(p->path, G_FILE_TEST_EXISTS));
}

static void replaces_a_socket_and_is_not_removed_for_it(struct place *p,
                                                        gconstpointer data)
{
    struct socket_file *first = listen_at(p->path);
    ino_t inode = inode_of(p->path);
    struct socket_file *second = listen_at(p->path);

    (void)data;
    g_assert_cmpuint(inode_of(p->path), !=, inode);
    inode = inode_of(p->path);
    socket_file_free(first);
    g_assert_cmpuint(inode_of(p->path), ==, inode);
    g_assert_cmpint(connect_to(p->path), ==, 0);
    socket_file_free(second);
    g_assert_false(g_file_test(p->path, G_FILE_TEST_EXISTS));
}

static void tells_who_listens(struct place *p, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *self =
        g_strdup_printf("process %d listens", (int)getpid());
    struct socket_file *file;

    (void)data;
    g_assert_cmpint(socket_file_check_free(p->path, &err), ==, 0);
    file = listen_at(p->path);
    g_assert_cmpint(socket_file_check_free(p->path, &err), ==, -1);
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT);
    g_assert_nonnull(strstr(err->message, self));
    g_clear_error(&err);
    /* What a killed one leaves behind. */
    g_assert_cmpint(shutdown(socket_file_fd(file), SHUT_RDWR), ==, 0);
    g_assert_cmpint(socket_file_check_free(p->path, &err), ==, 0);
    socket_file_free(file);
}

static void is_not_free_when_too_many_wait(struct place *p, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    owned_fd busy = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    owned_fd waits = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)data;
    (void)g_strlcpy(addr.sun_path, p->path, sizeof(addr.sun_path));
    g_assert_cmpint(bind(busy, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(listen(busy, 0), ==, 0);
    g_assert_cmpint(connect(waits, (struct sockaddr *)&addr, sizeof(addr)), ==,
                    0);
    g_assert_cmpint(socket_file_check_free(p->path, &err), ==, -1);
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT);
    g_assert_nonnull(strstr(err->message, ": a process listens"));
    g_assert_cmpint(unlink(p->path), ==, 0);
}

/* Alive, but of a kind that we cannot ask. */
static void is_not_free_when_it_cannot_be_told(struct place *p,
                                               gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    owned_fd other = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    (void)data;
    (void)g_strlcpy(addr.sun_path, p->path, sizeof(addr.sun_path));
    g_assert_cmpint(bind(other, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(listen(other, 1), ==, 0);
    g_assert_cmpint(socket_file_check_free(p->path, &err), ==, -1);
    g_assert_nonnull(strstr(err->message, p->path));
    g_assert_cmpint(unlink(p->path), ==, 0);
}

static void leaves_other_files_alone(struct place *p, gconstpointer data)
{
    g_autoptr(GError) err = NULL, err_link = NULL;
    g_autofree char *text = NULL;

    (void)data;
    g_assert_true(g_file_set_contents(p->path, "precious", -1, NULL));
    g_assert_null(socket_file_listen(p->path, &err));
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT);
    g_assert_nonnull(strstr(err->message, p->path));
    g_assert_true(g_file_get_contents(p->path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "precious");
    g_assert_cmpint(g_unlink(p->path), ==, 0);

    g_assert_cmpint(symlink("/nowhere", p->path), ==, 0);
    g_assert_null(socket_file_listen(p->path, &err_link));
    g_assert_error(err_link, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT);
    g_assert_cmpint(g_unlink(p->path), ==, 0);
}

static void says_why_it_cannot(struct place *p, gconstpointer data)
{
    g_autofree char *longest = g_strnfill(108, 'x');
    g_autofree char *nowhere = g_build_filename(p->dir, "no", "sock", NULL);
    g_autoptr(GError) err = NULL, err_dir = NULL;

    (void)data;
    g_assert_null(socket_file_listen(longest, &err));
    g_assert_cmpstr(err->message, ==,
                    "the specified API socket path is too long (>= 108)");
    g_assert_null(socket_file_listen(nowhere, &err_dir));
    g_assert_nonnull(strstr(err_dir->message, "No such file or directory"));
}

static void takes_the_longest_path_and_a_relative_one(struct place *p,
                                                      gconstpointer data)
{
    g_autofree char *old = g_get_current_dir();
    g_autofree char *fill = g_strnfill(107 - strlen(p->dir) - 1, 'x');
    g_autofree char *longest = g_build_filename(p->dir, fill, NULL);

    (void)data;
    g_assert_cmpuint(strlen(longest), ==, 107);
    socket_file_free(listen_at(longest));
    g_assert_cmpint(chdir(p->dir), ==, 0);
    {
        owned(socket_file) file = listen_at("sock");

        g_assert_true(g_file_test(p->path, G_FILE_TEST_EXISTS));
        /* Removed wherever the process stands by then. */
        g_assert_cmpint(chdir(old), ==, 0);
    }
    g_assert_false(g_file_test(p->path, G_FILE_TEST_EXISTS));
}

/* In a mount namespace where the directory is hidden, as in a sandbox. */
static int free_elsewhere(const struct place *p, struct socket_file *file)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
        mount("none", p->dir, "tmpfs", 0, NULL) != 0)
        return 77;
    if (access(p->path, F_OK) == 0)
        return 1;
    socket_file_free(file);
    return 0;
}

static void is_removed_from_elsewhere(struct place *p, gconstpointer data)
{
    owned(socket_file) file = listen_at(p->path);
    pid_t pid = fork();
    int status;

    (void)data;
    if (pid == 0)
        _exit(free_elsewhere(p, file));
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        g_test_skip("no user namespaces here");
        return;
    }
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    g_assert_false(g_file_test(p->path, G_FILE_TEST_EXISTS));
}

#define ADD(name, function) \
    g_test_add(name, struct place, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/socket_file/only the owner can open it", only_the_owner_can_open_it);
    ADD("/socket_file/goes away with its owner", goes_away_with_its_owner);
    ADD("/socket_file/replaces a socket and is not removed for it",
        replaces_a_socket_and_is_not_removed_for_it);
    ADD("/socket_file/tells who listens", tells_who_listens);
    ADD("/socket_file/is not free when too many wait",
        is_not_free_when_too_many_wait);
    ADD("/socket_file/is not free when it cannot be told",
        is_not_free_when_it_cannot_be_told);
    ADD("/socket_file/leaves other files alone", leaves_other_files_alone);
    ADD("/socket_file/says why it cannot", says_why_it_cannot);
    ADD("/socket_file/takes the longest path and a relative one",
        takes_the_longest_path_and_a_relative_one);
    ADD("/socket_file/is removed though the path leads elsewhere now",
        is_removed_from_elsewhere);
    return g_test_run();
}
