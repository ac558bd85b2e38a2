/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_mount.h"

#include "base/own.h"
#include "kern/jail_caps.h"

#include "jail_child.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/*
 * Each test runs in three generations: the test program, a child with a world
 * of its own (the "outside", with /etc and /run of our making), and its child
 * that is jailed.
 */

static const struct jail_mount_item items[] = {
    { .path = "/run/dns" },
    { .path = "/etc/settings", .writable = true },
};

static void outside_with_dns(void)
{
    jail_child_own_world();
    jail_child_tmpfs("/etc");
    jail_child_tmpfs("/run");
    g_assert_cmpint(mkdir("/run/dns", 0755), ==, 0);
    jail_child_write("/run/dns/resolv.conf", "first");
    jail_child_write("/run/secret", "secret");
    jail_child_write("/etc/settings", "0");
}

static void unshare_as(enum jail_mount_space expected, int userns_fd)
{
    enum jail_mount_space space = JAIL_MOUNT_SPACE_COUNT;
    GError *err = NULL;
    int rc = jail_mount_unshare(userns_fd, &space, &err);

    g_assert_no_error(err);
    g_assert_cmpint(rc, ==, 0);
    g_assert_cmpint(space, ==, expected);
}

static void enter_root(const struct jail_mount_item *shown, size_t count)
{
    GError *err = NULL;
    int rc = jail_mount_root(shown, count, NULL, &err);

    g_assert_no_error(err);
    g_assert_cmpint(rc, ==, 0);
}

static void give_up_powers(void)
{
    g_assert_cmpint(jail_caps_keep(0, NULL), ==, 0);
}

/* The jail of a user without capabilities, or of root: by `data`. */
static void enter_jail(const bool *privileged)
{
    if (!*privileged)
        give_up_powers();
    unshare_as(*privileged ? JAIL_MOUNT_SAME : JAIL_MOUNT_OWN, -1);
    enter_root(items, G_N_ELEMENTS(items));
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *listing(const char *path)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;
    GString *text = g_string_new(NULL);

    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir)) != NULL)
        g_ptr_array_add(names, g_strdup(name));
    g_dir_close(dir);
    g_ptr_array_sort(names, by_name);
    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(text, "%s ",
                               (const char *)g_ptr_array_index(names, i));
    return g_string_free(text, FALSE);
}

static void assert_lists(const char *path, const char *expected)
{
    g_autofree char *text = listing(path);

    g_assert_cmpstr(text, ==, expected);
}

static void assert_content(const char *path, const char *expected)
{
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, expected);
}

static void assert_cannot_write(const char *path)
{
    g_assert_cmpint(open(path, O_WRONLY | O_CREAT, 0600), ==, -1);
    g_assert_cmpint(errno, ==, EROFS);
}

/* Body with both kinds of jailed process, in an outside with DNS. */
struct two_ways {
    jail_child_fn inside;
};

static void run_two_ways(void *data)
{
    const struct two_ways *ways = data;
    bool privileged = false;

    outside_with_dns();
    jail_child_succeeds(ways->inside, &privileged);
    privileged = true;
    jail_child_succeeds(ways->inside, &privileged);
}

static void in_both_jails(jail_child_fn inside)
{
    jail_child_succeeds(run_two_ways, &(struct two_ways){ inside });
}

static void look_around(void *privileged)
{
    enter_jail(privileged);
    assert_lists("/", "etc run ");
    assert_lists("/etc", "settings ");
    assert_lists("/run", "dns ");
    assert_lists("/run/dns", "resolv.conf ");
    assert_content("/run/dns/resolv.conf", "first");
    assert_lists("..", "etc run ");
}

static void the_root_holds_only_what_is_listed(void)
{
    in_both_jails(look_around);
}

static void try_to_write(void *privileged)
{
    enter_jail(privileged);
    assert_cannot_write("/new");
    assert_cannot_write("/etc/new");
    assert_cannot_write("/run/new");
    assert_cannot_write("/run/dns/new");
    assert_cannot_write("/run/dns/resolv.conf");
}

