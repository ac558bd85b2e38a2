/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/config.h"

#include "app/option_table.h"
#include "app/options_expand.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static char *write_file(const char *text)
{
    g_autoptr(GError) err = NULL;
    char *path = NULL;
    int fd = g_file_open_tmp("slipgate-XXXXXX", &path, &err);

    g_assert_no_error(err);
    g_assert_cmpint(fd, >=, 0);
    g_assert_true(g_close(fd, NULL));
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

/* Reads `text` as --config; in the error the file is FILE. */
static int read_text(const char *text, unsigned without, struct options *out,
                     char **error)
{
    g_autofree const char **origins = g_new0(const char *, option_spec_count);
    g_autofree char *path = write_file(text);
    g_autoptr(GError) err = NULL;
    int rc;

    out->config = path;
    rc = config_read(out, without, origins, &err);
    g_assert_cmpint(rc != 0, ==, err != NULL);
    if (error != NULL) {
        g_auto(GStrv) parts =
            g_strsplit(err != NULL ? err->message : "", path, 2);
        *error = g_strjoinv("FILE", parts);
    }
    (void)remove(path);
    return rc;
}

static void each_kind_of_option_can_be_in_a_file(void)
{
    struct options o = { .mtu = 1500 };

    g_assert_cmpint(read_text("[slipgate]\n"
                              "# comment\n"
                              "mtu = 9000\n"
                              "tcp=slirp\n"
                              "cidr = 10.9.0.0/16 \n"
                              "disable-dns=TRUE\n"
                              "enable-ipv6=no\n"
                              "publish=8080:80; 127.0.0.1:53:53/udp;\n",
                              OPTION_RUN_ONLY, &o, NULL),
                    ==, 0);
    g_assert_cmpuint(o.mtu, ==, 9000);
    g_assert_cmpint(o.tcp, ==, TCP_MODE_SLIRP);
    g_assert_cmpstr(o.cidr, ==, "10.9.0.0/16");
    g_assert_true(o.disable_dns);
    g_assert_false(o.enable_ipv6);
    g_assert_cmpuint(o.publish.count, ==, 2);
    g_assert_cmpstr(o.publish.items[1], ==, "127.0.0.1:53:53/udp");
}

static void the_group_run_is_for_run(void)
{
    const char *text = "[slipgate]\nmtu=1400\n"
                       "[run]\nmtu=1300\nsame-user=true\n"
                       "allow-host-loopback=true\n";
    struct options helper = { .disable_host_loopback = true };
    struct options run = { .disable_host_loopback = true };

    g_assert_cmpint(read_text(text, OPTION_RUN_ONLY, &helper, NULL), ==, 0);
    g_assert_cmpuint(helper.mtu, ==, 1400);
    g_assert_false(helper.same_user);
    g_assert_true(helper.disable_host_loopback);
    g_assert_cmpint(read_text(text, OPTION_CALL, &run, NULL), ==, 0);
    g_assert_cmpuint(run.mtu, ==, 1300);
    g_assert_true(run.same_user);
    g_assert_false(run.disable_host_loopback);
}

static const struct {
    const char *text, *error;
} mistakes[] = {
    { "[slipgate]\nmtuu=1\n",
      "FILE: [slipgate] mtuu: there is no such option" },
    { "[slipgate]\nmtu=0\n",
      "FILE: [slipgate] mtu: MTU must be a positive integer (< 65522)" },
    { "[slipgate]\nready-fd=3\n",
      "FILE: [slipgate] ready-fd: only the command line can have that" },
    { "[slipgate]\nmacaddress=02:00:00:00:00:01\n",
      "FILE: [slipgate] macaddress: only the command line can have that" },
    { "[slipgate]\nsame-user=true\n",
      "FILE: [slipgate] same-user: that belongs into the group [run]" },
    { "[slipgate]\ndisable-dns=maybe\n",
      "FILE: [slipgate] disable-dns: \"maybe\" is neither true nor false" },
    { "[slip]\n", "FILE: [slip]: there is no such group" },
};

static void mistakes_name_file_key_and_reason(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(mistakes); i++) {
        struct options o = { .mtu = 1500 };
        g_autofree char *error = NULL;

        g_assert_cmpint(
            read_text(mistakes[i].text, OPTION_RUN_ONLY, &o, &error), !=, 0);
        g_assert_cmpstr(error, ==, mistakes[i].error);
    }
}

static void what_is_no_key_file_is_refused(void)
{
    struct options o = { .mtu = 1500 };
    g_autofree char *error = NULL, *error2 = NULL;

    g_assert_cmpint(
        read_text("[slipgate]\nnonsense\n", OPTION_RUN_ONLY, &o, &error), !=,
        0);
    g_assert_nonnull(strstr(error, "FILE: "));
    g_assert_nonnull(strstr(error, "nonsense"));
    g_assert_cmpint(
        read_text("[slipgate]\npublish=80\n", OPTION_RUN_ONLY, &o, &error2), !=,
        0);
    g_assert_true(g_str_has_prefix(error2, "FILE: [slipgate] publish: "));
}

static size_t row_of(const char *name)
{
    for (size_t i = 0; i < option_spec_count; i++) {
        if (strcmp(option_specs[i].name, name) == 0)
            return i;
    }
    g_error("no option %s", name);
    return 0;
}

