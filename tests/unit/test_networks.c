/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/networks.h"

#include "bridge/lease.h"
#include "fake_bridge.h"

struct fixture {
    struct fake_bridge fake;
    struct ip_prefix own;
    struct networks *networks;
    GString *told; /* a letter for each change */
};

static void changed(void *self, enum networks_change change,
                    const struct network *network,
                    const struct net_attachment *attachment)
{
    static const char letters[] = "CURADG";
    struct fixture *f = self;

    g_assert_nonnull(network_spec(network)->name);
    g_assert_true((attachment != NULL) == (change >= NETWORKS_ATTACHED));
    g_string_append_c(f->told, letters[change]);
}

static void set_up(struct fixture *f, gconstpointer data)
{
    struct networks_config config = { .driver = &f->fake.driver,
                                      .own = &f->own,
                                      .own_count = 1,
                                      .own_name = "the guest's own network",
                                      .changed = changed,
                                      .self = f };

    (void)data;
    fake_bridge_init(&f->fake);
    g_assert_true(ip_prefix_parse("10.0.2.0/24", &f->own, NULL));
    f->told = g_string_new(NULL);
    f->networks = networks_new(&config);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
    (void)data;
    networks_free(f->networks);
    g_string_free(f->told, TRUE);
    g_assert_cmpint(f->fake.networks, ==, 0);
    g_assert_cmpint(f->fake.ports, ==, 0);
}

static const struct network *create(struct fixture *f, const char *name,
                                    const char *net, GError **err)
{
    struct spec spec;

    spec_init(&spec);
    (void)g_strlcpy(spec.name, name, sizeof(spec.name));
    if (net != NULL) {
        g_assert_true(ip_prefix_parse(net, &spec.subnets[0].net, NULL));
        spec.subnet_count = 1;
    }
    return networks_create(f->networks, &spec, err);
}

static struct net_attachment container(const char *key)
{
    struct net_attachment asked;

    attachment_init(&asked);
    (void)g_strlcpy(asked.container, key, sizeof(asked.container));
    return asked;
}

static const struct net_attachment *attach(struct fixture *f,
                                           const char *network,
                                           const struct net_attachment *asked,
                                           GError **err)
{
    struct attach_target target = { .netns_fd = -1, .path = "/alive" };

    return networks_attach(f->networks, network, asked, &target, err);
}

static void assert_error(GError *err, enum slipgate_error code,
                         const char *message)
{
    g_assert_error(err, SLIPGATE_ERROR, (int)code);
    g_assert_cmpstr(err->message, ==, message);
    g_error_free(err);
}

static void networks_come_and_go(struct fixture *f, gconstpointer data)
{
    const struct network *a = create(f, "a", NULL, NULL);
    const struct network *b = create(f, "b", NULL, NULL);

    (void)data;
    g_assert_true(a != NULL && b != NULL);
    g_assert_true(create(f, "a", NULL, NULL) == a);
    g_assert_true(create(f, "a", "10.89.0.0/24", NULL) == a);
    g_assert_cmpint(f->fake.networks, ==, 2);
    g_assert_cmpstr(network_spec(a)->interface, ==, "br0");
    g_assert_cmpstr(network_spec(b)->interface, ==, "br1");
    g_assert_true(networks_find(f->networks, network_spec(b)->id, NULL) == b);
    g_assert_cmpint(networks_remove(f->networks, "a", false, NULL), ==, 0);
    g_assert_null(networks_find(f->networks, "a", NULL));
    g_assert_cmpuint(networks_count(f->networks), ==, 1);
    /* What was let go is free again. */
    a = create(f, "c", NULL, NULL);
    g_assert_cmpstr(network_spec(a)->interface, ==, "br0");
    g_assert_cmpstr(f->told->str, ==, "CCRC");
}

static void what_cannot_be_leaves_nothing(struct fixture *f, gconstpointer data)
{
    struct spec spec;
    GError *err = NULL;

    (void)data;
    g_assert_nonnull(create(f, "a", "10.1.0.0/24", NULL));
    g_assert_null(create(f, "a", "10.2.0.0/24", &err));
    assert_error(g_steal_pointer(&err), SLIPGATE_ERROR_CONFLICT,
                 "there is another network a, which is defined otherwise");
    g_assert_null(create(f, "b", "10.1.0.128/25", &err));
    assert_error(g_steal_pointer(&err), SLIPGATE_ERROR_CONFLICT,
                 "the subnet 10.1.0.128/25 overlaps with the network a");
    g_assert_null(create(f, "b", "10.0.0.0/8", &err));
    assert_error(g_steal_pointer(&err), SLIPGATE_ERROR_CONFLICT,
                 "the subnet 10.0.0.0/8 overlaps with the guest's own network");
    spec_init(&spec);
    strcpy(spec.name, "b");
    strcpy(spec.interface, "broken0");
    g_assert_null(networks_create(f->networks, &spec, &err));
    assert_error(g_steal_pointer(&err), SLIPGATE_ERROR_SYSTEM,
                 "make broken0: Broken pipe");
    g_assert_cmpint(networks_remove(f->networks, "b", true, &err), ==, -1);
    assert_error(g_steal_pointer(&err), SLIPGATE_ERROR_NOT_FOUND,
                 "there is no network b");
    g_assert_cmpuint(networks_count(f->networks), ==, 1);
    g_assert_cmpstr(f->told->str, ==, "C");
}

