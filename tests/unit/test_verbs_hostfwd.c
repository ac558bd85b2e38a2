/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/verbs_hostfwd.h"

#include "fake_bridge.h"
#include "fake_forwards.h"

#include <string.h>

struct fixture {
    struct plan plan;
    struct policy policy;
    struct fwd_table *table;
    struct verbs *verbs;
    struct fake_bridge bridge;
    struct networks *networks;
};

static void set_up(struct fixture *f, gconstpointer data)
{
    const struct networks_config config = { .driver = &f->bridge.driver };
    struct hostfwd_context context = { &f->plan, &f->policy, NULL, false };

    (void)data;
    g_assert_cmpint(plan_init(&f->plan, PLAN_CIDR_DEFAULT, NULL), ==, 0);
    f->policy.enable_ipv6 = true;
    f->table = fwd_table_new(fake_drivers);
    f->verbs = verbs_new();
    fake_bridge_init(&f->bridge);
    f->networks = networks_new(&config);
    context.networks = f->networks;
    verbs_hostfwd_add(f->verbs, f->table, &context);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
    (void)data;
    verbs_free(f->verbs);
    fwd_table_free(f->table);
    networks_free(f->networks);
    g_assert_cmpint(fake_forwards_running, ==, 0);
}

static char *run(struct fixture *f, const char *verb, const char *args)
{
    g_autofree char *text =
        g_strdup_printf("{\"execute\":\"%s\"%s%s}", verb,
                        *args != '\0' ? ",\"arguments\":" : "", args);
    struct verb_request request = { .text = text, .len = strlen(text) };
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
    g_autofree char *want =
        g_strdup_printf("{\"error\":{\"code\":\"%s\",\"desc\":\"bad request: "
                        "%s: %s\"}}",
                        code, verb, desc);

    check(f, verb, args, want);
}

static void engines_get_what_they_expect(struct fixture *f, gconstpointer data)
{
    (void)data;
    check(f, "add_hostfwd",
          "{\"proto\":\"tcp\",\"host_addr\":\"127.0.0.1\",\"host_port\":18080,"
          "\"guest_addr\":\"\",\"guest_port\":80}",
          "{\"return\":{\"id\":1,\"host_port\":18080,\"driver\":\"fake\"}}");
    check(f, "add_hostfwd",
          "{\"proto\":\"udp\",\"host_addr\":\"\",\"host_port\":18089,"
          "\"guest_addr\":\"10.0.2.15\",\"guest_port\":53.0,\"extra\":[]}",
          "{\"return\":{\"id\":2,\"host_port\":18089,\"driver\":\"fake\"}}");
    check(f, "remove_hostfwd", "{\"id\":1}", "{\"return\":{}}");
    check(f, "add_hostfwd",
          "{\"proto\":\"tcp\",\"host_addr\":null,\"host_port\":18080,"
          "\"guest_port\":80}",
          "{\"return\":{\"id\":3,\"host_port\":18080,\"driver\":\"fake\"}}");
}

/* What is ours, behind what slirp4netns has. */
#define TAIL                                               \
    "\"range\":1,\"source\":\"keep\",\"driver\":\"fake\"," \
    "\"connections\":3}"
#define ENTRY_1                                                            \
    "{\"id\":1,\"proto\":\"tcp\",\"host_addr\":\"0.0.0.0\",\"host_port\":" \
    "8080,"                                                                \
    "\"guest_addr\":\"10.0.2.100\",\"guest_port\":80," TAIL

#define ENTRY_WEB                                                            \
    "{\"id\":1,\"proto\":\"tcp\",\"host_addr\":\"0.0.0.0\",\"host_port\":"   \
    "8080,\"guest_addr\":\"10.89.0.7\",\"guest_port\":80,\"network\":\"a\"," \
    "\"container\":\"web\"," TAIL

