/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/verbs_network.h"

#include "fake_bridge.h"

struct fixture {
    struct fake_bridge fake;
    struct networks *networks;
    struct verbs *verbs;
    int fd; /* rides along with each request; -1 */
};

static void set_up(struct fixture *f, gconstpointer data)
{
    const struct networks_config config = { .driver = &f->fake.driver };

    (void)data;
    fake_bridge_init(&f->fake);
    f->networks = networks_new(&config);
    f->verbs = verbs_new();
    f->fd = -1;
    verbs_network_add(f->verbs, f->networks);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
    (void)data;
    verbs_free(f->verbs);
    networks_free(f->networks);
    g_assert_cmpint(f->fake.networks, ==, 0);
    g_assert_cmpint(f->fake.ports, ==, 0);
}

static char *run(struct fixture *f, const char *verb, const char *args)
{
    g_autofree char *text = g_strdup_printf(
        "{\"execute\":\"network_%s\",\"arguments\":%s}", verb, args);
    int fds[] = { f->fd };
    struct verb_request request = {
        .text = text, .len = strlen(text), .fds = fds, .fd_count = f->fd >= 0
    };
    bool keep_open;

    return verbs_run(f->verbs, &request, &keep_open);
}

static void check(struct fixture *f, const char *verb, const char *args,
                  const char *answer)
{
    g_autofree char *text = run(f, verb, args);

    g_assert_cmpstr(text, ==, answer);
}

static void check_bad(struct fixture *f, const char *verb, const char *args,
                      const char *code, const char *desc)
{
    bool bad = strcmp(code, "bad-request") == 0;
    g_autofree char *want = g_strdup_printf(
        "{\"error\":{\"code\":\"%s\",\"desc\":\"%snetwork_%s: %s\"}}", code,
        bad ? "bad request: " : "", verb, desc);

    check(f, verb, args, want);
}

static void create(struct fixture *f, const char *args)
{
    g_autofree char *text = run(f, "create", args);

    if (!g_str_has_prefix(text, "{\"return\":"))
        g_error("%s", text);
}

#define CREATED "2026-11-22T03:44:05Z"
#define NET_A                                                                 \
    "{\"name\":\"a\",\"id\":\"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e" \
    "72b9807785afee48bb\",\"driver\":\"bridge\",\"network_interface\":"       \
    "\"br0\",\"created\":\"" CREATED "\",\"subnets\":[{\"subnet\":"           \
    "\"10.89.0.0/24\",\"gateway\":\"10.89.0.1\"}],\"ipv6_enabled\":false,"    \
    "\"internal\":false,\"dns_enabled\":true,\"masquerade\":true,"            \
    "\"options\":{\"isolate\":\"strict\"},\"ipam_options\":{\"driver\":"      \
    "\"host-local\"}"

static void a_network_is_told_in_netavarks_words(struct fixture *f,
                                                 gconstpointer data)
{
    static const char ask[] = "{\"name\":\"a\",\"created\":\"" CREATED "\"}";

    (void)data;
    check(f, "create", ask, "{\"return\":{\"network\":" NET_A "}}}");
    /* What it answered may be sent back, and is the same network. */
    check(f, "create", NET_A "}", "{\"return\":{\"network\":" NET_A "}}}");
    check(f, "list", "{}",
          "{\"return\":{\"networks\":[" NET_A ",\"containers\":0}]}}");
    check(f, "inspect", "{\"name\":\"a\"}",
          "{\"return\":{\"network\":" NET_A "},\"containers\":{}}}");
    check(f, "remove", "{\"name\":\"a\"}", "{\"return\":{}}");
    check(f, "list", "{}", "{\"return\":{\"networks\":[]}}");
}

/* Engines that do not know the time send the beginning of the first year. */
static void a_time_before_all_is_none(struct fixture *f, gconstpointer data)
{
    g_autofree char *text = run(
        f, "create", "{\"name\":\"a\",\"created\":\"0001-01-01T00:00:00Z\"}");

    (void)data;
    g_assert_nonnull(strstr(text, "\"created\":\"20"));
}

