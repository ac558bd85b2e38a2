/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "bridge/spec_complete.h"

#include <string.h>

static void set_subnet(struct spec *spec, size_t i, const char *net,
                       const char *gateway)
{
    struct spec_subnet *subnet = &spec->subnets[i];

    g_assert_true(ip_prefix_parse(net, &subnet->net, NULL));
    if (gateway != NULL)
        g_assert_true(ip_addr_parse(gateway, &subnet->gateway));
    spec->subnet_count = i + 1;
}

static struct spec named(const char *name)
{
    struct spec spec;

    spec_init(&spec);
    (void)g_strlcpy(spec.name, name, sizeof(spec.name));
    return spec;
}

static void assert_bad(const struct spec *spec, const char *part)
{
    g_autoptr(GError) err = NULL;

    g_assert_cmpint(spec_check(spec, &err), ==, -1);
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_BAD_REQUEST);
    if (strstr(err->message, part) == NULL)
        g_error("\"%s\" is not in \"%s\"", part, err->message);
}

static void names_are_what_engines_and_dns_take(void)
{
    static const struct {
        const char *text;
        bool name, host, interface;
    } rows[] = {
        { "web", true, true, true },
        { "my_app-1", true, true, true },
        { "a.b", true, true, true },
        { "a..b", true, false, true },
        { "a-", true, false, true },
        { "-a", false, false, false },
        { "_a", false, true, false },
        { "", false, false, false },
        { "a b", false, false, false },
        { "a/b", false, false, false },
        { "abcdefghijklmno", true, true, true },
        { "abcdefghijklmnop", true, true, false },
        { "\xc3\xa4", false, false, false },
    };
    g_autofree char *label = g_strnfill(63, 'a');
    g_autofree char *long_label = g_strnfill(64, 'a');
    g_autofree char *host =
        g_strjoin(".", label, label, label, "abcdefgh", NULL);
    g_autofree char *long_host = g_strconcat(host, "i", NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].text);
        g_assert_true(label_is_name(rows[i].text, 63) == rows[i].name);
        g_assert_true(label_is_host(rows[i].text) == rows[i].host);
        g_assert_true(label_is_interface(rows[i].text) == rows[i].interface);
    }
    g_assert_true(label_is_host(label));
    g_assert_false(label_is_host(long_label));
    g_assert_true(label_is_host(host));
    g_assert_false(label_is_host(long_host));
}

static void each_mistake_is_named(void)
{
    static const struct {
        const char *net, *gateway, *part;
    } rows[] = {
        { "10.1.0.0/31", NULL, "too small: the longest prefix is /30" },
        { "fd01::/127", NULL, "too small: the longest prefix is /126" },
        { "127.0.0.0/24", NULL, "no machine has" },
        { "224.0.0.0/24", NULL, "no machine has" },
        { "0.0.0.0/1", NULL, "no machine has" },
        { "fe80::/64", NULL, "no machine has" },
        { "10.1.0.0/24", "10.2.0.1",
          "gateway 10.2.0.1 is not an address "
          "inside the subnet 10.1.0.0/24" },
        { "10.1.0.0/24", "10.1.0.0", "gateway 10.1.0.0 is not" },
        { "10.1.0.0/24", "10.1.0.255", "gateway 10.1.0.255 is not" },
        { "10.1.0.0/24", "fd01::1", "gateway fd01::1 is not" },
    };
    struct spec spec;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        spec = named("a");
        set_subnet(&spec, 0, rows[i].net, rows[i].gateway);
        assert_bad(&spec, rows[i].part);
    }
    spec = named("a b");
    assert_bad(&spec, "\"a b\" is no name for a network");
    spec = named("a");
    strcpy(spec.interface, "port12");
    assert_bad(&spec, "no bridge may have the name port12");
    strcpy(spec.interface, "r0");
    assert_bad(&spec, "no bridge may have the name r0");
    strcpy(spec.interface, "portal");
    g_assert_cmpint(spec_check(&spec, NULL), ==, 0);
    spec.mtu = 1279;
    assert_bad(&spec, "an MTU of 1279 is not from 1280 to 65520");
    spec.mtu = 0;
    strcpy(spec.id, "abc");
    assert_bad(&spec, "not 64 hex digits");
}

