/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/outbound.h"

static void outbound_takes_literals_and_interfaces(void)
{
    static const struct {
        const char *text;
        sa_family_t family;
        const char *expected; /* NULL: refused */
    } rows[] = {
        { "192.0.2.7", AF_INET, "192.0.2.7" },
        { "2001:db8::7", AF_INET6, "2001:db8::7" },
        { "lo", AF_INET, "127.0.0.1" },
        { "2001:db8::7", AF_INET, NULL },
        { "192.0.2.7", AF_INET6, NULL },
        { "no-such-if0", AF_INET, NULL },
        { "", AF_INET6, NULL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct outbound out;
        char text[IP_ADDR_TEXT_MAX];
        g_autoptr(GError) err = NULL;
        int rc = outbound_resolve(rows[i].text, rows[i].family, &out, &err);

        g_test_message("%s", rows[i].text);
        g_assert_cmpint(rc, ==, rows[i].expected != NULL ? 0 : -1);
        if (rc == 0)
            g_assert_cmpstr(ip_addr_format(&out.addr, text), ==,
                            rows[i].expected);
    }
}

static void outbound_errors_read_as_they_always_did(void)
{
    struct outbound out;
    g_autoptr(GError) err = NULL, err6 = NULL;

    g_assert_cmpint(outbound_resolve("x", AF_INET, &out, &err), ==, -1);
    g_assert_cmpint(outbound_resolve("x", AF_INET6, &out, &err6), ==, -1);
    g_assert_cmpstr(
        err->message, ==,
        "outbound-addr has to be valid ipv4 address or interface name.");
    g_assert_cmpstr(
        err6->message, ==,
        "outbound-addr has to be valid ipv4 address or iterface name.");
}

static void nothing_asked_gives_no_address(void)
{
    struct outbound out = { .addr = ip_addr_v4_host(1) };

    g_assert_cmpint(outbound_resolve(NULL, AF_INET, &out, NULL), ==, 0);
    g_assert_cmpint(out.addr.family, ==, AF_UNSPEC);
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    /* clang-format off */
    { "/outbound/it takes literals and interfaces",
      outbound_takes_literals_and_interfaces },
    { "/outbound/errors read as they always did",
      outbound_errors_read_as_they_always_did },
    { "/outbound/nothing asked gives no address",
      nothing_asked_gives_no_address },
    /* clang-format on */
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add_func(tests[i].name, tests[i].run);
    return g_test_run();
}
