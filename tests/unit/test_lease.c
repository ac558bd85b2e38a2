/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/lease.h"

#include "base/error.h"

#include <string.h>

struct fixture {
    struct spec spec;
    struct leases *leases;
};

static struct ip_addr addr(const char *text)
{
    struct ip_addr out;

    g_assert_true(ip_addr_parse(text, &out));
    return out;
}

static void set_up(struct fixture *f, gconstpointer data)
{
    static const char *const nets[] = { "10.89.0.0/29", "fd01::/64" };

    (void)data;
    spec_init(&f->spec);
    strcpy(f->spec.name, "web");
    for (size_t i = 0; i < G_N_ELEMENTS(nets); i++) {
        struct spec_subnet *subnet = &f->spec.subnets[i];

        g_assert_true(ip_prefix_parse(nets[i], &subnet->net, NULL));
        subnet->gateway = ip_addr_next(&subnet->net.addr);
        f->spec.subnet_count = i + 1;
    }
    f->leases = leases_new(&f->spec);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
    (void)data;
    leases_free(f->leases);
}

static void assert_pick(struct fixture *f, size_t subnet, const char *want)
{
    struct ip_addr got;
    char text[IP_ADDR_TEXT_MAX];

    g_assert_cmpint(leases_pick(f->leases, subnet, "c", &got, NULL), ==, 0);
    g_assert_cmpstr(ip_addr_format(&got, text), ==, want);
}

static void drop(struct fixture *f, const char *text)
{
    struct ip_addr a = addr(text);

    leases_drop(f->leases, &a);
}

static void addresses_go_round(struct fixture *f, gconstpointer data)
{
    (void)data;
    assert_pick(f, 0, "10.89.0.2");
    assert_pick(f, 0, "10.89.0.3");
    drop(f, "10.89.0.2");
    assert_pick(f, 0, "10.89.0.4");
    assert_pick(f, 0, "10.89.0.5");
    assert_pick(f, 0, "10.89.0.6");
    assert_pick(f, 0, "10.89.0.2");
    assert_pick(f, 1, "fd01::2");
    assert_pick(f, 1, "fd01::3");
}

static void a_full_pool_says_so(struct fixture *f, gconstpointer data)
{
    struct ip_addr got;
    g_autoptr(GError) err = NULL;

    (void)data;
    for (int i = 0; i < 5; i++)
        g_assert_cmpint(leases_pick(f->leases, 0, "c", &got, NULL), ==, 0);
    g_assert_cmpint(leases_pick(f->leases, 0, "c", &got, &err), ==, -1);
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_UNAVAILABLE);
    g_assert_cmpstr(err->message, ==,
                    "all addresses of the subnet 10.89.0.0/29 of the network "
                    "web are taken");
    g_assert_cmpuint(leases_count(f->leases), ==, 5);
}

static void the_range_bounds_picks_alone(struct fixture *f, gconstpointer data)
{
    struct ip_addr outside = addr("10.89.0.6"), got;

    (void)data;
    f->spec.subnets[0].lease_first = addr("10.89.0.3");
    f->spec.subnets[0].lease_last = addr("10.89.0.4");
    g_assert_cmpint(leases_take(f->leases, &outside, "c", NULL), ==, 0);
    assert_pick(f, 0, "10.89.0.3");
    assert_pick(f, 0, "10.89.0.4");
    g_assert_cmpint(leases_pick(f->leases, 0, "c", &got, NULL), ==, -1);
    drop(f, "10.89.0.3");
    assert_pick(f, 0, "10.89.0.3");
}

static void asked_addresses_are_checked(struct fixture *f, gconstpointer data)
{
    static const struct {
        const char *addr;
        enum slipgate_error code;
        const char *desc;
    } rows[] = {
        { "10.90.0.2", SLIPGATE_ERROR_BAD_REQUEST,
          "the address 10.90.0.2 is outside the subnets of the network web" },
        { "10.89.0.0", SLIPGATE_ERROR_BAD_REQUEST,
          "the address 10.89.0.0 is that of the network web itself" },
        { "10.89.0.7", SLIPGATE_ERROR_BAD_REQUEST,
          "the address 10.89.0.7 is that of the network web itself" },
        { "fd01::", SLIPGATE_ERROR_BAD_REQUEST,
          "the address fd01:: is that of the network web itself" },
        { "10.89.0.1", SLIPGATE_ERROR_CONFLICT,
          "the address 10.89.0.1 is the gateway of the network web" },
        { "10.89.0.3", SLIPGATE_ERROR_CONFLICT,
          "the container db has the address 10.89.0.3" },
    };
    struct ip_addr taken = addr("10.89.0.3");

    (void)data;
    g_assert_cmpint(leases_take(f->leases, &taken, "db", NULL), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct ip_addr a = addr(rows[i].addr);
        g_autoptr(GError) err = NULL;

        g_assert_cmpint(leases_take(f->leases, &a, "c", &err), ==, -1);
        g_assert_error(err, SLIPGATE_ERROR, (int)rows[i].code);
        g_assert_cmpstr(err->message, ==, rows[i].desc);
    }
    assert_pick(f, 0, "10.89.0.2");
    assert_pick(f, 0, "10.89.0.4");
}

static void mac_addresses_follow_from_addresses(void)
{
    static const uint8_t want[6] = { 0x52, 0x73, 10, 89, 0, 2 };
    static const uint8_t want6[6] = { 0x52, 0x73, 0, 0, 0, 9 };
    struct ip_addr a = addr("10.89.0.2"), b = addr("fd01::9");
    uint8_t mac[6];

    lease_mac(&a, mac);
    g_assert_true(memcmp(mac, want, sizeof(mac)) == 0);
    lease_mac(&b, mac);
    g_assert_true(memcmp(mac, want6, sizeof(mac)) == 0);
}

#define ADD(name) \
    g_test_add("/lease/" #name, struct fixture, NULL, set_up, name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(addresses_go_round);
    ADD(a_full_pool_says_so);
    ADD(the_range_bounds_picks_alone);
    ADD(asked_addresses_are_checked);
    g_test_add_func("/lease/mac_addresses_follow_from_addresses",
                    mac_addresses_follow_from_addresses);
    return g_test_run();
}
