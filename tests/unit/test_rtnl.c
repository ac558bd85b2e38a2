/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rtnl.h"

#include "base/error.h"
#include "base/own.h"
#include "kern/rtnl_saved.h"
#include "own_namespace.h"

#include <arpa/inet.h>
#include <net/if.h>

static struct rtnl *rtnl; /* in the namespace of this program */

static const uint8_t some_mac[6] = { 0x52, 0x55, 0x0a, 0, 0x02, 0x02 };

static struct ip_addr addr(const char *text)
{
    struct ip_addr a = { .family = AF_UNSPEC };

    g_assert_true(ip_addr_parse(text, &a));
    return a;
}

/* A fresh, unconnected pair: `name` up, its peer "peer" up. */
static unsigned fresh_pair(const char *name)
{
    g_autoptr(GError) err = NULL;
    const struct rtnl_link_change up = { .up = true };
    unsigned old = rtnl_link_index(rtnl, name), index;

    if (old != 0)
        rtnl_link_delete(rtnl, old, &err);
    g_assert_no_error(err);
    rtnl_veth_add(rtnl, name, NULL, "peer", some_mac, 1400, 0, &err);
    g_assert_no_error(err);
    index = rtnl_link_index(rtnl, name);
    g_assert_cmpuint(index, !=, 0);
    rtnl_link_set(rtnl, index, &up, &err);
    g_assert_no_error(err);
    rtnl_link_set(rtnl, rtnl_link_index(rtnl, "peer"), &up, &err);
    g_assert_no_error(err);
    return index;
}

static void finds_interfaces_by_name(void)
{
    g_assert_cmpuint(rtnl_link_index(rtnl, "lo"), ==, if_nametoindex("lo"));
    g_assert_cmpuint(rtnl_link_index(rtnl, "none"), ==, 0);
    g_assert_cmpuint(rtnl_link_index(rtnl, ""), ==, 0);
    g_assert_cmpuint(rtnl_link_index(rtnl, "a-name-of-20-letters"), ==, 0);
}

static void makes_a_veth_pair(void)
{
    if (skip_without("ip"))
        return;
    fresh_pair("ve0");
    assert_output_has("ip link show ve0", "mtu 1400");
    assert_output_has("ip link show ve0", ",UP");
    assert_output_has("ip link show peer", "52:55:0a:00:02:02");
}