static void the_list_has_both_shapes(struct fixture *f, gconstpointer data)
{
    (void)data;
    check(f, "list_hostfwd", "",
          "{\"return\":{\"entries\":[]},\"entries\":[]}");
    g_free(run(f, "add_hostfwd",
               "{\"proto\":\"tcp\",\"host_port\":8080,\"guest_port\":80}"));
    check(f, "list_hostfwd", "{\"ignored\":1}",
          "{\"return\":{\"entries\":[" ENTRY_1 "]},\"entries\":[" ENTRY_1 "]}");
}

/* What slirp4netns died of, took, or wrapped at 16 bits. */
static void bad_arguments_are_named_in_order(struct fixture *f,
                                             gconstpointer data)
{
    static const struct {
        const char *args, *desc;
    } bad[] = {
        { "", "bad arguments.proto: missing" },
        { "{}", "bad arguments.proto: missing" },
        { "[]", "bad arguments.proto: missing" },
        { "{\"proto\":1}", "bad arguments.proto: must be a string" },
        { "{\"proto\":\"sctp\",\"host_addr\":\"x\"}",
          "bad arguments.proto: must be \\\"tcp\\\" or \\\"udp\\\"" },
        { "{\"proto\":\"TCP\"}",
          "bad arguments.proto: must be \\\"tcp\\\" or \\\"udp\\\"" },
        { "{\"proto\":\"tcp\",\"host_addr\":\"localhost\"}",
          "bad arguments.host_addr: must be an IPv4 or IPv6 address" },
        { "{\"proto\":\"tcp\",\"host_addr\":5}",
          "bad arguments.host_addr: must be a string" },
        { "{\"proto\":\"tcp\"}", "bad arguments.host_port: missing" },
        { "{\"proto\":\"tcp\",\"host_port\":-1}",
          "bad arguments.host_port: must be an integer from 0 to 65535" },
        { "{\"proto\":\"tcp\",\"host_port\":83621}",
          "bad arguments.host_port: must be an integer from 0 to 65535" },
        { "{\"proto\":\"tcp\",\"host_path\":\"/x\",\"host_port\":1}",
          "bad arguments.host_path: stands instead of host_addr and "
          "host_port" },
        { "{\"proto\":\"tcp\",\"host_path\":\"x\"}",
          "bad arguments.host_path: must begin with \\\"/\\\"" },
        { "{\"proto\":\"tcp\",\"host_path\":[]}",
          "bad arguments.host_path: must be a string" },
        { "{\"proto\":\"tcp\",\"host_port\":8080,\"guest_addr\":\"eth0\"}",
          "bad arguments.guest_addr: must be an IPv4 or IPv6 address" },
        { "{\"proto\":\"tcp\",\"host_port\":8080,\"guest_addr\":\"0.0.0.0\"}",
          "bad arguments.guest_addr: must be one address, not one of many or "
          "none" },
        { "{\"proto\":\"tcp\",\"host_port\":8080}",
          "bad arguments.guest_port: missing" },
        { "{\"proto\":\"tcp\",\"host_port\":8080,\"guest_port\":65616}",
          "bad arguments.guest_port: must be an integer from 1 to 65535" },
        { "{\"proto\":\"tcp\",\"host_port\":8080,\"guest_port\":80,"
          "\"range\":0}",
          "bad arguments.range: must be an integer from 1 to 65535" },
        { "{\"proto\":\"tcp\",\"host_port\":8080,\"guest_port\":80,"
          "\"source\":\"client\"}",
          "bad arguments.source: must be \\\"keep\\\" or \\\"gateway\\\"" },
        { "{\"proto\":\"tcp\",\"host_port\":8080,\"guest_port\":80,"
          "\"driver\":\"\"}",
          "bad arguments.driver: must be \\\"auto\\\", \\\"relay\\\", "
          "\\\"slirp\\\" or \\\"udp\\\"" },
    };

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        check_bad(f, "add_hostfwd", bad[i].args, "bad-request", bad[i].desc);
    g_assert_cmpuint(fwd_count(f->table), ==, 0);
}