static void all_of_a_definition_is_kept(struct fixture *f, gconstpointer data)
{
    static const char all[] =
        "{\"name\":\"b\",\"id\":\"0123456789012345678901234567890123456789012"
        "345678901234567890123\",\"driver\":\"bridge\",\"network_interface\":"
        "\"web0\",\"created\":\"" CREATED "\",\"subnets\":[{\"subnet\":"
        "\"10.1.0.0/24\",\"gateway\":\"10.1.0.254\",\"lease_range\":{"
        "\"start_ip\":\"10.1.0.10\",\"end_ip\":\"10.1.0.20\"}},{\"subnet\":"
        "\"fd01::/64\",\"gateway\":\"fd01::9\"}],\"routes\":[{\"destination\":"
        "\"10.9.0.0/16\",\"gateway\":\"10.1.0.2\",\"metric\":7}],"
        "\"ipv6_enabled\":true,\"internal\":true,\"dns_enabled\":false,"
        "\"network_dns_servers\":[\"9.9.9.9\",\"2620:fe::fe\"],"
        "\"masquerade\":false,\"labels\":{\"k\":\"v\",\"l\":\"\"},\"options\":"
        "{\"mtu\":\"9000\",\"metric\":\"50\",\"isolate\":\"false\",\"icc\":"
        "\"false\",\"no_default_route\":\"true\"},\"ipam_options\":{"
        "\"driver\":\"host-local\"}}";
    g_autofree char *want =
        g_strdup_printf("{\"return\":{\"network\":%s}}", all);

    (void)data;
    check(f, "create", all, want);
}

static void options_may_be_values_or_dockers(struct fixture *f,
                                             gconstpointer data)
{
    const struct spec *spec;

    (void)data;
    create(f, "{\"name\":\"a\",\"options\":{\"mtu\":1400,\"icc\":false,"
              "\"isolate\":true,\"mode\":\"managed\"}}");
    spec = network_spec(networks_at(f->networks, 0));
    g_assert_cmpuint(spec->mtu, ==, 1400);
    g_assert_false(spec->icc);
    g_assert_cmpint(spec->isolate, ==, SPEC_ISOLATE_TRUE);
    create(f, "{\"name\":\"b\",\"options\":{\"com.docker.network.driver.mtu\":"
              "\"1300\",\"com.docker.network.bridge.name\":\"dock0\","
              "\"com.docker.network.bridge.enable_ip_masquerade\":\"false\"}}");
    spec = network_spec(networks_at(f->networks, 1));
    g_assert_cmpuint(spec->mtu, ==, 1300);
    g_assert_cmpstr(spec->interface, ==, "dock0");
    g_assert_false(spec->masquerade);
}

static void bad_definitions_are_told(struct fixture *f, gconstpointer data)
{
    static const struct {
        const char *args, *desc;
    } bad[] = {
        { "{}", "bad arguments.name: missing" },
        { "{\"name\":1}", "bad arguments.name: must be a string" },
        { "{\"name\":\"a\",\"nmae\":1}",
          "bad arguments.nmae: unknown argument" },
        { "{\"name\":\"a/b\"}",
          "\\\"a/b\\\" is no name for a network: 1 to 63 letters, digits, "
          "'_', '.' and '-', the first a letter or a digit" },
        { "{\"name\":\"a\",\"driver\":\"macvlan\"}",
          "bad arguments.driver: only \\\"bridge\\\" can be had" },
        { "{\"name\":\"a\",\"ipam_options\":{\"driver\":\"dhcp\"}}",
          "bad ipam_options.driver: only \\\"host-local\\\" can be had" },
        { "{\"name\":\"a\",\"subnets\":[{\"subnet\":\"10.1.0.7/24\"}]}",
          "bad subnets.subnet: 10.1.0.7/24 is an address in the network "
          "10.1.0.0/24: name that" },
        { "{\"name\":\"a\",\"subnets\":[{\"subnet\":\"10.1.0.0\"}]}",
          "bad subnets.subnet: must be a network as 10.89.0.0/24" },
        { "{\"name\":\"a\",\"subnets\":[{}]}", "bad subnets.subnet: missing" },
        { "{\"name\":\"a\",\"subnets\":{}}",
          "bad arguments.subnets: must be an array" },
        { "{\"name\":\"a\",\"subnets\":[{},{},{},{},{},{},{},{},{}]}",
          "bad arguments.subnets: must have at most 8 members" },
        { "{\"name\":\"a\",\"subnets\":[1]}",
          "bad arguments.subnets: must hold objects" },
        { "{\"name\":\"a\",\"subnets\":[{\"subnet\":\"10.1.0.0/31\"}]}",
          "the subnet 10.1.0.0/31 is too small: the longest prefix is /30" },
        { "{\"name\":\"a\",\"subnets\":[{\"subnet\":\"10.1.0.0/24\","
          "\"gateway\":\"10.2.0.1\"}]}",
          "the gateway 10.2.0.1 is not an address inside the subnet "
          "10.1.0.0/24" },
        { "{\"name\":\"a\",\"options\":{\"mtu\":\"many\"}}",
          "bad options.mtu: must be a number" },
        { "{\"name\":\"a\",\"options\":{\"vlan\":\"7\"}}",
          "bad options.vlan: there is no such option" },
        { "{\"name\":\"a\",\"options\":{\"icc\":[]}}",
          "bad options.icc: must be true or false" },
        { "{\"name\":\"a\",\"network_dns_servers\":[\"x\"]}",
          "bad arguments.network_dns_servers: must hold IPv4 or IPv6 "
          "addresses only" },
        { "{\"name\":\"a\",\"labels\":{\"k\":1}}",
          "bad arguments.labels: must hold strings only" },
        { "{\"name\":\"a\",\"created\":\"now\"}",
          "bad arguments.created: must be a time of RFC 3339" },
        { "{\"name\":\"a\",\"network_interface\":\"0123456789012345\"}",
          "bad arguments.network_interface: must have at most 15 "
          "characters" },
    };

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        check_bad(f, "create", bad[i].args, "bad-request", bad[i].desc);
    g_assert_cmpuint(networks_count(f->networks), ==, 0);
    create(f, "{\"name\":\"a\"}");
    check_bad(f, "create", "{\"name\":\"a\",\"internal\":true}", "conflict",
              "there is another network a, which is defined otherwise");
    check_bad(f, "inspect", "{\"name\":\"b\"}", "not-found",
              "there is no network b");
}