static void nothing_in_it_can_be_written(void)
{
    in_both_jails(try_to_write);
}

static void write_setting(void *privileged)
{
    owned_fd fd = -1;

    enter_jail(privileged);
    fd = open("/etc/settings", O_WRONLY | O_CLOEXEC);
    g_assert_cmpint(write(fd, "1", 1), ==, 1);
}

static void check_setting(void *unused)
{
    bool privileged = false;

    (void)unused;
    outside_with_dns();
    jail_child_succeeds(write_setting, &privileged);
    assert_content("/etc/settings", "1");
}

static void what_is_writable_can_be(void)
{
    jail_child_succeeds(check_setting, NULL);
}

static void put_into_etc(void *privileged)
{
    int etc_fd = -1, fd;
    struct stat st;

    if (!*(const bool *)privileged)
        give_up_powers();
    unshare_as(*(const bool *)privileged ? JAIL_MOUNT_SAME : JAIL_MOUNT_OWN,
               -1);
    g_assert_cmpint(jail_mount_root(NULL, 0, &etc_fd, NULL), ==, 0);
    fd = openat(etc_fd, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0444);
    g_assert_cmpint(write(fd, "x", 1), ==, 1);
    (void)close(fd);
    assert_content("/etc/new", "x");
    assert_lists("/run", "");
    assert_cannot_write("/etc/new");
    assert_cannot_write("/etc/other");
    /* Nor is it a way out. */
    g_assert_cmpint(fstatat(etc_fd, "../run", &st, 0), ==, -1);
}

static void whoever_holds_etc_can_put_files_there(void)
{
    in_both_jails(put_into_etc);
}

static void drop_and_try_to_undo(void *privileged)
{
    enter_jail(privileged);
    give_up_powers();
    g_assert_cmpint(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL), ==, -1);
    g_assert_cmpint(errno, ==, EPERM);
    g_assert_cmpint(umount2("/run/dns", MNT_DETACH), ==, -1);
    g_assert_cmpint(errno, ==, EPERM);
    g_assert_cmpint(chroot("/etc"), ==, -1);
    g_assert_cmpint(errno, ==, EPERM);
}

static void it_cannot_be_undone_without_capabilities(void)
{
    in_both_jails(drop_and_try_to_undo);
}

/* --- with the outside acting while the jail stands --- */

struct meeting {
    bool privileged;
    int pair[2]; /* outside, jail */
    void (*inside)(struct meeting *);
    void (*outside)(struct meeting *);
};

static void meet(int fd)
{
    char byte = 0;
    struct pollfd wait = { .fd = fd, .events = POLLIN };

    g_assert_cmpint(write(fd, &byte, 1), ==, 1);
    g_assert_cmpint(poll(&wait, 1, 10000), ==, 1);
    g_assert_cmpint(read(fd, &byte, 1), ==, 1);
}

static void run_meeting(struct meeting *m)
{
    int status;
    pid_t pid;

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, m->pair), ==, 0);
    pid = fork();
    if (pid == 0) {
        (void)close(m->pair[0]);
        enter_jail(&m->privileged);
        m->inside(m);
        _exit(0);
    }
    (void)close(m->pair[1]);
    m->outside(m);
    (void)close(m->pair[0]);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
}

static void read_twice(struct meeting *m)
{
    assert_content("/run/dns/resolv.conf", "first");
    meet(m->pair[1]);
    meet(m->pair[1]);
    assert_content("/run/dns/resolv.conf", "second");
    meet(m->pair[1]);
}

static void replace_between(struct meeting *m)
{
    meet(m->pair[0]);
    jail_child_write("/run/dns/resolv.conf.new", "second");
    g_assert_cmpint(rename("/run/dns/resolv.conf.new", "/run/dns/resolv.conf"),
                    ==, 0);
    meet(m->pair[0]);
    meet(m->pair[0]);
    jail_child_write("/run/dns/resolv.conf", "first");
}