static void ranges_and_routes_lie_inside(void)
{
    struct spec spec = named("a");
    struct spec_subnet *subnet = &spec.subnets[0];
    struct spec_route *route = &spec.routes[0];

    set_subnet(&spec, 0, "10.1.0.0/24", NULL);
    ip_addr_parse("10.1.1.1", &subnet->lease_first);
    assert_bad(&spec, "start of the lease range 10.1.1.1");
    ip_addr_parse("10.1.0.9", &subnet->lease_first);
    ip_addr_parse("10.1.0.8", &subnet->lease_last);
    assert_bad(&spec, "ends before it begins");
    ip_addr_parse("10.1.0.9", &subnet->lease_last);
    g_assert_cmpint(spec_check(&spec, NULL), ==, 0);

    spec.route_count = 1;
    ip_prefix_parse("10.7.0.0/16", &route->destination, NULL);
    assert_bad(&spec, "the route to 10.7.0.0/16 needs a gateway");
    ip_addr_parse("10.2.0.1", &route->gateway);
    assert_bad(&spec, "the gateway 10.2.0.1 of the route to 10.7.0.0/16 is in "
                      "no subnet");
    ip_addr_parse("10.1.0.1", &route->gateway);
    g_assert_cmpint(spec_check(&spec, NULL), ==, 0);

    set_subnet(&spec, 1, "10.1.0.128/25", NULL);
    assert_bad(&spec, "the subnets 10.1.0.0/24 and 10.1.0.128/25 overlap");
}

/* --- filling in --- */

struct world {
    struct spec_world it;
    struct ip_prefix held, avoided;
    const char *interface;
};

static const char *holder(void *self, const struct ip_prefix *net)
{
    const struct world *world = self;

    return ip_prefix_overlap(net, &world->held) ? "the network other" : NULL;
}

static bool avoid(void *self, const struct ip_prefix *net)
{
    const struct world *world = self;

    return ip_prefix_overlap(net, &world->avoided);
}

static bool has_interface(void *self, const char *name)
{
    return strcmp(name, ((struct world *)self)->interface) == 0;
}

static void world_init(struct world *world, const char *held,
                       const char *avoided)
{
    *world = (struct world){ .it = { holder,
                                     avoid,
                                     has_interface,
                                     world,
                                     1795312985,
                                     { 1, 2, 3, 4, 5 } },
                             .interface = "br0" };
    g_assert_true(ip_prefix_parse(held, &world->held, NULL));
    g_assert_true(ip_prefix_parse(avoided, &world->avoided, NULL));
}

static void assert_subnet(const struct spec *spec, size_t i, const char *net,
                          const char *gateway)
{
    char text[IP_PREFIX_TEXT_MAX];

    g_assert_cmpuint(spec->subnet_count, >, i);
    g_assert_cmpstr(ip_prefix_format(&spec->subnets[i].net, text), ==, net);
    g_assert_cmpstr(ip_addr_format(&spec->subnets[i].gateway, text), ==,
                    gateway);
}

static void what_is_open_is_filled_in(void)
{
    struct world world;
    struct spec spec = named("web");

    world_init(&world, "10.89.0.0/23", "10.89.2.9/32");
    spec.ipv6 = true;
    g_assert_cmpint(spec_complete(&spec, &world.it, NULL), ==, 0);
    assert_subnet(&spec, 0, "10.89.3.0/24", "10.89.3.1");
    assert_subnet(&spec, 1, "fd01:203:405::/64", "fd01:203:405::1");
    g_assert_cmpuint(spec.subnet_count, ==, 2);
    g_assert_cmpstr(spec.interface, ==, "br1");
    g_assert_cmpuint(strlen(spec.id), ==, SPEC_ID_LEN);
    g_assert_cmpint(spec.created, ==, 1795312985);
}