static void a_driver_s_reason_is_told(struct fixture *f, gconstpointer data)
{
    (void)data;
    check_bad(f, "add_hostfwd",
              "{\"proto\":\"tcp\",\"host_port\":80,\"guest_port\":80}",
              "denied",
              "slirp_add_hostfwd failed: bind 0.0.0.0:80: Permission denied");
    check_bad(f, "add_hostfwd",
              "{\"proto\":\"udp\",\"host_port\":8080,\"guest_port\":9}",
              "unavailable",
              "slirp_add_hostfwd failed: nothing here can carry 0.0.0.0:8080 "
              "to 10.0.2.100:9");
}

#define ENTRY_V6                                                           \
    "{\"id\":1,\"proto\":\"tcp\",\"host_addr\":\"::\",\"host_port\":8080," \
    "\"guest_addr\":\"fd00::100\",\"guest_port\":80," TAIL
#define ENTRY_MAPPED                                           \
    "{\"id\":2,\"proto\":\"tcp\",\"host_addr\":\"127.0.0.1\"," \
    "\"host_port\":8081,\"guest_addr\":\"10.0.2.100\",\"guest_port\":80," TAIL

#define ENTRY_MANY                                                        \
    "{\"id\":1,\"proto\":\"udp\",\"host_addr\":\"*\",\"host_port\":7000," \
    "\"guest_addr\":\"10.0.2.100\",\"guest_port\":70,"                    \
    "\"guest_addr6\":\"fd00::100\",\"range\":1200,\"source\":\"keep\","   \
    "\"driver\":\"fake\",\"connections\":7200}"

static void families_are_not_mixed(struct fixture *f, gconstpointer data)
{
    (void)data;
    g_free(run(f, "add_hostfwd",
               "{\"proto\":\"tcp\",\"host_addr\":\"::\",\"host_port\":8080,"
               "\"guest_port\":80}"));
    g_free(run(f, "add_hostfwd",
               "{\"proto\":\"tcp\",\"host_addr\":\"::ffff:127.0.0.1\","
               "\"host_port\":8081,\"guest_port\":80}"));
    check(f, "list_hostfwd", "",
          "{\"return\":{\"entries\":[" ENTRY_V6 "," ENTRY_MAPPED
          "]},\"entries\":[" ENTRY_V6 "," ENTRY_MAPPED "]}");
    check_bad(f, "add_hostfwd",
              "{\"proto\":\"tcp\",\"host_addr\":\"::1\",\"host_port\":8080,"
              "\"guest_addr\":\"10.0.2.100\",\"guest_port\":80}",
              "unavailable",
              "slirp_add_hostfwd failed: nothing here can carry [::1]:8080 to "
              "10.0.2.100:80");
    check_bad(f, "add_hostfwd",
              "{\"proto\":\"udp\",\"host_addr\":\"::1\",\"host_port\":8080,"
              "\"guest_addr\":\"::\",\"guest_port\":80}",
              "bad-request",
              "bad arguments.guest_addr: must be one address, not one of many "
              "or none");
}

static void without_ipv6_the_guest_is_its_ipv4_address(struct fixture *f,
                                                       gconstpointer data)
{
    (void)data;
    f->policy.enable_ipv6 = false;
    check_bad(f, "add_hostfwd",
              "{\"proto\":\"tcp\",\"host_addr\":\"::1\",\"host_port\":8080,"
              "\"guest_port\":80}",
              "unavailable",
              "slirp_add_hostfwd failed: nothing here can carry [::1]:8080 to "
              "10.0.2.100:80");
}

static void an_entry_may_stand_for_many_ports(struct fixture *f,
                                              gconstpointer data)
{
    (void)data;
    check(f, "add_hostfwd",
          "{\"proto\":\"udp\",\"host_addr\":\"*\",\"host_port\":7000,"
          "\"guest_port\":70,\"range\":1200}",
          "{\"return\":{\"id\":1,\"host_port\":7000,\"driver\":\"fake\"}}");
    g_assert_cmpint(fake_forwards_running, ==, 2400);
    check(f, "list_hostfwd", "",
          "{\"return\":{\"entries\":[" ENTRY_MANY "]},\"entries\":[" ENTRY_MANY
          "]}");
    check_bad(f, "remove_hostfwd", "{\"proto\":\"udp\",\"host_port\":7000}",
              "not-found", "slirp_remove_hostfwd failed: no such forward");
    check(f, "remove_hostfwd",
          "{\"proto\":\"udp\",\"host_addr\":\"*\",\"host_port\":7000,"
          "\"close\":true}",
          "{\"return\":{\"closed\":7200}}");
}