static void meet_once(struct meeting *m)
{
    meet(m->pair[1]);
    meet(m->pair[1]);
}

static void compare_mounts(struct meeting *m)
{
    g_autofree char *before = NULL, *after = NULL;

    /* Shared mounts that appear later must not be pushed into by the jail. */
    g_assert_true(
        g_file_get_contents("/proc/self/mountinfo", &before, NULL, NULL));
    meet(m->pair[0]);
    g_assert_true(
        g_file_get_contents("/proc/self/mountinfo", &after, NULL, NULL));
    g_assert_cmpstr(before, ==, after);
    g_assert_nonnull(strstr(after, "shared:"));
    assert_content("/run/secret", "secret");
    meet(m->pair[0]);
}

static void meet_both_ways(void *data)
{
    const struct meeting *plan = data;

    outside_with_dns();
    for (int privileged = 0; privileged < 2; privileged++) {
        struct meeting m = *plan;

        m.privileged = privileged == 1;
        run_meeting(&m);
    }
}

static void a_file_replaced_outside_is_seen(void)
{
    jail_child_succeeds(
        meet_both_ways,
        &(struct meeting){ .inside = read_twice, .outside = replace_between });
}

static void the_outside_keeps_its_mounts(void)
{
    jail_child_succeeds(
        meet_both_ways,
        &(struct meeting){ .inside = meet_once, .outside = compare_mounts });
}

/* --- mounts below, locked or not --- */

static void see_no_mount_below(void *privileged)
{
    enter_jail(privileged);
    assert_content("/run/dns/resolv.conf", "first");
    g_assert_cmpint(access("/run/dns/below/secret", F_OK), ==, -1);
    assert_lists("/run/dns", "below resolv.conf ");
}

/* Locked together with its directory, a mount cannot be left out. */
static void see_a_refusal(void *unused)
{
    enum jail_mount_space space;
    g_autoptr(GError) err = NULL;

    (void)unused;
    give_up_powers();
    g_assert_cmpint(jail_mount_unshare(-1, &space, NULL), ==, 0);
    g_assert_cmpint(jail_mount_root(items, G_N_ELEMENTS(items), NULL, &err), ==,
                    -1);
    g_assert_cmpstr(err->message, ==,
                    "show /run/dns in the new root: Invalid argument");
    /* Nothing has changed. */
    assert_content("/run/dns/resolv.conf", "first");
    g_assert_cmpint(access("/tmp/etc", F_OK), ==, -1);
}

static void with_a_mount_below(void *unused)
{
    bool privileged = true;

    (void)unused;
    outside_with_dns();
    g_assert_cmpint(mkdir("/run/dns/below", 0755), ==, 0);
    jail_child_tmpfs("/run/dns/below");
    jail_child_write("/run/dns/below/secret", "secret");
    jail_child_succeeds(see_no_mount_below, &privileged);
    jail_child_succeeds(see_a_refusal, NULL);
}

static void mounts_below_are_not_shown(void)
{
    jail_child_succeeds(with_a_mount_below, NULL);
}

/* --- directories that stay open --- */

static void use_pinned_dir(void *privileged)
{
    struct stat dir, up;
    int fd = open("/run/dns", O_PATH | O_DIRECTORY | O_CLOEXEC);
    g_autofree char *path = jail_mount_dir_path(fd);

    g_assert_cmpstr(path, ==, "/run/dns");
    if (!*(const bool *)privileged)
        give_up_powers();
    unshare_as(*(const bool *)privileged ? JAIL_MOUNT_SAME : JAIL_MOUNT_OWN,
               -1);
    g_assert_cmpint(jail_mount_pin_dir(fd, "/run"), ==, -ESTALE);
    g_assert_cmpint(jail_mount_pin_dir(fd, path), ==, 0);
    enter_root(NULL, 0);
    g_assert_cmpint(fstatat(fd, "..", &up, 0), ==, 0);
    g_assert_cmpint(fstatat(fd, ".", &dir, 0), ==, 0);
    g_assert_cmpuint(up.st_ino, ==, dir.st_ino);
    g_assert_cmpint(faccessat(fd, "../secret", F_OK, 0), ==, -1);
    g_assert_cmpint(unlinkat(fd, "socket", 0), ==, 0);
}

