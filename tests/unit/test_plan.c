/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/plan.h"

#include "base/error.h"

static void check_addr(const struct ip_addr *a, const char *want)
{
    char text[IP_ADDR_TEXT_MAX];

    g_assert_cmpstr(ip_addr_format(a, text), ==, want);
}

static void the_default_network_has_the_known_addresses(void)
{
    struct plan plan;

    g_assert_cmpint(plan_init(&plan, PLAN_CIDR_DEFAULT, NULL), ==, 0);
    check_addr(&plan.network, "10.0.2.0");
    check_addr(&plan.netmask, "255.255.255.0");
    check_addr(&plan.gateway, "10.0.2.2");
    check_addr(&plan.dns, "10.0.2.3");
    check_addr(&plan.dhcp_start, "10.0.2.15");
    check_addr(&plan.dhcp_end, "10.0.2.30");
    check_addr(&plan.guest, "10.0.2.100");
    check_addr(&plan.network6, "fd00::");
    check_addr(&plan.gateway6, "fd00::2");
    check_addr(&plan.dns6, "fd00::3");
    check_addr(&plan.guest6, "fd00::100");
    check_addr(&plan.router6, "fe80::2");
    g_assert_cmpuint(plan.prefix_len, ==, 24);
    g_assert_cmpuint(plan.prefix_len6, ==, 64);
}

static void networks_of_any_allowed_size_are_planned(void)
{
    static const struct {
        const char *cidr, *netmask, *guest;
    } rows[] = {
        { "192.168.9.128/25", "255.255.255.128", "192.168.9.228" },
        { "10.0.0.0/8", "255.0.0.0", "10.0.0.100" },
        { "128.0.0.0/1", "128.0.0.0", "128.0.0.100" },
        { "172.16.0.0/12", "255.240.0.0", "172.16.0.100" },
        { "255.255.255.128/25", "255.255.255.128", "255.255.255.228" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct plan plan;

        g_assert_cmpint(plan_init(&plan, rows[i].cidr, NULL), ==, 0);
        check_addr(&plan.netmask, rows[i].netmask);
        check_addr(&plan.guest, rows[i].guest);
    }
}

static void a_bad_network_is_refused_and_said_why(void)
{
    static const struct {
        const char *cidr, *text;
    } rows[] = {
        { "", "invalid CIDR: " },
        { "10.0.2.0", "invalid CIDR: 10.0.2.0" },
        { "10.0.2/24", "invalid CIDR: 10.0.2/24" },
        { "10.0.2.0/24x", "invalid CIDR: 10.0.2.0/24x" },
        { "10.0.2.0/", "invalid CIDR: 10.0.2.0/" },
        { "10.0.2.-1/24", "invalid CIDR: 10.0.2.-1/24" },
        { "fd00::/64", "invalid CIDR: fd00::/64" },
        { "10.0.2.256/24", "invalid network address: 10.0.2.256" },
        { "010.0.2.0/24", "invalid network address: 010.0.2.0" },
        { "10.0.2.00/24", "invalid network address: 10.0.2.00" },
        { "10.0.2.0/024", "invalid CIDR: 10.0.2.0/024" },
        { "10.0.2.0/26", "prefix length needs to be 1-25" },
        { "10.0.2.0/0", "prefix length needs to be 1-25" },
        { "10.0.2.0/33", "prefix length needs to be 1-25" },
        { "10.0.2.100/24", "CIDR needs to be a network address like "
                           "10.0.2.0/24, not like 10.0.2.100/24" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) err = NULL;
        struct plan plan;

        g_assert_cmpint(plan_init(&plan, rows[i].cidr, &err), ==, -1);
        g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_BAD_REQUEST);
        g_assert_cmpstr(err->message, ==, rows[i].text);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/the default network has the known addresses",
                    the_default_network_has_the_known_addresses);
    g_test_add_func("/plan/networks of any allowed size are planned",
                    networks_of_any_allowed_size_are_planned);
    g_test_add_func("/plan/a bad network is refused and said why",
                    a_bad_network_is_refused_and_said_why);
    return g_test_run();
}