static void containers_get_what_they_left_open(struct fixture *f,
                                               gconstpointer data)
{
    static const uint8_t mac[6] = { 0x52, 0x73, 10, 89, 0, 2 };
    struct net_attachment c1 = container("c1"), c2 = container("c2.example");
    const struct net_attachment *made;

    (void)data;
    create(f, "a", NULL, NULL);
    create(f, "b", NULL, NULL);
    made = attach(f, "a", &c1, NULL);
    g_assert_cmpstr(f->fake.last_addr, ==, "10.89.0.2");
    g_assert_cmpstr(made->interface, ==, "eth0");
    g_assert_cmpstr(made->name, ==, "c1");
    g_assert_true(memcmp(made->mac, mac, sizeof(mac)) == 0);
    g_assert_cmpuint(made->metric, ==, SPEC_METRIC_DEFAULT);
    made = attach(f, "b", &c1, NULL);
    g_assert_cmpstr(f->fake.last_addr, ==, "10.89.1.2");
    g_assert_cmpstr(made->interface, ==, "eth1");
    made = attach(f, "a", &c2, NULL);
    g_assert_cmpstr(f->fake.last_addr, ==, "10.89.0.3");
    g_assert_cmpstr(made->interface, ==, "eth0");
    g_assert_true(networks_attachment(f->networks, "a", "c2.example", NULL) ==
                  made);
    g_assert_cmpstr(f->told->str, ==, "CCAAA");
}

static void a_failed_attach_leaves_nothing(struct fixture *f,
                                           gconstpointer data)
{
    struct net_attachment c1 = container("c1"), c2 = container("c2");
    struct attach_target dead = { .netns_fd = -1, .path = "/dead" };
    GError *err = NULL;

    (void)data;
    create(f, "a", NULL, NULL);
    g_assert_null(networks_attach(f->networks, "a", &c1, &dead, &err));
    assert_error(g_steal_pointer(&err), SLIPGATE_ERROR_NOT_FOUND,
                 "no namespace is there");
    strcpy(c1.interface, "broken0");
    ip_addr_parse("10.89.0.9", &c1.addrs[0]);
    c1.addr_count = 1;
    g_assert_null(attach(f, "a", &c1, NULL));
    /* Its address is free again. */
    c1.interface[0] = '\0';
    g_assert_nonnull(attach(f, "a", &c1, NULL));
    g_assert_null(attach(f, "a", &c1, &err));
    assert_error(g_steal_pointer(&err), SLIPGATE_ERROR_CONFLICT,
                 "the container c1 is attached to the network a already");
    c2.addrs[0] = c1.addrs[0];
    c2.addr_count = 1;
    g_assert_null(attach(f, "a", &c2, &err));
    assert_error(g_steal_pointer(&err), SLIPGATE_ERROR_CONFLICT,
                 "the container c1 has the address 10.89.0.9");
    c2.addr_count = 0;
    lease_mac(&c1.addrs[0], c2.mac);
    c2.has_mac = true;
    g_assert_null(attach(f, "a", &c2, &err));
    assert_error(g_steal_pointer(&err), SLIPGATE_ERROR_CONFLICT,
                 "the container c1 has this MAC address");
    g_assert_null(attach(f, "nowhere", &c2, &err));
    assert_error(g_steal_pointer(&err), SLIPGATE_ERROR_NOT_FOUND,
                 "there is no network nowhere");
    c2.has_mac = false;
    g_assert_nonnull(attach(f, "a", &c2, NULL));
    g_assert_cmpint(f->fake.ports, ==, 2);
    g_assert_cmpstr(f->told->str, ==, "CAA");
}

static void bad_containers_are_refused(struct fixture *f, gconstpointer data)
{
    struct net_attachment c = container("a b");
    char *aliases[] = { (char *)(uintptr_t) "ok", (char *)(uintptr_t) "no.",
                        NULL };
    GError *err = NULL;

    (void)data;
    create(f, "a", NULL, NULL);
    g_assert_null(attach(f, "a", &c, &err));
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_BAD_REQUEST);
    g_clear_error(&err);
    c = container("c");
    c.aliases = aliases;
    g_assert_null(attach(f, "a", &c, &err));
    assert_error(g_steal_pointer(&err), SLIPGATE_ERROR_BAD_REQUEST,
                 "the alias \"no.\" is no name that can be served: labels of 1 "
                 "to 63 letters, digits, '-' and '_', joined by dots");
    c.aliases = NULL;
    c.has_mac = true;
    c.mac[0] = 1;
    g_assert_null(attach(f, "a", &c, &err));
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_BAD_REQUEST);
    g_clear_error(&err);
    g_assert_cmpint(f->fake.ports, ==, 0);
}