static void what_is_said_stays(void)
{
    struct world world;
    struct spec spec = named("web");

    world_init(&world, "10.89.0.0/16", "192.168.1.0/24");
    set_subnet(&spec, 0, "192.168.1.0/24", "192.168.1.254");
    set_subnet(&spec, 1, "fd05::/64", NULL);
    strcpy(spec.interface, "mine");
    g_assert_cmpint(spec_complete(&spec, &world.it, NULL), ==, 0);
    assert_subnet(&spec, 0, "192.168.1.0/24", "192.168.1.254");
    assert_subnet(&spec, 1, "fd05::/64", "fd05::1");
    g_assert_true(spec.ipv6);
    g_assert_cmpstr(spec.interface, ==, "mine");
}

static void conflicts_name_the_other(void)
{
    struct world world;
    struct spec spec = named("web");
    g_autoptr(GError) err = NULL;

    world_init(&world, "10.0.0.0/8", "192.168.1.0/24");
    set_subnet(&spec, 0, "10.3.0.0/24", NULL);
    g_assert_cmpint(spec_complete(&spec, &world.it, &err), ==, -1);
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT);
    g_assert_cmpstr(err->message, ==,
                    "the subnet 10.3.0.0/24 overlaps with the network other");
    g_clear_error(&err);

    spec = named("web");
    g_assert_cmpint(spec_complete(&spec, &world.it, &err), ==, -1);
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_UNAVAILABLE);
    g_clear_error(&err);

    spec = named("web");
    set_subnet(&spec, 0, "11.0.0.0/24", NULL);
    strcpy(spec.interface, "br0");
    g_assert_cmpint(spec_complete(&spec, &world.it, &err), ==, -1);
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT);
}

/* --- comparing --- */

static void equal_definitions_match(void)
{
    struct world world;
    struct spec asked = named("web"), made = named("web"), other;

    world_init(&world, "10.89.0.0/24", "10.89.0.0/24");
    g_assert_cmpint(spec_complete(&made, &world.it, NULL), ==, 0);
    g_assert_true(spec_matches(&asked, &made));
    g_assert_true(spec_matches(&made, &made));
    other = made;
    other.internal = true;
    g_assert_false(spec_matches(&other, &made));
    other = asked;
    other.ipv6 = true;
    g_assert_false(spec_matches(&other, &made));
    other = asked;
    set_subnet(&other, 0, "10.89.7.0/24", NULL);
    g_assert_false(spec_matches(&other, &made));
    other = asked;
    other.dns_server_count = 1;
    ip_addr_parse("9.9.9.9", &other.dns_servers[0]);
    g_assert_false(spec_matches(&other, &made));
    other = made;
    other.dns_server_count = 1;
    other.isolate = SPEC_ISOLATE_FALSE;
    g_assert_cmpint(spec_check_update(&made, &other, NULL), ==, 0);
    other.mtu = 1500;
    g_assert_cmpint(spec_check_update(&made, &other, NULL), ==, -1);
}

static void isolation_is_mutual(void)
{
    /* Rows and columns: strict, true, false. */
    static const bool connects[3][3] = { { false, false, false },
                                         { false, false, true },
                                         { false, true, true } };
    struct spec a = named("a"), b = named("b");

    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            a.isolate = (enum spec_isolate)i;
            b.isolate = (enum spec_isolate)j;
            g_assert_true(spec_connects(&a, &b) == connects[i][j]);
        }
    }
    b.internal = true;
    g_assert_false(spec_connects(&a, &b));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spec/names_are_what_engines_and_dns_take",
                    names_are_what_engines_and_dns_take);
    g_test_add_func("/spec/each_mistake_is_named", each_mistake_is_named);
    g_test_add_func("/spec/ranges_and_routes_lie_inside",
                    ranges_and_routes_lie_inside);
    g_test_add_func("/spec/what_is_open_is_filled_in",
                    what_is_open_is_filled_in);
    g_test_add_func("/spec/what_is_said_stays", what_is_said_stays);
    g_test_add_func("/spec/conflicts_name_the_other", conflicts_name_the_other);
    g_test_add_func("/spec/equal_definitions_match", equal_definitions_match);
    g_test_add_func("/spec/isolation_is_mutual", isolation_is_mutual);
    return g_test_run();
}
