/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_caps.h"

#include "jail_child.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define NET (JAIL_CAP(CAP_NET_ADMIN) | JAIL_CAP(CAP_NET_RAW))

static struct jail_caps held(void)
{
    struct jail_caps caps;
    GError *err = NULL;
    int rc = jail_caps_read(&caps, &err);

    g_assert_no_error(err);
    g_assert_cmpint(rc, ==, 0);
    return caps;
}

static void keep(uint64_t set)
{
    GError *err = NULL;
    int rc = jail_caps_keep(set, &err);

    g_assert_no_error(err);
    g_assert_cmpint(rc, ==, 0);
}

static void drop_to_net(void *unused)
{
    struct jail_caps caps;

    (void)unused;
    jail_child_own_userns();
    g_assert_cmphex(held().effective & JAIL_CAP(CAP_SYS_ADMIN), !=, 0);
    keep(NET);
    caps = held();
    g_assert_cmphex(caps.effective, ==, NET);
    g_assert_cmphex(caps.permitted, ==, NET);
    g_assert_cmphex(caps.bounding, ==, NET);
    g_assert_cmphex(caps.inheritable, ==, 0);
    g_assert_cmphex(caps.ambient, ==, 0);
}

static void keeps_only_what_is_asked(void)
{
    jail_child_succeeds(drop_to_net, NULL);
}

static void drop_then_ask_for_more(void *unused)
{
    (void)unused;
    jail_child_own_userns();
    keep(0);
    g_assert_cmphex(held().permitted, ==, 0);
    g_assert_cmphex(held().bounding, ==, 0);
    keep(NET);
    g_assert_cmphex(held().permitted, ==, 0);
    /* The powers are really gone, not only the reading of them. */
    g_assert_cmpint(unshare(CLONE_NEWNET), ==, -1);
    g_assert_cmpint(errno, ==, EPERM);
}

static void never_gives_back_what_was_dropped(void)
{
    jail_child_succeeds(drop_then_ask_for_more, NULL);
}

static void drop_ambient(void *unused)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[2];

    (void)unused;
    jail_child_own_userns();
    g_assert_cmpint(syscall(SYS_capget, &header, data), ==, 0);
    data[0].inheritable = data[0].permitted;
    g_assert_cmpint(syscall(SYS_capset, &header, data), ==, 0);
    g_assert_cmpint(
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0), ==,
        0);
    g_assert_cmphex(held().ambient, ==, JAIL_CAP(CAP_NET_ADMIN));
    keep(NET);
    g_assert_cmphex(held().ambient, ==, 0);
    g_assert_cmphex(held().inheritable, ==, 0);
}

static void nothing_is_left_for_executed_programs(void)
{
    jail_child_succeeds(drop_ambient, NULL);
}

static void drop_twice(void *unused)
{
    (void)unused;
    jail_child_own_userns();
    /* Without CAP_SETPCAP the second round may not touch the bounding set. */
    keep(NET);
    keep(JAIL_CAP(CAP_NET_RAW));
    g_assert_cmphex(held().effective, ==, JAIL_CAP(CAP_NET_RAW));
    g_assert_cmphex(held().bounding, ==, NET);
}

static void works_without_the_power_over_the_bounding_set(void)
{
    jail_child_succeeds(drop_twice, NULL);
}

static void set_no_new_privs(void *unused)
{
    GError *err = NULL;
    int rc = jail_no_new_privs(&err);

    (void)unused;
    g_assert_no_error(err);
    g_assert_cmpint(rc, ==, 0);
    g_assert_true(held().no_new_privs);
}

static void no_new_privs_is_set_and_seen(void)
{
    jail_child_succeeds(set_no_new_privs, NULL);
}

static void sets_have_names(void)
{
    g_autofree char *none = jail_caps_names(0);
    g_autofree char *net = jail_caps_names(NET);

    g_assert_cmpstr(none, ==, "none");
    g_assert_cmpstr(net, ==, "cap_net_admin,cap_net_raw");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jail_caps/keeps only what is asked",
                    keeps_only_what_is_asked);
    g_test_add_func("/jail_caps/never gives back what was dropped",
                    never_gives_back_what_was_dropped);
    g_test_add_func("/jail_caps/nothing is left for executed programs",
                    nothing_is_left_for_executed_programs);
    g_test_add_func("/jail_caps/works without the power over the bounding set",
                    works_without_the_power_over_the_bounding_set);
    g_test_add_func("/jail_caps/no_new_privs is set and seen",
                    no_new_privs_is_set_and_seen);
    g_test_add_func("/jail_caps/sets have names", sets_have_names);
    return g_test_run();
}