#define STATUS                                                        \
    "\"dns_search_domains\":[\"dns.podman\"],\"dns_server_ips\":"     \
    "[\"10.89.0.1\"],\"interfaces\":{\"eth0\":{\"mac_address\":"      \
    "\"52:73:0a:59:00:02\",\"subnets\":[{\"ipnet\":\"10.89.0.2/24\"," \
    "\"gateway\":\"10.89.0.1\"}]}}"

static void attaching_answers_a_status_block(struct fixture *f,
                                             gconstpointer data)
{
    (void)data;
    create(f, "{\"name\":\"a\",\"created\":\"" CREATED "\"}");
    check(f, "attach",
          "{\"network\":\"a\",\"container\":\"c1\",\"pid\":7,\"aliases\":"
          "[\"db\"]}",
          "{\"return\":{" STATUS "}}");
    check(f, "inspect", "{\"name\":\"a\"}",
          "{\"return\":{\"network\":" NET_A "},\"containers\":{\"c1\":{"
          "\"container\":\"c1\",\"container_name\":\"c1\","
          "\"interface_name\":\"eth0\",\"static_ips\":[\"10.89.0.2\"],"
          "\"static_mac\":\"52:73:0a:59:00:02\",\"aliases\":[\"db\"],"
          "\"default_route\":true,\"metric\":100," STATUS "}}}}");
    check_bad(f, "remove", "{\"name\":\"a\"}", "conflict",
              "1 container is attached to the network a: c1");
    check(f, "detach", "{\"network\":\"a\",\"container\":\"c1\"}",
          "{\"return\":{}}");
    check_bad(f, "detach", "{\"network\":\"a\",\"container\":\"c1\"}",
              "not-found", "no container c1 is attached to the network a");
}

static void one_way_to_the_container_is_needed(struct fixture *f,
                                               gconstpointer data)
{
    static const char none[] = "{\"network\":\"a\",\"container\":\"c\"}";
    static const char both[] = "{\"network\":\"a\",\"container\":\"c\","
                               "\"pid\":7,\"netns\":\"/x\"}";

    (void)data;
    create(f, "{\"name\":\"a\"}");
    check_bad(f, "attach", none, "bad-request",
              "bad arguments.pid: a pid, a path netns, or a descriptor is "
              "needed");
    check_bad(f, "attach", both, "bad-request",
              "bad arguments.netns: stands instead of pid");
    check_bad(f, "attach",
              "{\"network\":\"a\",\"container\":\"c\",\"netns\":\"x\"}",
              "bad-request", "bad arguments.netns: must begin with \\\"/\\\"");
    check_bad(f, "attach", "{\"network\":\"a\",\"container\":\"c\",\"pid\":0}",
              "bad-request",
              "bad arguments.pid: must be an integer from 1 to 4194304");
    f->fd = 0;
    check_bad(f, "attach", both, "bad-request",
              "bad arguments.netns: stands instead of pid");
    g_assert_cmpint(f->fake.ports, ==, 0);
    g_free(run(f, "attach", none));
    g_assert_cmpint(f->fake.ports, ==, 1);
}

