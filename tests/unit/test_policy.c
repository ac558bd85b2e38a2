/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frames.h"
#include "net/policy.h"

#include <glib.h>

enum { TCP = IPPROTO_TCP, UDP = IPPROTO_UDP };
enum { ICMP = IPPROTO_ICMP, ICMP6 = IPPROTO_ICMPV6 };
enum { YES = POLICY_ALLOW, NO = POLICY_UNREACHABLE, DROP = POLICY_DROP };

struct row {
    int proto;
    const char *dst;
    uint16_t port;
    int open, closed; /* with the host's loopback allowed, and not */
};

static void check(const struct policy *policy, int proto, const char *dst,
                  uint16_t port, int want)
{
    struct ip_endpoint to = { frames_addr(dst), port };
    struct plan plan;

    g_assert_cmpint(plan_init(&plan, PLAN_CIDR_DEFAULT, NULL), ==, 0);
    g_test_message("protocol %d to %s port %u", proto, dst, port);
    g_assert_cmpint(policy_outbound(policy, &plan, proto, &to), ==, want);
}

static void check_rows(const struct row *rows, size_t count)
{
    struct policy policy = { .enable_ipv6 = true,
                             .enable_dns = true,
                             .outbound = true };

    for (size_t i = 0; i < count; i++) {
        policy.allow_host_loopback = true;
        check(&policy, rows[i].proto, rows[i].dst, rows[i].port, rows[i].open);
        policy.allow_host_loopback = false;
        check(&policy, rows[i].proto, rows[i].dst, rows[i].port,
              rows[i].closed);
    }
}

static void every_spelling_of_the_hosts_loopback_is_known(void)
{
    static const char *const spellings[] = {
        "10.0.2.2",
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "0.1.2.3",
        "255.255.255.255",
        "fd00::2",
        "fd00::77",
        "fd00::ffff:ffff:ffff:ffff",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:127.9.9.9",
        "fe80::2",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(spellings); i++) {
        struct row rows[] = {
            { TCP, spellings[i], 80, YES, NO },
            { UDP, spellings[i], 5353, YES, NO },
            { UDP, spellings[i], 53, YES, NO },
        };

        check_rows(rows, G_N_ELEMENTS(rows));
    }
}

static void only_the_real_address_requests_pass_a_closed_loopback(void)
{
    static const struct row rows[] = {
        { UDP, "255.255.255.255", 67, YES, YES },
        { UDP, "10.0.2.2", 67, YES, YES }, /* renewal */
        { UDP, "ff02::1:2", 547, YES, YES },
        { UDP, "127.0.0.1", 67, YES, NO },
        { UDP, "0.0.0.0", 67, YES, NO },
        { UDP, "::1", 547, YES, NO },
        { UDP, "fd00::2", 547, YES, NO },
        { UDP, "fd00::9", 547, YES, NO },
        { UDP, "fe80::2", 547, YES, NO },
        { UDP, "ff02::1", 547, DROP, DROP },
        { TCP, "255.255.255.255", 67, YES, NO },
        { UDP, "255.255.255.255", 547, YES, NO },
        { UDP, "192.0.2.1", 67, YES, YES },
    };

    check_rows(rows, G_N_ELEMENTS(rows));
}

static void the_file_server_of_the_stack_is_never_reached(void)
{
    static const struct row rows[] = {
        { UDP, "10.0.2.2", 69, NO, NO },
        { UDP, "255.255.255.255", 69, NO, NO },
        { UDP, "fd00::2", 69, NO, NO },
        { UDP, "fe80::2", 69, NO, NO },
        { UDP, "127.0.0.1", 69, NO, NO },
        { TCP, "10.0.2.2", 69, YES, NO },
        { UDP, "192.0.2.1", 69, YES, YES },
    };

    check_rows(rows, G_N_ELEMENTS(rows));
}

static void the_resolver_serves_names_and_nothing_else(void)
{
    static const struct row rows[] = {
        { UDP, "10.0.2.3", 53, YES, YES }, { TCP, "10.0.2.3", 53, YES, YES },
        { UDP, "fd00::3", 53, YES, YES },  { TCP, "fd00::3", 53, YES, YES },
        { TCP, "10.0.2.3", 80, NO, NO },   { UDP, "10.0.2.3", 5353, NO, NO },
        { TCP, "fd00::3", 80, NO, NO },    { ICMP, "10.0.2.3", 0, YES, YES },
        { ICMP6, "fd00::3", 0, YES, YES },
    };
    struct policy policy = { .allow_host_loopback = true,
                             .enable_ipv6 = true,
                             .outbound = true };

    check_rows(rows, G_N_ELEMENTS(rows));
    check(&policy, UDP, "10.0.2.3", 53, NO);
    check(&policy, TCP, "fd00::3", 53, NO);
    check(&policy, TCP, "10.0.2.3", 80, NO);
    check(&policy, ICMP, "10.0.2.3", 0, YES);
}