static void with_pinned_dir(void *unused)
{
    bool privileged = false;

    (void)unused;
    outside_with_dns();
    for (int i = 0; i < 2; i++, privileged = true) {
        jail_child_write("/run/dns/socket", "");
        jail_child_succeeds(use_pinned_dir, &privileged);
        g_assert_cmpint(access("/run/dns/socket", F_OK), ==, -1);
    }
}

static void a_pinned_directory_leads_nowhere_else(void)
{
    jail_child_succeeds(with_pinned_dir, NULL);
}

/* --- refusals --- */

static void forbid_new_userns(void)
{
    jail_child_write("/proc/sys/user/max_user_namespaces", "0");
}

static void refuse_userns(void *unused)
{
    enum jail_mount_space space;
    GError *err = NULL;
    struct stat before, after;

    (void)unused;
    jail_child_own_world();
    forbid_new_userns();
    give_up_powers();
    g_assert_cmpint(stat("/proc/self/ns/mnt", &before), ==, 0);
    g_assert_cmpint(jail_mount_unshare(-1, &space, &err), ==, -1);
    g_assert_nonnull(strstr(err->message, "make a user and mount namespace"));
    g_assert_cmpint(stat("/proc/self/ns/mnt", &after), ==, 0);
    g_assert_cmpuint(before.st_ino, ==, after.st_ino);
}

static void a_refused_user_namespace_changes_nothing(void)
{
    jail_child_succeeds(refuse_userns, NULL);
}

/* A user namespace of another process, as a guest's would be. */
static int guest_userns(void)
{
    int pair[2], fd;
    pid_t pid;
    char byte, path[64];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
    pid = fork();
    if (pid == 0) {
        (void)close(pair[0]);
        jail_child_own_world();
        g_assert_cmpint(write(pair[1], "1", 1), ==, 1);
        while (read(pair[1], &byte, 1) > 0)
            continue;
        _exit(0);
    }
    (void)close(pair[1]);
    g_assert_cmpint(read(pair[0], &byte, 1), ==, 1);
    g_snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    (void)close(pair[0]);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
    return fd;
}

static void join_guest(void *unused)
{
    int fd;

    (void)unused;
    outside_with_dns();
    fd = guest_userns();
    forbid_new_userns();
    give_up_powers();
    unshare_as(JAIL_MOUNT_JOINED, fd);
    enter_root(items, G_N_ELEMENTS(items));
    assert_lists("/", "etc run ");
    assert_content("/run/dns/resolv.conf", "first");
}

static void the_offered_user_namespace_is_the_fallback(void)
{
    jail_child_succeeds(join_guest, NULL);
}

/* From here on pivot_root(2) fails as on an initial ramfs. */
static void refuse_pivot(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pivot_root, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { G_N_ELEMENTS(code), code };

    g_assert_cmpint(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
    g_assert_cmpint(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), ==,
                    0);
    g_assert_cmpint(syscall(SYS_pivot_root, ".", "."), ==, -1);
    g_assert_cmpint(errno, ==, EINVAL);
}

static void enter_without_pivot(void *privileged)
{
    refuse_pivot();
    look_around(privileged);
    give_up_powers();
    g_assert_cmpint(chroot("/etc"), ==, -1);
    assert_lists("../../..", "etc run ");
}

static void a_root_that_cannot_be_pivoted_is_covered(void)
{
    in_both_jails(enter_without_pivot);
}