static void bad_containers_are_told(struct fixture *f, gconstpointer data)
{
    static const struct {
        const char *rest, *code, *desc;
    } bad[] = {
        { "\"static_ips\":[\"10.1.0.2\"]", "bad-request",
          "the address 10.1.0.2 is outside the subnets of the network a" },
        { "\"static_ips\":[\"10.89.0.2\"]", "conflict",
          "the container c1 has the address 10.89.0.2" },
        { "\"static_ips\":\"10.89.0.3\"", "bad-request",
          "bad arguments.static_ips: must be an array" },
        { "\"static_mac\":\"52:73\"", "bad-request",
          "bad arguments.static_mac: must be a MAC address as "
          "52:73:00:00:00:01" },
        { "\"static_mac\":\"52:73:0a:59:00:02\"", "conflict",
          "the container c1 has this MAC address" },
        { "\"aliases\":[\"a_b\",7]", "bad-request",
          "bad arguments.aliases: must hold strings only" },
        { "\"aliases\":[\"-\"]", "bad-request",
          "the alias \\\"-\\\" is no name that can be served: labels of 1 to "
          "63 letters, digits, '-' and '_', joined by dots" },
        { "\"interface_name\":\"broken0\"", "system",
          "make broken0: Broken pipe" },
        { "\"metric\":4294967296", "bad-request",
          "bad arguments.metric: must be an integer from 0 to 4294967295" },
    };

    (void)data;
    create(f, "{\"name\":\"a\"}");
    g_free(
        run(f, "attach", "{\"network\":\"a\",\"container\":\"c1\",\"pid\":7}"));
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *args = g_strdup_printf(
            "{\"network\":\"a\",\"container\":\"c2\",\"pid\":7,%s}",
            bad[i].rest);

        check_bad(f, "attach", args, bad[i].code, bad[i].desc);
    }
    g_assert_cmpint(f->fake.ports, ==, 1);
}

static void some_of_a_network_can_change(struct fixture *f, gconstpointer data)
{
    const struct spec *spec;

    (void)data;
    create(f, "{\"name\":\"a\",\"labels\":{\"k\":\"v\"}}");
    spec = network_spec(networks_at(f->networks, 0));
    g_free(run(f, "update",
               "{\"name\":\"a\",\"network_dns_servers\":[\"9.9.9.9\"],"
               "\"masquerade\":false,\"options\":{\"isolate\":\"false\"}}"));
    g_assert_cmpuint(spec->dns_server_count, ==, 1);
    g_assert_false(spec->masquerade);
    g_assert_cmpint(spec->isolate, ==, SPEC_ISOLATE_FALSE);
    g_assert_cmpstr(spec->labels[1], ==, "v");
    g_free(run(f, "update",
               "{\"name\":\"a\",\"network_dns_servers\":[],\"labels\":{}}"));
    g_assert_cmpuint(spec->dns_server_count, ==, 0);
    g_assert_null(spec->labels[0]);
    check_bad(f, "update", "{\"name\":\"a\",\"options\":{\"mtu\":1400}}",
              "bad-request",
              "only the servers, the labels, isolation, icc and masquerading "
              "of a network that is there can change");
    check_bad(f, "update", "{\"name\":\"a\",\"internal\":true}", "bad-request",
              "bad arguments.internal: unknown argument");
}

#define ADD(name)                                                           \
    g_test_add("/verbs_network/" #name, struct fixture, NULL, set_up, name, \
               tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(a_network_is_told_in_netavarks_words);
    ADD(a_time_before_all_is_none);
    ADD(all_of_a_definition_is_kept);
    ADD(options_may_be_values_or_dockers);
    ADD(bad_definitions_are_told);
    ADD(attaching_answers_a_status_block);
    ADD(one_way_to_the_container_is_needed);
    ADD(bad_containers_are_told);
    ADD(some_of_a_network_can_change);
    return g_test_run();
}
