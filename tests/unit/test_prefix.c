/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/prefix.h"

#include <glib.h>

static struct ip_prefix prefix(const char *text)
{
    struct ip_prefix out;

    g_assert_true(ip_prefix_parse(text, &out, NULL));
    return out;
}

static struct ip_addr addr(const char *text)
{
    struct ip_addr out;

    g_assert_true(ip_addr_parse(text, &out));
    return out;
}

static void assert_addr(struct ip_addr got, const char *want)
{
    char text[IP_ADDR_TEXT_MAX];

    g_assert_cmpstr(ip_addr_format(&got, text), ==, want);
}

static void what_is_no_network_is_refused(void)
{
    static const char *const bad[] = {
        "",
        "10.0.0.0",
        "10.0.0.0/",
        "10.0.0.0/33",
        "/24",
        "10.0.0/24",
        "10.0.0.0/-1",
        "10.0.0.0/24x",
        "fd00::/129",
        "fd00::1%lo/8",
        "10.0.0.0/24/24",
        "a/8",
        "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/1",
    };
    struct ip_prefix out = { .len = 7 };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(ip_prefix_parse(bad[i], &out, NULL));
    g_assert_cmpuint(out.len, ==, 7);
}

static void what_is_read_is_written(void)
{
    static const char *const good[] = { "0.0.0.0/0",    "10.89.0.0/24",
                                        "10.89.1.2/32", "::/0",
                                        "fd00::/64",    "fd00::1/128" };
    char text[IP_PREFIX_TEXT_MAX];
    struct ip_prefix out;
    bool exact;

    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_assert_true(ip_prefix_parse(good[i], &out, &exact));
        g_assert_true(exact);
        g_assert_cmpstr(ip_prefix_format(&out, text), ==, good[i]);
    }
    g_assert_true(ip_prefix_parse("10.89.1.77/22", &out, &exact));
    g_assert_false(exact);
    g_assert_cmpstr(ip_prefix_format(&out, text), ==, "10.89.0.0/22");
}

static void the_last_address_is_the_highest(void)
{
    struct ip_prefix a = prefix("10.89.0.0/22"), b = prefix("fd00:0:0:8::/61");
    struct ip_prefix all = prefix("0.0.0.0/0");

    assert_addr(ip_prefix_last(&a), "10.89.3.255");
    assert_addr(ip_prefix_last(&b), "fd00::f:ffff:ffff:ffff:ffff");
    assert_addr(ip_prefix_last(&all), "255.255.255.255");
}

static void neighbours_carry_over(void)
{
    struct ip_addr a = addr("10.0.255.255"), b = addr("fd00::ffff:ffff");
    struct ip_addr top = addr("255.255.255.255"), low = addr("10.1.0.0");

    assert_addr(ip_addr_next(&a), "10.1.0.0");
    assert_addr(ip_addr_next(&b), "fd00::1:0:0");
    assert_addr(ip_addr_next(&top), "0.0.0.0");
    assert_addr(ip_addr_previous(&low), "10.0.255.255");
    g_assert_cmpint(ip_addr_compare(&a, &low), <, 0);
    g_assert_cmpint(ip_addr_compare(&low, &low), ==, 0);
}

static void networks_overlap_when_one_holds_the_other(void)
{
    struct ip_prefix a = prefix("10.89.0.0/16"), b = prefix("10.89.7.0/24");
    struct ip_prefix c = prefix("10.90.0.0/24"), all6 = prefix("::/0");
    struct ip_addr in = addr("10.89.7.9"), out = addr("fd00::1");

    g_assert_true(ip_prefix_overlap(&a, &b));
    g_assert_true(ip_prefix_overlap(&b, &a));
    g_assert_false(ip_prefix_overlap(&a, &c));
    g_assert_false(ip_prefix_overlap(&a, &all6));
    g_assert_true(ip_prefix_contains(&b, &in));
    g_assert_false(ip_prefix_contains(&b, &out));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/prefix/what_is_no_network_is_refused",
                    what_is_no_network_is_refused);
    g_test_add_func("/prefix/what_is_read_is_written", what_is_read_is_written);
    g_test_add_func("/prefix/the_last_address_is_the_highest",
                    the_last_address_is_the_highest);
    g_test_add_func("/prefix/neighbours_carry_over", neighbours_carry_over);
    g_test_add_func("/prefix/networks_overlap_when_one_holds_the_other",
                    networks_overlap_when_one_holds_the_other);
    return g_test_run();
}