static void removal_minds_containers(struct fixture *f, gconstpointer data)
{
    struct net_attachment c1 = container("c1"), c2 = container("c2");
    GError *err = NULL;

    (void)data;
    create(f, "a", NULL, NULL);
    attach(f, "a", &c1, NULL);
    attach(f, "a", &c2, NULL);
    g_assert_cmpint(networks_remove(f->networks, "a", false, &err), ==, -1);
    assert_error(g_steal_pointer(&err), SLIPGATE_ERROR_CONFLICT,
                 "2 containers are attached to the network a: c1, ...");
    g_assert_cmpint(networks_detach(f->networks, "a", "c2", NULL), ==, 0);
    g_assert_cmpint(networks_detach(f->networks, "a", "c2", &err), ==, -1);
    assert_error(g_steal_pointer(&err), SLIPGATE_ERROR_NOT_FOUND,
                 "no container c2 is attached to the network a");
    g_assert_cmpint(networks_remove(f->networks, "a", true, NULL), ==, 0);
    g_assert_cmpint(f->fake.ports, ==, 0);
    g_assert_cmpstr(f->told->str, ==, "CAADDR");
}

static void death_frees_what_was_held(struct fixture *f, gconstpointer data)
{
    struct net_attachment c1 = container("c1"), c2 = container("c2");

    (void)data;
    create(f, "a", "10.5.0.0/30", NULL);
    attach(f, "a", &c1, NULL);
    g_assert_null(attach(f, "a", &c2, NULL));
    networks_gone(f->networks, (const void *)f->fake.last_handle);
    networks_gone(f->networks, (const void *)f->fake.last_handle);
    g_assert_cmpint(f->fake.gone, ==, 1);
    g_assert_nonnull(attach(f, "a", &c2, NULL));
    g_assert_cmpstr(f->fake.last_addr, ==, "10.5.0.2");
    g_assert_cmpstr(f->told->str, ==, "CAGA");
}

static void updates_are_whole_or_not_at_all(struct fixture *f,
                                            gconstpointer data)
{
    const struct network *a = create(f, "a", NULL, NULL);
    struct spec wanted;

    (void)data;
    spec_copy(&wanted, network_spec(a));
    wanted.dns_server_count = 1;
    wanted.dns_servers[0] = ip_addr_v4_host(0x09090909);
    g_assert_cmpint(networks_update(f->networks, "a", &wanted, NULL), ==, 0);
    g_assert_cmpuint(network_spec(a)->dns_server_count, ==, 1);
    wanted.dns_server_count = SPEC_DNS_MAX;
    wanted.icc = false;
    g_assert_cmpint(networks_update(f->networks, "a", &wanted, NULL), ==, -1);
    wanted.internal = true;
    g_assert_cmpint(networks_update(f->networks, "a", &wanted, NULL), ==, -1);
    g_assert_cmpuint(network_spec(a)->dns_server_count, ==, 1);
    g_assert_true(network_spec(a)->icc);
    g_assert_cmpint(f->fake.updates, ==, 2);
    g_assert_cmpstr(f->told->str, ==, "CU");
    spec_clear(&wanted);
}

static void there_is_an_end_to_networks(struct fixture *f, gconstpointer data)
{
    char name[16] = "";
    g_autoptr(GError) err = NULL;

    (void)data;
    for (unsigned i = 0; i < NETWORKS_MAX; i++) {
        char net[32];

        (void)g_snprintf(name, sizeof(name), "n%u", i);
        (void)g_snprintf(net, sizeof(net), "10.%u.%u.0/24", 100 + i / 256,
                         i % 256);
        g_assert_nonnull(create(f, name, net, &err));
        g_assert_no_error(err);
    }
    g_assert_null(create(f, "more", "10.200.0.0/24", &err));
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_UNAVAILABLE);
    g_assert_cmpint(f->fake.networks, ==, NETWORKS_MAX);
    /* One that is there is no new one, and one that goes makes room. */
    g_assert_nonnull(create(f, name, NULL, NULL));
    g_assert_cmpint(networks_remove(f->networks, name, false, NULL), ==, 0);
    g_assert_nonnull(create(f, "more", "10.200.0.0/24", NULL));
}

#define ADD(name)                                                      \
    g_test_add("/networks/" #name, struct fixture, NULL, set_up, name, \
               tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(networks_come_and_go);
    ADD(what_cannot_be_leaves_nothing);
    ADD(containers_get_what_they_left_open);
    ADD(a_failed_attach_leaves_nothing);
    ADD(bad_containers_are_refused);
    ADD(removal_minds_containers);
    ADD(death_frees_what_was_held);
    ADD(updates_are_whole_or_not_at_all);
    ADD(there_is_an_end_to_networks);
    return g_test_run();
}