static void a_unix_socket_has_no_port(struct fixture *f, gconstpointer data)
{
    (void)data;
    check(f, "add_hostfwd",
          "{\"proto\":\"tcp\",\"host_path\":\"/run/x\",\"guest_port\":80}",
          "{\"return\":{\"id\":1,\"driver\":\"fake\"}}");
    check(f, "remove_hostfwd", "{\"proto\":\"tcp\",\"host_path\":\"/run/x\"}",
          "{\"return\":{}}");
}

static void removes_by_id_or_by_host_end(struct fixture *f, gconstpointer data)
{
    static const char *const adds[] = {
        "{\"proto\":\"tcp\",\"host_port\":8080,\"guest_port\":80}",
        "{\"proto\":\"udp\",\"host_port\":8080,\"guest_port\":80}",
        "{\"proto\":\"tcp\",\"host_addr\":\"127.0.0.1\",\"host_port\":8080,"
        "\"guest_port\":80}",
    };

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(adds); i++)
        g_free(run(f, "add_hostfwd", adds[i]));
    check_bad(f, "remove_hostfwd", "{}", "bad-request",
              "bad arguments.id: missing");
    check_bad(f, "remove_hostfwd", "{\"id\":2.9}", "bad-request",
              "bad arguments.id: must be an integer from 1 to "
              "9007199254740991");
    check_bad(f, "remove_hostfwd", "{\"id\":7}", "not-found",
              "slirp_remove_hostfwd failed: no forward has the id 7");
    check_bad(f, "remove_hostfwd", "{\"host_port\":8080}", "bad-request",
              "bad arguments.proto: missing");
    check_bad(f, "remove_hostfwd", "{\"proto\":\"udp\",\"host_port\":8081}",
              "not-found", "slirp_remove_hostfwd failed: no such forward");
    check(f, "remove_hostfwd", "{\"proto\":\"udp\",\"host_port\":8080}",
          "{\"return\":{}}");
    check(f, "remove_hostfwd",
          "{\"proto\":\"tcp\",\"host_port\":8080,\"host_addr\":\"127.0.0.1\"}",
          "{\"return\":{}}");
    g_assert_cmpuint(fwd_count(f->table), ==, 1);
    g_assert_cmpuint(fwd_at(f->table, 0)->id, ==, 1);
    /* An entry of the list, as it is, names its forward by the id. */
    check(f, "remove_hostfwd", ENTRY_1, "{\"return\":{}}");
    g_assert_cmpuint(fwd_count(f->table), ==, 0);
}

static void attach(struct fixture *f, const char *network, const char *key,
                   const char *addr)
{
    const struct attach_target target = { .netns_fd = -1, .pid = 7 };
    struct net_attachment asked;

    attachment_init(&asked);
    (void)g_strlcpy(asked.container, key, sizeof(asked.container));
    if (addr != NULL)
        g_assert_true(ip_addr_parse(addr, &asked.addrs[asked.addr_count++]));
    g_assert_nonnull(
        networks_attach(f->networks, network, &asked, &target, NULL));
}

static void make_network(struct fixture *f, const char *name, bool ipv6)
{
    struct spec spec;

    spec_init(&spec);
    (void)g_strlcpy(spec.name, name, sizeof(spec.name));
    spec.ipv6 = ipv6;
    g_assert_nonnull(networks_create(f->networks, &spec, NULL));
}

