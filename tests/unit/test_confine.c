/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/confine.h"

#include "base/own.h"
#include "kern/jail_caps.h"
#include "kern/jail_landlock.h"
#include "kern/netns.h"
#include "kern/tap.h"

#include "jail_child.h"

#include <errno.h>

/*
 * Each test is an agent of its own: a child in a user and network namespace,
 * confined as the agent is.
 */
static const struct agent_confinement all = { WANT_DEMAND, WANT_DEMAND };

static struct agent_confined confine(const struct agent_confinement *wants)
{
    struct agent_confined confined = { 0 };
    g_autoptr(GError) err = NULL;

    (void)confine_begin(wants, &confined, &err);
    g_assert_no_error(err);
    (void)confine_finish(wants, &confined, &err);
    g_assert_no_error(err);
    return confined;
}

static void inside(void)
{
    jail_child_own_world();
    jail_child_tmpfs("/mnt");
    jail_child_write("/mnt/secret", "x");
    g_assert_cmpint(unshare(CLONE_NEWNET), ==, 0);
}

static void assert_closed(const char *path)
{
    owned_fd fd = open(path, O_RDONLY | O_CLOEXEC);

    g_assert_cmpint(fd, ==, -1);
}

static void see_nothing(void *unused)
{
    static const char *const paths[] = {
        "/mnt/secret",       "/etc/passwd",  "/etc/resolv.conf",
        "/proc/self/status", "/proc/1/root", "/proc/self/ns/user",
        "/usr/bin/env",      "/dev/null",    "/run",
        "../../etc/passwd",
    };
    const char *landlock =
        jail_landlock_abi() > 0 ? "on" : "fallback: the kernel has none";
    struct agent_confined confined;

    (void)unused;
    inside();
    confined = confine(&all);
    g_assert_cmpstr(confined.sandbox, ==, "on");
    g_assert_cmpstr(confined.landlock, ==, landlock);
    g_assert_cmpstr(confined.seccomp, ==, "on");
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
        assert_closed(paths[i]);
}

static void no_file_of_the_host_can_be_opened(void)
{
    jail_child_succeeds(see_nothing, NULL);
}

static void see_nothing_by_landlock(void *unused)
{
    owned_fd host = -1;
    owned_fd below = -1;

    (void)unused;
    inside();
    host = open("/mnt", O_PATH | O_DIRECTORY | O_CLOEXEC);
    g_assert_cmpint(host, >=, 0);
    (void)confine(&(struct agent_confinement){ WANT_DEMAND, WANT_OFF });
    below = openat(host, "secret", O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(below, ==, -1);
    g_assert_cmpint(errno, ==, EACCES);
}

static void a_descriptor_of_the_host_leads_to_no_file(void)
{
    if (jail_landlock_abi() == 0) {
        g_test_skip("this kernel has no landlock");
        return;
    }
    jail_child_succeeds(see_nothing_by_landlock, NULL);
}

static void work(void *unused)
{
    static const char setting[] = "/proc/sys/net/ipv4/ip_forward";
    char name[IFNAMSIZ], value = '?';
    g_autoptr(GError) err = NULL;
    owned_fd own = -1;
    owned_fd tap = -1;

    (void)unused;
    inside();
    (void)confine(&all);
    own = netns_open_own(&err);
    g_assert_no_error(err);
    g_assert_cmpint(unshare(CLONE_NEWNET), ==, 0);
    /* What is seen there is the new namespace's. */
    {
        owned_fd fd = open(setting, O_WRONLY | O_CLOEXEC);

        g_assert_cmpint(write(fd, "1", 1), ==, 1);
    }
    g_assert_cmpint(setns(own, CLONE_NEWNET), ==, 0);
    {
        owned_fd fd = open(setting, O_RDONLY | O_CLOEXEC);

        g_assert_cmpint(read(fd, &value, 1), ==, 1);
        g_assert_cmpint(value, ==, '0');
    }
    tap = tap_open("tap0", 0, name, &err);
    g_assert_no_error(err);
}

static void the_agent_can_do_its_work(void)
{
    if (access("/dev/net/tun", R_OK | W_OK) != 0) {
        g_test_skip("no /dev/net/tun here");
        return;
    }
    jail_child_succeeds(work, NULL);
}

static void count_capabilities(void *unused)
{
    const uint64_t few = JAIL_CAP(CAP_NET_ADMIN) | JAIL_CAP(CAP_SYS_ADMIN) |
                         JAIL_CAP(CAP_NET_BIND_SERVICE);
    struct jail_caps held;

    (void)unused;
    inside();
    (void)confine(&(struct agent_confinement){ WANT_OFF, WANT_OFF });
    g_assert_cmpint(jail_caps_read(&held, NULL), ==, 0);
    g_assert_cmphex(held.permitted, ==, few);
    g_assert_cmphex(held.bounding, ==, few);
    g_assert_cmphex(held.inheritable | held.ambient, ==, 0);
    g_assert_true(held.no_new_privs);
}

static void capabilities_go_without_being_asked(void)
{
    jail_child_succeeds(count_capabilities, NULL);
}

static void refuse_mounts(void)
{
    inside();
    /* Too many mount namespaces: what a machine may well say. */
    jail_child_write("/proc/sys/user/max_mnt_namespaces", "0");
}

static void demand_the_impossible(void *unused)
{
    struct agent_confined confined = { 0 };
    g_autoptr(GError) err = NULL;

    (void)unused;
    refuse_mounts();
    g_assert_cmpint(confine_begin(&all, &confined, &err), ==, -1);
    g_assert_cmpstr(err->message, ==,
                    "the sandbox of the agent: make a mount namespace: "
                    "No space left on device");
}

static void try_the_impossible(void *unused)
{
    struct agent_confined confined;

    (void)unused;
    refuse_mounts();
    confined = confine(&(struct agent_confinement){ WANT_TRY, WANT_TRY });
    g_assert_cmpstr(confined.sandbox, ==,
                    "fallback: make a mount namespace: "
                    "No space left on device");
    g_assert_cmpstr(confined.seccomp, ==, "on");
    /* Landlock is what is left. */
    if (strcmp(confined.landlock, "on") == 0)
        assert_closed("/mnt/secret");
}

static void what_the_machine_refuses_is_an_error_or_told(void)
{
    jail_child_succeeds(demand_the_impossible, NULL);
    jail_child_succeeds(try_the_impossible, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/confine/no file of the host can be opened",
                    no_file_of_the_host_can_be_opened);
    g_test_add_func("/confine/a descriptor of the host leads to no file",
                    a_descriptor_of_the_host_leads_to_no_file);
    g_test_add_func("/confine/the agent can do its work",
                    the_agent_can_do_its_work);
    g_test_add_func("/confine/capabilities go without being asked",
                    capabilities_go_without_being_asked);
    g_test_add_func("/confine/what the machine refuses is an error or told",
                    what_the_machine_refuses_is_an_error_or_told);
    return g_test_run();
}