static void the_environment_beats_the_file_and_the_command_line_both(void)
{
    g_autofree const char **origins = g_new0(const char *, option_spec_count);
    g_autofree char *path =
        write_file("[slipgate]\nmtu=1400\ntcp=slirp\npublish=1:1;2:2\n");
    struct options o = { .config = path, .mtu = 1234, .tcp = TCP_MODE_AUTO };
    g_autoptr(GError) err = NULL;

    g_setenv("SLIPGATE_MTU", "1300", TRUE);
    g_setenv("SLIPGATE_PUBLISH", "3:3", TRUE);
    g_setenv("SLIPGATE_TCP", "relay", TRUE);
    origins[row_of("mtu")] = CONFIG_COMMAND_LINE;
    g_assert_cmpint(config_read(&o, OPTION_RUN_ONLY, origins, &err), ==, 0);
    g_assert_cmpuint(o.mtu, ==, 1234);
    g_assert_cmpint(o.tcp, ==, TCP_MODE_RELAY);
    g_assert_cmpuint(o.publish.count, ==, 1);
    g_assert_cmpstr(o.publish.items[0], ==, "3:3");
    g_assert_cmpstr(origins[row_of("tcp")], ==, "SLIPGATE_TCP");
    g_setenv("SLIPGATE_MTU", "none", TRUE);
    g_assert_cmpint(config_read(&o, OPTION_RUN_ONLY, origins, &err), !=, 0);
    g_assert_true(g_str_has_prefix(err->message, "SLIPGATE_MTU: MTU must"));
    g_unsetenv("SLIPGATE_MTU");
    g_unsetenv("SLIPGATE_PUBLISH");
    g_unsetenv("SLIPGATE_TCP");
    (void)remove(path);
}

static void a_named_file_must_be_there_and_small(void)
{
    g_autofree const char **origins = g_new0(const char *, option_spec_count);
    struct options o = { .config = "/nonexistent/file" };
    g_autoptr(GError) err = NULL, err2 = NULL;

    g_assert_cmpint(config_read(&o, OPTION_RUN_ONLY, origins, &err), !=, 0);
    g_assert_cmpstr(err->message, ==,
                    "read /nonexistent/file: No such file or directory");
    o.config = "/dev/zero";
    g_assert_cmpint(config_read(&o, OPTION_RUN_ONLY, origins, &err2), !=, 0);
    g_assert_cmpstr(err2->message, ==, "/dev/zero: more than 65536 bytes");
}

static void check_path(const char *pattern, bool is_pattern, const char *want)
{
    struct options o = { .api_socket = pattern,
                         .api_socket_is_pattern = is_pattern,
                         .netns_type = NETNS_TYPE_TAPFD };
    g_autofree char *text = NULL;
    g_autoptr(GError) err = NULL;
    int rc = options_expand(&o, &text, &err);

    if (want == NULL) {
        g_assert_cmpint(rc, !=, 0);
        g_assert_nonnull(err);
        return;
    }
    g_assert_no_error(err);
    g_assert_cmpstr(o.api_socket, ==, want);
}

static void paths_of_sockets_may_have_patterns_in_files(void)
{
    g_autofree char *user = g_strdup_printf("/u%u", getuid());

    g_setenv("XDG_RUNTIME_DIR", "/run/user/7", TRUE);
    check_path("%t/gate%%.sock", true, "/run/user/7/gate%.sock");
    check_path("%t/gate.sock", false, "%t/gate.sock");
    check_path("/u%u", true, user);
    check_path("/x%i", true, NULL);
    check_path("/x%q", true, NULL);
    check_path("/x%", true, NULL);
    g_unsetenv("XDG_RUNTIME_DIR");
    check_path("%t/x", true, NULL);
}

static void the_namespace_s_number_is_its_inode(void)
{
    struct options o = { .api_socket = "/s%i",
                         .api_socket_is_pattern = true,
                         .netns_type = NETNS_TYPE_PATH,
                         .target_path = "/proc/self/ns/net" };
    g_autofree char *text = NULL, *link = NULL, *want = NULL;
    g_autoptr(GError) err = NULL;

    g_assert_cmpint(options_expand(&o, &text, &err), ==, 0);
    link = g_file_read_link("/proc/self/ns/net", NULL);
    want = g_strdup_printf("net:[%s]", text + strlen("/s"));
    g_assert_cmpstr(link, ==, want);
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    /* clang-format off */
    { "/config/each kind of option can be in a file",
      each_kind_of_option_can_be_in_a_file },
    { "/config/the group run is for run", the_group_run_is_for_run },
    { "/config/mistakes name file, key and reason",
      mistakes_name_file_key_and_reason },
    { "/config/what is no key file is refused",
      what_is_no_key_file_is_refused },
    { "/config/the environment beats the file, and the command line both",
      the_environment_beats_the_file_and_the_command_line_both },
    { "/config/a named file must be there, and small",
      a_named_file_must_be_there_and_small },
    { "/config/paths of sockets may have patterns in files",
      paths_of_sockets_may_have_patterns_in_files },
    { "/config/the number of a namespace is its inode",
      the_namespace_s_number_is_its_inode },
    /* clang-format on */
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add_func(tests[i].name, tests[i].run);
    return g_test_run();
}
