/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/portmap.h"

#include "base/error.h"

static void reads_all_of_the_form(void)
{
    static const struct {
        const char *text, *host;
        uint16_t host_port, guest_port;
        unsigned range;
        int proto;
        bool both;
    } good[] = {
        { "8080:80", "0.0.0.0", 8080, 80, 1, IPPROTO_TCP, false },
        { "8080:80/tcp", "0.0.0.0", 8080, 80, 1, IPPROTO_TCP, false },
        { "53:5353/udp", "0.0.0.0", 53, 5353, 1, IPPROTO_UDP, false },
        { "127.0.0.1:1:2", "127.0.0.1", 1, 2, 1, IPPROTO_TCP, false },
        { "[::1]:1:2/udp", "::1", 1, 2, 1, IPPROTO_UDP, false },
        { "[::ffff:1.2.3.4]:1:2", "1.2.3.4", 1, 2, 1, IPPROTO_TCP, false },
        { "*:1:2", "0.0.0.0", 1, 2, 1, IPPROTO_TCP, true },
        { "0:80", "0.0.0.0", 0, 80, 1, IPPROTO_TCP, false },
        { "0:80-89", "0.0.0.0", 0, 80, 10, IPPROTO_TCP, false },
        { "1-65535:1-65535", "0.0.0.0", 1, 1, 65535, IPPROTO_TCP, false },
        { "*:20-21:40-41", "0.0.0.0", 20, 40, 2, IPPROTO_TCP, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        struct portmap map;
        struct ip_addr host;

        g_assert_cmpint(portmap_parse(good[i].text, &map, NULL), ==, 0);
        g_assert_true(ip_addr_parse(good[i].host, &host));
        g_assert_true(ip_addr_equal(&map.host, &host));
        g_assert_cmpuint(map.host_port, ==, good[i].host_port);
        g_assert_cmpuint(map.guest_port, ==, good[i].guest_port);
        g_assert_cmpuint(map.range, ==, good[i].range);
        g_assert_cmpint(map.proto, ==, good[i].proto);
        g_assert_true(map.both_families == good[i].both);
    }
}

static void refuses_the_rest_and_touches_nothing(void)
{
    static const char *const bad[] = {
        "",
        ":",
        "80",
        "80:",
        ":80",
        "80:0",
        "65536:1",
        "1:65536",
        "1-2:3",
        "1:2-3",
        "2-1:2-1",
        "1-2:3-5",
        "a:1:2",
        "::1:1:2",
        "[::1:1:2",
        "[::1]1:2",
        "[1.2.3.4]:1:2",
        "1.2.3.4:80",
        "1:2/sctp",
        "1:2/tcp ",
        "1:2:3",
        "+1:2",
        "1.2.3:4:5",
        "*:80",
        "80:80/",
        "0-1:1-2x",
        "[]:1:2",
        " 1:2",
        "-1:2",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        struct portmap map = { .range = 77 };
        g_autoptr(GError) err = NULL;

        g_assert_cmpint(portmap_parse(bad[i], &map, &err), ==, -1);
        g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_BAD_REQUEST);
        g_assert_cmpuint(map.range, ==, 77);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/portmap/reads all of the form", reads_all_of_the_form);
    g_test_add_func("/portmap/refuses the rest and touches nothing",
                    refuses_the_rest_and_touches_nothing);
    return g_test_run();
}