static void the_peer_can_be_born_elsewhere(void)
{
    g_autoptr(GError) err = NULL;
    owned_fd here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    owned_fd there = -1;
    struct rtnl *other;

    g_assert_cmpint(unshare(CLONE_NEWNET), ==, 0);
    there = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    other = rtnl_open(&err);
    g_assert_no_error(err);
    g_assert_cmpint(setns(here, CLONE_NEWNET), ==, 0);

    rtnl_veth_add(rtnl, "ve1", NULL, "far", NULL, 1500, there, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(rtnl_link_index(rtnl, "ve1"), !=, 0);
    g_assert_cmpuint(rtnl_link_index(rtnl, "far"), ==, 0);
    g_assert_cmpuint(rtnl_link_index(other, "far"), !=, 0);

    rtnl_link_set(
        rtnl, rtnl_link_index(rtnl, "ve1"),
        &(struct rtnl_link_change){ .netns_fd = there, .rename = "moved" },
        &err);
    g_assert_no_error(err);
    g_assert_cmpuint(rtnl_link_index(rtnl, "ve1"), ==, 0);
    g_assert_cmpuint(rtnl_link_index(other, "moved"), !=, 0);
    rtnl_close(other);
}

static void changes_only_what_is_asked(void)
{
    g_autoptr(GError) err = NULL;
    struct rtnl_link_change change = { .set_mac = true, .mtu = 9000 };
    unsigned index = fresh_pair("ve0");

    if (skip_without("ip"))
        return;
    memcpy(change.mac, (const uint8_t[]){ 2, 0, 0, 0, 0, 7 }, 6);
    rtnl_link_set(rtnl, index, &change, &err);
    g_assert_no_error(err);
    assert_output_has("ip link show ve0", "02:00:00:00:00:07");
    assert_output_has("ip link show ve0", "mtu 9000");
    assert_output_has("ip link show ve0", ",UP");
    change = (struct rtnl_link_change){ .down = true, .gso_max = 32768 };
    rtnl_link_set(rtnl, index, &change, &err);
    g_assert_no_error(err);
    assert_output_has("ip -d link show ve0", "gso_max_size 32768");
    assert_output_has("ip link show ve0", "state DOWN");
    assert_output_has("ip link show ve0", "mtu 9000");
    change = (struct rtnl_link_change){ .rename = "ve9" };
    rtnl_link_set(rtnl, index, &change, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(rtnl_link_index(rtnl, "ve9"), ==, index);
    rtnl_link_delete(rtnl, index, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(rtnl_link_index(rtnl, "ve9"), ==, 0);
}

static void adds_addresses_of_both_families(void)
{
    g_autoptr(GError) err = NULL;
    struct ip_addr v4 = addr("10.0.2.100"), v6 = addr("fd00::100");
    unsigned index = fresh_pair("ve0");

    if (skip_without("ip"))
        return;
    /* Twice: what is there already is no error. */
    for (int i = 0; i < 2; i++) {
        rtnl_addr_add(rtnl, index, &v4, 24, &err);
        g_assert_no_error(err);
        rtnl_addr_add(rtnl, index, &v6, 64, &err);
        g_assert_no_error(err);
    }
    assert_output_has("ip -4 addr show ve0",
                      "inet 10.0.2.100/24 brd 10.0.2.255 scope global");
    /* Not "tentative": usable at once. */
    assert_output_has("ip -6 addr show ve0",
                      "inet6 fd00::100/64 scope global nodad");
    g_assert_cmpint(rtnl_addr_add(rtnl, index, &v4, 33, &err), ==, -1);
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_BAD_REQUEST);
}

static void adds_default_routes(void)
{
    g_autoptr(GError) err = NULL;
    struct ip_addr v4 = addr("10.0.2.100"), v6 = addr("fd00::100");
    struct rtnl_route v4_default = { .family = AF_INET,
                                     .gateway = addr("10.0.2.2") };
    struct rtnl_route v6_default = { .family = AF_INET6,
                                     .gateway = addr("fd00::2"),
                                     .metric = 77 };
    unsigned index = fresh_pair("ve0");

    if (skip_without("ip"))
        return;
    rtnl_addr_add(rtnl, index, &v4, 24, &err);
    rtnl_addr_add(rtnl, index, &v6, 64, &err);
    v6_default.oif = index;
    for (int i = 0; i < 2; i++) {
        rtnl_route_add(rtnl, &v4_default, &err);
        g_assert_no_error(err);
        rtnl_route_add(rtnl, &v6_default, &err);
        g_assert_no_error(err);
    }
    assert_output_has("ip route show default",
                      "default via 10.0.2.2 dev ve0 \n");
    assert_output_has("ip -6 route show default",
                      "default via fd00::2 dev ve0 metric 77");
}

static void adds_local_and_onlink_routes_by_table(void)
{
    g_autoptr(GError) err = NULL;
    unsigned index = fresh_pair("ve0"), lo = rtnl_link_index(rtnl, "lo");
    static const sa_family_t families[] = { AF_INET, AF_INET6 };
    struct rtnl_route host = { .dst = addr("10.0.2.100"),
                               .dst_len = 32,
                               .oif = index };
    struct rtnl_route onlink = { .family = AF_INET,
                                 .gateway = addr("169.254.77.2"),
                                 .oif = index,
                                 .onlink = true,
                                 .table = 1000 };

    if (skip_without("ip"))
        return;
    rtnl_link_set(rtnl, lo, &(struct rtnl_link_change){ .up = true }, &err);
    for (size_t i = 0; i < G_N_ELEMENTS(families); i++) {
        struct rtnl_route local = {
            .family = families[i], .local = true, .oif = lo, .table = 100
        };

        rtnl_route_add(rtnl, &local, &err);
        g_assert_no_error(err);
    }
    rtnl_route_add(rtnl, &host, &err);
    g_assert_no_error(err);
    rtnl_route_add(rtnl, &onlink, &err);
    g_assert_no_error(err);
    assert_output_has("ip route show table 100",
                      "local default dev lo scope host");
    assert_output_has("ip -6 route show table 100", "local default dev lo");
    assert_output_has("ip route show table 1000",
                      "default via 169.254.77.2 dev ve0 onlink");
    assert_output_has("ip route show", "10.0.2.100 dev ve0 scope link");
}

static void adds_mark_rules(void)
{
    g_autoptr(GError) err = NULL;

    if (skip_without("ip"))
        return;
    rtnl_rule_add_fwmark(rtnl, AF_INET, 1, 100, 90, &err);
    g_assert_no_error(err);
    rtnl_rule_add_fwmark(rtnl, AF_INET6, 1, 100, 90, &err);
    g_assert_no_error(err);
    assert_output_has("ip rule show", "90:\tfrom all fwmark 0x1 lookup 100");
    assert_output_has("ip -6 rule show", "90:\tfrom all fwmark 0x1 lookup 100");
    g_assert_cmpint(rtnl_rule_add_fwmark(rtnl, AF_INET, 1, 100, 90, &err), ==,
                    -1);
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT);
}

static void adds_permanent_neighbours(void)
{
    g_autoptr(GError) err = NULL;
    static const char *const texts[] = { "169.254.77.2", "fe80::2" };
    unsigned index = fresh_pair("ve0");

    if (skip_without("ip"))
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        struct ip_addr a = addr(texts[i]);
        g_autofree char *wanted = g_strdup_printf(
            "%s dev ve0 lladdr 52:55:0a:00:02:02 PERMANENT", texts[i]);

        rtnl_neigh_add(rtnl, index, &a, some_mac, &err);
        g_assert_no_error(err);
        assert_output_has("ip neigh show", wanted);
    }
}