static void show_missing(void *privileged)
{
    static const struct jail_mount_item optional = { .path = "/etc/none",
                                                     .optional = true };
    static const struct jail_mount_item missing = { .path = "/run/none" };
    GError *err = NULL;

    (void)privileged;
    unshare_as(JAIL_MOUNT_SAME, -1);
    g_assert_cmpint(jail_mount_root(&missing, 1, NULL, &err), ==, -1);
    g_assert_cmpstr(err->message, ==,
                    "look at /run/none: No such file or directory");
    enter_root(&optional, 1);
    assert_lists("/etc", "");
}

static void with_missing(void *unused)
{
    (void)unused;
    outside_with_dns();
    jail_child_succeeds(show_missing, NULL);
}

static void a_missing_item_is_an_error_unless_optional(void)
{
    jail_child_succeeds(with_missing, NULL);
}

/* Not even /tmp: an image with nothing but what the program needs. */
static void without_usual_dirs(void *unused)
{
    bool privileged = true;

    (void)unused;
    outside_with_dns();
    jail_child_tmpfs("/mnt");
    g_assert_cmpint(mkdir("/mnt/run", 0755), ==, 0);
    g_assert_cmpint(mkdir("/mnt/etc", 0755), ==, 0);
    g_assert_cmpint(mkdir("/mnt/proc", 0755), ==, 0);
    g_assert_cmpint(mount("/run", "/mnt/run", NULL, MS_BIND, NULL), ==, 0);
    g_assert_cmpint(mount("/etc", "/mnt/etc", NULL, MS_BIND, NULL), ==, 0);
    g_assert_cmpint(mount("/proc", "/mnt/proc", NULL, MS_BIND | MS_REC, NULL),
                    ==, 0);
    g_assert_cmpint(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), ==, 0);
    g_assert_cmpint(chdir("/mnt"), ==, 0);
    g_assert_cmpint(syscall(SYS_pivot_root, ".", "."), ==, 0);
    g_assert_cmpint(umount2(".", MNT_DETACH), ==, 0);
    jail_child_succeeds(look_around, &privileged);
}

static void no_particular_directory_is_needed(void)
{
    jail_child_succeeds(without_usual_dirs, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jail_mount/the root holds only what is listed",
                    the_root_holds_only_what_is_listed);
    g_test_add_func("/jail_mount/nothing in it can be written",
                    nothing_in_it_can_be_written);
    g_test_add_func("/jail_mount/what is writable can be written",
                    what_is_writable_can_be);
    g_test_add_func("/jail_mount/whoever holds etc can put files there",
                    whoever_holds_etc_can_put_files_there);
    g_test_add_func("/jail_mount/it cannot be undone without capabilities",
                    it_cannot_be_undone_without_capabilities);
    g_test_add_func("/jail_mount/a file replaced outside is seen",
                    a_file_replaced_outside_is_seen);
    g_test_add_func("/jail_mount/the outside keeps its mounts",
                    the_outside_keeps_its_mounts);
    g_test_add_func("/jail_mount/mounts below are not shown",
                    mounts_below_are_not_shown);
    g_test_add_func("/jail_mount/a pinned directory leads nowhere else",
                    a_pinned_directory_leads_nowhere_else);
    g_test_add_func("/jail_mount/a refused user namespace changes nothing",
                    a_refused_user_namespace_changes_nothing);
    g_test_add_func("/jail_mount/the offered user namespace is the fallback",
                    the_offered_user_namespace_is_the_fallback);
    g_test_add_func("/jail_mount/a root that cannot be pivoted is covered",
                    a_root_that_cannot_be_pivoted_is_covered);
    g_test_add_func("/jail_mount/a missing item is an error unless optional",
                    a_missing_item_is_an_error_unless_optional);
    g_test_add_func("/jail_mount/no particular directory is needed",
                    no_particular_directory_is_needed);
    return g_test_run();
}
