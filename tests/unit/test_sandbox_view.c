/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/sandbox_view.h"

#include "jail_child.h"

#include <sys/stat.h>

#define RESOLV_CONF "/etc/resolv.conf"
#define EXTRAS      "/etc/hosts? /etc/nsswitch.conf? "

/* "path", "dir(file)", "link>target", with "?" for what is optional. */
static char *told(void)
{
    owned(sandbox_view) view = sandbox_view_new(RESOLV_CONF);
    GString *text = g_string_new(NULL);
    const struct jail_mount_item *items;
    size_t count;

    items = sandbox_view_items(view, &count);
    for (size_t i = 0; i < count; i++) {
        g_string_append(text, items[i].path);
        if (items[i].file != NULL)
            g_string_append_printf(text, "(%s)", items[i].file);
        if (items[i].target != NULL)
            g_string_append_printf(text, ">%s", items[i].target);
        g_string_append(text, items[i].optional ? "? " : " ");
    }
    return g_string_free(text, FALSE);
}

static void assert_told(const char *expected)
{
    g_autofree char *text = told();

    g_assert_cmpstr(text, ==, expected);
}

static void make_dirs(const char *path)
{
    g_assert_cmpint(g_mkdir_with_parents(path, 0755), ==, 0);
}

static void fresh(void)
{
    jail_child_own_world();
    jail_child_tmpfs("/etc");
    jail_child_tmpfs("/run");
    jail_child_tmpfs("/mnt");
}

static void link_from_etc(const char *target)
{
    (void)unlink(RESOLV_CONF);
    g_assert_cmpint(symlink(target, RESOLV_CONF), ==, 0);
}

static void with_plain_file(void *unused)
{
    (void)unused;
    fresh();
    jail_child_write(RESOLV_CONF, "");
    assert_told("/etc(/etc/resolv.conf) ");
}

static void with_links(void *unused)
{
    (void)unused;
    fresh();
    make_dirs("/run/dns/inner");
    jail_child_write("/run/dns/resolv.conf", "");
    link_from_etc("../run/dns/resolv.conf");
    assert_told("/run/dns(/run/dns/resolv.conf) "
                "/etc/resolv.conf>/run/dns/resolv.conf " EXTRAS);
    /* A link to a link: what counts is where the file is in the end. */
    g_assert_cmpint(symlink("../resolv.conf", "/run/dns/inner/link"), ==, 0);
    link_from_etc("/run/dns/inner/link");
    assert_told("/run/dns(/run/dns/resolv.conf) "
                "/etc/resolv.conf>/run/dns/resolv.conf " EXTRAS);
    make_dirs("/mnt/wsl");
    jail_child_write("/mnt/wsl/resolv.conf", "");
    link_from_etc("/mnt/wsl/resolv.conf");
    assert_told("/mnt/wsl(/mnt/wsl/resolv.conf) "
                "/etc/resolv.conf>/mnt/wsl/resolv.conf " EXTRAS);
}

static void with_crowded_dirs(void *unused)
{
    static const char *const files[] = { "/run/resolv.conf",
                                         "/run/user/1000/resolv.conf",
                                         "/mnt/resolv.conf" };

    (void)unused;
    fresh();
    make_dirs("/run/user/1000");
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *expected = g_strdup_printf(
            "%s " RESOLV_CONF ">%s " EXTRAS, files[i], files[i]);

        jail_child_write(files[i], "");
        link_from_etc(files[i]);
        assert_told(expected);
    }
}

static void with_a_mounted_file(void *unused)
{
    (void)unused;
    fresh();
    jail_child_write("/run/resolv.conf", "");
    jail_child_write(RESOLV_CONF, "");
    g_assert_cmpint(mount("/run/resolv.conf", RESOLV_CONF, NULL, MS_BIND, NULL),
                    ==, 0);
    assert_told("/etc/resolv.conf " EXTRAS);
}

static void with_nothing(void *unused)
{
    (void)unused;
    fresh();
    assert_told(EXTRAS);
    link_from_etc("/run/nowhere");
    assert_told(EXTRAS);
}

static void a_plain_file_brings_its_directory(void)
{
    jail_child_succeeds(with_plain_file, NULL);
}

static void a_link_hides_etc(void)
{
    jail_child_succeeds(with_links, NULL);
}

static void crowded_directories_stay_hidden(void)
{
    jail_child_succeeds(with_crowded_dirs, NULL);
}

static void a_mounted_file_comes_alone(void)
{
    jail_child_succeeds(with_a_mounted_file, NULL);
}

static void no_name_servers_is_no_error(void)
{
    jail_child_succeeds(with_nothing, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sandbox_view/a plain file brings its directory",
                    a_plain_file_brings_its_directory);
    g_test_add_func("/sandbox_view/a link hides etc", a_link_hides_etc);
    g_test_add_func("/sandbox_view/crowded directories stay hidden",
                    crowded_directories_stay_hidden);
    g_test_add_func("/sandbox_view/a mounted file comes alone",
                    a_mounted_file_comes_alone);
    g_test_add_func("/sandbox_view/no name servers is no error",
                    no_name_servers_is_no_error);
    return g_test_run();
}