static void containers_are_found_by_name(struct fixture *f, gconstpointer data)
{
    const struct fwd_request *request;

    (void)data;
    make_network(f, "a", false);
    make_network(f, "b", true);
    attach(f, "a", "web", "10.89.0.7");
    attach(f, "b", "web", NULL);
    attach(f, "b", "db", NULL);
    check(f, "add_hostfwd",
          "{\"proto\":\"tcp\",\"host_port\":8080,\"guest_port\":80,"
          "\"container\":\"web\"}",
          "{\"return\":{\"id\":1,\"host_port\":8080,\"driver\":\"fake\"}}");
    check(f, "list_hostfwd", "",
          "{\"return\":{\"entries\":[" ENTRY_WEB "]},\"entries\":[" ENTRY_WEB
          "]}");
    g_free(run(f, "add_hostfwd",
               "{\"proto\":\"tcp\",\"host_addr\":\"*\",\"host_port\":8081,"
               "\"guest_port\":80,\"network\":\"b\",\"container\":"
               "\"web\"}"));
    request = &fwd_at(f->table, 1)->request;
    g_assert_cmpstr(request->network, ==, "b");
    g_assert_true(request->guest6.family == AF_INET6);
    g_assert_true(request->rule.guest.addr.family == AF_INET);
    g_free(run(f, "add_hostfwd",
               "{\"proto\":\"tcp\",\"host_addr\":\"::\",\"host_port\":8082,"
               "\"guest_port\":80,\"container\":\"db\"}"));
    g_assert_true(fwd_at(f->table, 2)->request.rule.guest.addr.family ==
                  AF_INET6);
    g_assert_cmpuint(fwd_remove_container(f->table, "b", "web"), ==, 1);
    g_assert_cmpuint(fwd_remove_container(f->table, "b", "web"), ==, 0);
    g_assert_cmpuint(fwd_count(f->table), ==, 2);
}

static void absent_containers_are_told(struct fixture *f, gconstpointer data)
{
    static const struct {
        const char *rest, *code, *desc;
    } rows[] = {
        { "\"container\":\"no\"", "not-found",
          "no network has a container no" },
        { "\"container\":\"no\",\"network\":\"a\"", "not-found",
          "no container no is attached to the network a" },
        { "\"container\":\"no\",\"network\":\"b\"", "not-found",
          "there is no network b" },
        { "\"network\":\"a\"", "bad-request",
          "bad arguments.container: missing" },
        { "\"container\":\"no\",\"guest_addr\":\"10.0.2.7\"", "bad-request",
          "bad arguments.container: stands instead of guest_addr" },
    };

    (void)data;
    make_network(f, "a", false);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *args = g_strdup_printf(
            "{\"proto\":\"tcp\",\"host_port\":8080,\"guest_port\":80,%s}",
            rows[i].rest);

        check_bad(f, "add_hostfwd", args, rows[i].code, rows[i].desc);
    }
}

#define ADD(name, function) \
    g_test_add(name, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/verbs_hostfwd/engines get what they expect",
        engines_get_what_they_expect);
    ADD("/verbs_hostfwd/containers are found by name",
        containers_are_found_by_name);
    ADD("/verbs_hostfwd/absent containers are told",
        absent_containers_are_told);
    ADD("/verbs_hostfwd/the list has both shapes", the_list_has_both_shapes);
    ADD("/verbs_hostfwd/bad arguments are named, in order",
        bad_arguments_are_named_in_order);
    ADD("/verbs_hostfwd/a driver's reason is told", a_driver_s_reason_is_told);
    ADD("/verbs_hostfwd/families are not mixed", families_are_not_mixed);
    ADD("/verbs_hostfwd/without IPv6 the guest is its IPv4 address",
        without_ipv6_the_guest_is_its_ipv4_address);
    ADD("/verbs_hostfwd/an entry may stand for many ports",
        an_entry_may_stand_for_many_ports);
    ADD("/verbs_hostfwd/a UNIX socket has no port", a_unix_socket_has_no_port);
    ADD("/verbs_hostfwd/removes by id or by host end",
        removes_by_id_or_by_host_end);
    return g_test_run();
}