static void an_interface_with_very_much_is_not_saved(void)
{
    unsigned index = fresh_pair("ve0");
    g_autoptr(GError) err = NULL;
    struct ip_addr many = addr("10.9.0.0");
    owned(rtnl_saved) saved = NULL;

    for (unsigned i = 0; i < RTNL_SAVED_MAX; i++) {
        many.v4.s_addr = htonl(0x0a090000 + i);
        rtnl_addr_add(rtnl, index, &many, 32, &err);
        g_assert_no_error(err);
    }
    saved = rtnl_saved_take(rtnl, index, &err);
    g_assert_no_error(err);
    many.v4.s_addr = htonl(0x0a0a0000);
    rtnl_addr_add(rtnl, index, &many, 32, &err);
    g_assert_no_error(err);
    g_assert_null(rtnl_saved_take(rtnl, index, &err));
    g_assert_cmpstr(err->message, ==,
                    "the interface has more than 1024 addresses or routes");
}

static void errors_carry_the_kernels_words(void)
{
    g_autoptr(GError) err = NULL;
    struct rtnl_route route = { .family = AF_INET,
                                .gateway = addr("192.0.2.1") };

    g_assert_cmpint(rtnl_route_add(rtnl, &route, &err), ==, -1);
    g_assert_cmpstr(err->message, ==,
                    "add route default (IPv4) via 192.0.2.1: Nexthop has "
                    "invalid gateway: Network is unreachable");
    g_clear_error(&err);
    g_assert_cmpint(rtnl_link_delete(rtnl, 4711, &err), ==, -1);
    g_assert_nonnull(strstr(err->message, "delete interface 4711: "));
    g_clear_error(&err);
    g_assert_cmpint(rtnl_veth_add(rtnl, "a-name-of-20-letters", NULL, "p", NULL,
                                  1500, 0, &err),
                    ==, -1);
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_BAD_REQUEST);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) err = NULL;
    int rc;

    g_test_init(&argc, &argv, NULL);
    if (!own_namespace_enter()) {
        g_print("1..0 # SKIP no user namespaces here\n");
        return 0;
    }
    rtnl = rtnl_open(&err);
    g_assert_no_error(err);
    g_test_add_func("/rtnl/finds interfaces by name", finds_interfaces_by_name);
    g_test_add_func("/rtnl/makes a veth pair", makes_a_veth_pair);
    g_test_add_func("/rtnl/the peer can be born elsewhere",
                    the_peer_can_be_born_elsewhere);
    g_test_add_func("/rtnl/changes only what is asked",
                    changes_only_what_is_asked);
    g_test_add_func("/rtnl/adds addresses of both families",
                    adds_addresses_of_both_families);
    g_test_add_func("/rtnl/adds default routes", adds_default_routes);
    g_test_add_func("/rtnl/adds local and onlink routes by table",
                    adds_local_and_onlink_routes_by_table);
    g_test_add_func("/rtnl/adds mark rules", adds_mark_rules);
    g_test_add_func("/rtnl/adds permanent neighbours",
                    adds_permanent_neighbours);
    g_test_add_func("/rtnl/an interface with very much is not saved",
                    an_interface_with_very_much_is_not_saved);
    g_test_add_func("/rtnl/errors carry the kernel's words",
                    errors_carry_the_kernels_words);
    rc = g_test_run();
    rtnl_close(rtnl);
    return rc;
}
