/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/addr.h"

#include <glib.h>

static struct ip_addr addr(const char *text)
{
    struct ip_addr a = { .family = AF_UNSPEC };

    g_assert_true(ip_addr_parse(text, &a));
    return a;
}

static void text_goes_both_ways(void)
{
    static const char *const texts[] = { "0.0.0.0", "10.0.2.100",
                                         "::", "fd00::2", "::ffff:1.2.3.4" };
    char out[IP_ADDR_TEXT_MAX];

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        struct ip_addr a = addr(texts[i]);

        g_assert_cmpstr(ip_addr_format(&a, out), ==, texts[i]);
    }
}

static void refuses_what_is_no_literal(void)
{
    static const char *const texts[] = { "",          "localhost",  "1.2.3",
                                         "1.2.3.256", "fe80::1%lo", "1.2.3.4 ",
                                         "[::1]" };
    struct ip_addr a;

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_assert_false(ip_addr_parse(texts[i], &a));
}

static void knows_loopback_in_every_spelling(void)
{
    static const struct {
        const char *text;
        bool loopback;
    } rows[] = {
        { "127.0.0.1", true },
        { "127.255.255.254", true },
        { "128.0.0.1", false },
        { "::1", true },
        { "::ffff:127.0.0.1", true },
        { "::ffff:10.0.0.1", false },
        { "::", false },
        { "0.0.0.0", false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct ip_addr a = addr(rows[i].text);

        g_assert_true(ip_addr_is_loopback(&a) == rows[i].loopback);
    }
}

static void prefixes_contain_their_addresses(void)
{
    struct ip_addr net = addr("10.0.2.0"), net6 = addr("fd00::");
    struct ip_addr inside = addr("10.0.2.255"), outside = addr("10.0.3.0");
    struct ip_addr inside6 = addr("fd00::ffff"),
                   outside6 = addr("fd00:0:0:1::");

    g_assert_true(ip_addr_in_prefix(&inside, &net, 24));
    g_assert_false(ip_addr_in_prefix(&outside, &net, 24));
    g_assert_true(ip_addr_in_prefix(&outside, &net, 23));
    g_assert_true(ip_addr_in_prefix(&outside, &net, 0));
    g_assert_false(ip_addr_in_prefix(&inside, &net, 33));
    g_assert_true(ip_addr_in_prefix(&inside6, &net6, 64));
    g_assert_false(ip_addr_in_prefix(&outside6, &net6, 64));
    g_assert_false(ip_addr_in_prefix(&inside6, &net, 0));
}

static void endpoints_survive_sockaddr(void)
{
    static const char *const texts[] = { "192.0.2.7", "2001:db8::7" };
    struct sockaddr_storage ss;
    char text[IP_ENDPOINT_TEXT_MAX];

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        struct ip_endpoint in = { addr(texts[i]), 65535 }, out;

        g_assert_cmpuint(ip_endpoint_to_sockaddr(&in, &ss), >, 0);
        g_assert_true(ip_endpoint_from_sockaddr(&ss, &out));
        g_assert_true(ip_endpoint_equal(&in, &out));
    }
    ss.ss_family = AF_UNIX;
    g_assert_false(ip_endpoint_from_sockaddr(&ss, &(struct ip_endpoint){ 0 }));
    g_assert_cmpstr(
        ip_endpoint_format(&(struct ip_endpoint){ addr("::1"), 80 }, text), ==,
        "[::1]:80");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/addr/text goes both ways", text_goes_both_ways);
    g_test_add_func("/addr/refuses what is no literal",
                    refuses_what_is_no_literal);
    g_test_add_func("/addr/knows loopback in every spelling",
                    knows_loopback_in_every_spelling);
    g_test_add_func("/addr/prefixes contain their addresses",
                    prefixes_contain_their_addresses);
    g_test_add_func("/addr/endpoints survive sockaddr",
                    endpoints_survive_sockaddr);
    return g_test_run();
}