static void multicast_does_not_leave_the_link(void)
{
    static const struct row rows[] = {
        { UDP, "224.0.0.251", 5353, DROP, DROP },
        { UDP, "239.255.255.250", 1900, DROP, DROP },
        { ICMP, "224.0.0.1", 0, DROP, DROP },
        { TCP, "224.0.0.1", 80, DROP, DROP },
        { UDP, "ff02::fb", 5353, DROP, DROP },
        { TCP, "ff02::1", 80, DROP, DROP },
        { ICMP6, "ff02::2", 0, DROP, DROP },
        { ICMP6, "ff02::1", 0, DROP, DROP },
    };

    check_rows(rows, G_N_ELEMENTS(rows));
}

static void addresses_of_no_place_are_unreachable(void)
{
    static const struct row rows[] = {
        { TCP, "fe80::5", 80, NO, NO },
        { UDP, "fe80::5", 53, NO, NO },
        { ICMP6, "fe80::5", 0, NO, NO },
        { ICMP6, "::ffff:192.0.2.1", 0, NO, NO },
        { TCP, "::ffff:192.0.2.1", 80, NO, NO },
        { TCP, "::ffff:0.0.0.0", 80, NO, NO },
        { TCP, "::192.0.2.1", 80, NO, NO },
        /* The guest's own network is not the host's to reach. */
        { TCP, "10.0.2.55", 80, NO, NO },
        { TCP, "10.0.2.100", 80, NO, NO },
        { UDP, "10.0.2.0", 80, NO, NO },
        { UDP, "10.0.2.255", 137, DROP, DROP },
        { ICMP, "10.0.2.55", 0, NO, NO },
    };

    check_rows(rows, G_N_ELEMENTS(rows));
}

static void the_world_is_reached_unless_denied(void)
{
    static const char *const places[] = { "192.0.2.1",   "10.0.3.1",
                                          "172.16.0.1",  "169.254.1.1",
                                          "2001:db8::1", "fd00:0:0:1::5",
                                          "fc00::1" };
    struct policy policy = { .allow_host_loopback = true,
                             .enable_ipv6 = true,
                             .enable_dns = true };

    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        policy.outbound = true;
        check(&policy, TCP, places[i], 80, YES);
        check(&policy, UDP, places[i], 80, YES);
        policy.outbound = false;
        check(&policy, TCP, places[i], 80, NO);
        check(&policy, UDP, places[i], 80, NO);
    }
    /* What the gate itself serves does not count as outside. */
    check(&policy, UDP, "10.0.2.3", 53, YES);
    check(&policy, ICMP, "10.0.2.2", 0, YES);
}

static void nothing_of_ipv6_passes_when_it_is_off(void)
{
    struct policy policy = { .allow_host_loopback = true,
                             .enable_dns = true,
                             .outbound = true };

    check(&policy, TCP, "2001:db8::1", 80, DROP);
    check(&policy, UDP, "fd00::3", 53, DROP);
    check(&policy, UDP, "ff02::1:2", 547, DROP);
    check(&policy, ICMP6, "ff02::2", 0, DROP);
    check(&policy, TCP, "192.0.2.1", 80, YES);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy/every spelling of the host's loopback is known",
                    every_spelling_of_the_hosts_loopback_is_known);
    g_test_add_func(
        "/policy/only the real address requests pass a closed loopback",
        only_the_real_address_requests_pass_a_closed_loopback);
    g_test_add_func("/policy/the file server of the stack is never reached",
                    the_file_server_of_the_stack_is_never_reached);
    g_test_add_func("/policy/the resolver serves names and nothing else",
                    the_resolver_serves_names_and_nothing_else);
    g_test_add_func("/policy/multicast does not leave the link",
                    multicast_does_not_leave_the_link);
    g_test_add_func("/policy/addresses of no place are unreachable",
                    addresses_of_no_place_are_unreachable);
    g_test_add_func("/policy/the world is reached unless denied",
                    the_world_is_reached_unless_denied);
    g_test_add_func("/policy/nothing of IPv6 passes when it is off",
                    nothing_of_ipv6_passes_when_it_is_off);
    return g_test_run();
}
