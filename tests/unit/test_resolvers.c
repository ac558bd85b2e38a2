/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/resolvers.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define SECOND_NS 1000000000LL

static void is_server(const struct resolver *server, const char *text)
{
    char out[IP_ADDR_TEXT_MAX];

    g_assert_cmpstr(ip_addr_format(&server->addr, out), ==, text);
}

static void servers_and_options_are_read(void)
{
    struct resolver_list list;

    resolvers_parse("# a comment\n"
                    "domain example.test\n"
                    "nameserver 192.0.2.1\n"
                    "nameserver\t2001:db8::1 \n"
                    "nameserver fe80::1%lo\r\n"
                    "nameserver fe80::2%7\n"
                    "options ndots:2 timeout:3 attempts:4 edns0\n",
                    &list);
    g_assert_cmpuint(list.count, ==, 4);
    is_server(&list.server[0], "192.0.2.1");
    is_server(&list.server[1], "2001:db8::1");
    is_server(&list.server[2], "fe80::1");
    g_assert_cmpuint(list.server[2].scope, ==, 1);
    g_assert_cmpuint(list.server[3].scope, ==, 7);
    g_assert_cmpuint(list.timeout_s, ==, 3);
    g_assert_cmpuint(list.attempts, ==, 4);
}

static void what_makes_no_sense_is_skipped(void)
{
    struct resolver_list list;

    resolvers_parse("nameserver\nnameserver example.test\n"
                    " nameserver 192.0.2.1\nnameserver 1.2.3\n"
                    "#nameserver 192.0.2.2\nnameservers 192.0.2.3\n"
                    "options timeout:0 attempts:99999999999999999999\n"
                    "nameserver 192.0.2.4",
                    &list);
    g_assert_cmpuint(list.count, ==, 1);
    is_server(&list.server[0], "192.0.2.4");
    g_assert_cmpuint(list.timeout_s, ==, 1);
    g_assert_cmpuint(list.attempts, ==, 5);
}

static void without_a_server_it_is_the_local_machine(void)
{
    struct resolver_list list;

    resolvers_parse("search example.test\n", &list);
    g_assert_cmpuint(list.count, ==, 1);
    is_server(&list.server[0], "127.0.0.1");
    g_assert_cmpuint(list.timeout_s, ==, 5);
    g_assert_cmpuint(list.attempts, ==, 2);
}

static void there_is_an_end_to_servers(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    struct resolver_list list;

    for (int i = 0; i < 100; i++)
        g_string_append_printf(text, "nameserver 192.0.2.%d\n", i);
    resolvers_parse(text->str, &list);
    g_assert_cmpuint(list.count, ==, RESOLVERS_MAX);
}

static void put(const char *path, const char *text)
{
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void a_change_is_seen_but_not_looked_for_all_the_time(void)
{
    g_autofree char *dir = g_dir_make_tmp("resolvers-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "resolv.conf", NULL);
    struct resolvers *resolvers;
    int64_t now = 5 * SECOND_NS;

    put(path, "nameserver 192.0.2.1\n");
    resolvers = resolvers_new(path);
    is_server(&resolvers_get(resolvers, now)->server[0], "192.0.2.1");
    /* By a rename, as most who manage the file do. */
    put(path, "nameserver 192.0.2.2\n");
    is_server(&resolvers_get(resolvers, now + SECOND_NS / 2)->server[0],
              "192.0.2.1");
    now += 2 * SECOND_NS;
    is_server(&resolvers_get(resolvers, now)->server[0], "192.0.2.2");
    /* While it is missing, the last word counts. */
    g_assert_cmpint(g_unlink(path), ==, 0);
    now += 2 * SECOND_NS;
    is_server(&resolvers_get(resolvers, now)->server[0], "192.0.2.2");
    put(path, "nameserver 192.0.2.3\n");
    now += 2 * SECOND_NS;
    is_server(&resolvers_get(resolvers, now)->server[0], "192.0.2.3");
    resolvers_free(resolvers);
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(g_rmdir(dir), ==, 0);
}

/* With all descriptors in use it cannot be read. */
static void a_change_that_could_not_be_read_is_read_later(void)
{
    g_autofree char *dir = g_dir_make_tmp("resolvers-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "resolv.conf", NULL);
    struct rlimit usual, full;
    struct resolvers *resolvers;
    int64_t now = 5 * SECOND_NS;
    int next = dup(STDERR_FILENO);

    (void)close(next);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &usual), ==, 0);
    full = usual;
    full.rlim_cur = (rlim_t)next;
    put(path, "nameserver 192.0.2.1\n");
    resolvers = resolvers_new(path);
    is_server(&resolvers_get(resolvers, now)->server[0], "192.0.2.1");
    put(path, "nameserver 192.0.2.2\n");
    now += 2 * SECOND_NS;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &full), ==, 0);
    is_server(&resolvers_get(resolvers, now)->server[0], "192.0.2.1");
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &usual), ==, 0);
    now += 2 * SECOND_NS;
    is_server(&resolvers_get(resolvers, now)->server[0], "192.0.2.2");
    resolvers_free(resolvers);
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(g_rmdir(dir), ==, 0);
}

static void a_file_that_is_not_there_is_no_error(void)
{
    struct resolvers *resolvers = resolvers_new("/nonexistent/resolv.conf");

    is_server(&resolvers_get(resolvers, 0)->server[0], "127.0.0.1");
    resolvers_free(resolvers);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/resolvers/servers and options are read",
                    servers_and_options_are_read);
    g_test_add_func("/resolvers/what makes no sense is skipped",
                    what_makes_no_sense_is_skipped);
    g_test_add_func("/resolvers/without a server it is the local machine",
                    without_a_server_it_is_the_local_machine);
    g_test_add_func("/resolvers/there is an end to servers",
                    there_is_an_end_to_servers);
    g_test_add_func(
        "/resolvers/a change is seen but not looked for all the time",
        a_change_is_seen_but_not_looked_for_all_the_time);
    g_test_add_func("/resolvers/a change that could not be read is read later",
                    a_change_that_could_not_be_read_is_read_later);
    g_test_add_func("/resolvers/a file that is not there is no error",
                    a_file_that_is_not_there_is_no_error);
    return g_test_run();
}
