/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/network_state.h"

#include "fake_bridge.h"
#include "fake_forwards.h"

struct world {
    struct fake_bridge fake;
    struct plan plan;
    struct policy policy;
    struct networks *networks;
    struct fwd_table *forwards;
    struct hostfwd_context context;
};

static void world_init(struct world *w)
{
    const struct networks_config config = { .driver = &w->fake.driver };

    fake_bridge_init(&w->fake);
    g_assert_cmpint(plan_init(&w->plan, PLAN_CIDR_DEFAULT, NULL), ==, 0);
    w->policy = (struct policy){ .enable_ipv6 = true };
    w->networks = networks_new(&config);
    w->forwards = fwd_table_new(fake_drivers);
    w->context =
        (struct hostfwd_context){ &w->plan, &w->policy, w->networks, false };
}

static void world_fini(struct world *w)
{
    fwd_table_free(w->forwards);
    networks_free(w->networks);
}

static void attach(struct world *w, const char *network, const char *key,
                   pid_t pid, const char *path)
{
    const struct attach_target target = { .netns_fd = -1,
                                          .pid = pid,
                                          .path = path };
    char *aliases[] = { (char *)(uintptr_t) "alias", NULL };
    struct net_attachment asked;

    attachment_init(&asked);
    (void)g_strlcpy(asked.container, key, sizeof(asked.container));
    asked.aliases = aliases;
    g_assert_nonnull(
        networks_attach(w->networks, network, &asked, &target, NULL));
}

static void publish(struct world *w, const char *json)
{
    owned(json_value) value = json_parse(json, strlen(json), NULL);
    struct fwd_request request = { .rule.source = FWD_SOURCE_KEEP };
    struct json_obj args;

    g_assert_true(json_as_object(value, "args", &args));
    g_assert_cmpint(hostfwd_decode(&args, &w->context, &request, NULL), ==, 0);
    g_assert_nonnull(fwd_add(w->forwards, &request, NULL));
}

static void fill(struct world *w)
{
    struct spec spec;

    spec_init(&spec);
    strcpy(spec.name, "a");
    spec.ipv6 = true;
    g_assert_nonnull(networks_create(w->networks, &spec, NULL));
    strcpy(spec.name, "b");
    spec.internal = true;
    g_assert_nonnull(networks_create(w->networks, &spec, NULL));
    attach(w, "a", "c1", 7, NULL);
    attach(w, "b", "c1", 7, NULL);
    attach(w, "a", "c2", 0, "/x");
    publish(w, "{\"proto\":\"tcp\",\"host_port\":2000,\"guest_port\":1}");
    publish(w, "{\"proto\":\"tcp\",\"host_port\":2001,\"guest_port\":80,"
               "\"host_addr\":\"*\",\"container\":\"c1\",\"network\":\"b\"}");
    publish(w, "{\"proto\":\"udp\",\"host_port\":2002,\"guest_port\":80,"
               "\"host_addr\":\"*\",\"range\":3}");
    publish(w, "{\"proto\":\"tcp\",\"host_path\":\"/sock\",\"guest_port\":80,"
               "\"guest_addr\":\"10.89.0.3\"}");
}

static int restore(struct world *w, const char *text, GError **err)
{
    return network_state_restore(text, w->networks, w->forwards, &w->context,
                                 err);
}

static void what_was_is_made_again(void)
{
    g_autofree char *before = NULL, *after = NULL;
    g_autoptr(GError) err = NULL;
    struct world w;

    world_init(&w);
    fill(&w);
    before = network_state_text(w.networks, w.forwards, 1);
    world_fini(&w);
    world_init(&w);
    restore(&w, before, &err);
    g_assert_no_error(err);
    /* The first one came from the command line. */
    g_assert_cmpuint(fwd_count(w.forwards), ==, 3);
    g_assert_cmpint(w.fake.ports, ==, 3);
    after = network_state_text(w.networks, w.forwards, 0);
    g_assert_cmpstr(after, ==, before);
    world_fini(&w);
}

/* What the network says is what its containers get, and so what is kept. */
static void every_metric_of_a_network_comes_back(void)
{
    static const char *const metrics[] = { "0", "1", "2147483647" };

    for (size_t i = 0; i < G_N_ELEMENTS(metrics); i++) {
        g_autofree char *text = g_strdup_printf(
            "{\"slipgate_state\":1,\"networks\":["
            "{\"name\":\"a\",\"options\":{\"metric\":\"%s\"},"
            "\"containers\":[{\"container\":\"c1\",\"pid\":7}]},"
            "{\"name\":\"b\",\"options\":{\"metric\":\"%s\"},"
            "\"containers\":[{\"container\":\"c1\",\"pid\":7}]}],"
            "\"forwards\":[]}",
            metrics[i], metrics[i]);
        g_autofree char *before = NULL, *after = NULL;
        g_autoptr(GError) err = NULL;
        struct world w;

        world_init(&w);
        restore(&w, text, &err);
        g_assert_no_error(err);
        g_assert_cmpint(w.fake.ports, ==, 2);
        before = network_state_text(w.networks, w.forwards, 0);
        world_fini(&w);
        world_init(&w);
        restore(&w, before, &err);
        g_assert_no_error(err);
        after = network_state_text(w.networks, w.forwards, 0);
        g_assert_cmpstr(after, ==, before);
        world_fini(&w);
    }
}

#define SOME                                                                   \
    "{\"slipgate_state\":1,\"networks\":[{\"name\":\"a\",\"containers\":[%s]}" \
    "],"                                                                       \
    "\"forwards\":[%s]}"

static void what_has_gone_is_left_out(void)
{
    g_autofree char *text = g_strdup_printf(
        SOME,
        "{\"container\":\"c1\",\"netns\":\"/dead\"},{\"container\":\"c2\"},"
        "{\"container\":\"c3\",\"pid\":3}",
        "{\"proto\":\"tcp\",\"host_port\":2000,\"guest_port\":80,\"container\":"
        "\"c1\",\"network\":\"a\"},{\"proto\":\"tcp\",\"host_port\":4000,"
        "\"guest_port\":80},{\"proto\":\"tcp\",\"host_port\":2001,"
        "\"guest_port\":80,\"container\":\"c3\",\"network\":\"a\"}");
    g_autoptr(GError) err = NULL;
    struct world w;

    world_init(&w);
    restore(&w, text, &err);
    g_assert_no_error(err);
    g_assert_cmpint(w.fake.ports, ==, 1);
    g_assert_cmpuint(fwd_count(w.forwards), ==, 1);
    g_assert_cmpuint(fwd_at(w.forwards, 0)->request.rule.host.port, ==, 2001);
    world_fini(&w);
}

/* All of it is read before anything is made. */
static void broken_states_make_nothing(void)
{
    static const struct {
        const char *text, *desc;
    } bad[] = {
        { "", "column" },
        { "[]", "not an object" },
        { "{\"slipgate_state\":2}", "slipgate_state" },
        { "{\"slipgate_state\":1}", "bad state.networks: missing" },
        { "{\"slipgate_state\":1,\"networks\":[{\"name\":\"a\",\"containers\":"
          "[]},7]}",
          "networks[1]: bad state.networks: must hold objects" },
        { "{\"slipgate_state\":1,\"networks\":[{\"name\":\"a\",\"containers\":"
          "[]},{\"name\":\"b\",\"options\":{\"mtu\":\"1\"}}]}",
          "networks[1]: an MTU of 1 is not" },
        { "{\"slipgate_state\":1,\"networks\":[{\"name\":\"a\",\"containers\":"
          "[{\"container\":\"-\"}]}]}",
          "networks[0]: containers[0]: \"-\" is no name for a container" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) err = NULL;
        struct world w;

        world_init(&w);
        g_assert_cmpint(restore(&w, bad[i].text, &err), ==, -1);
        g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_BAD_REQUEST);
        if (strstr(err->message, bad[i].desc) == NULL)
            g_error("%s is not in %s", bad[i].desc, err->message);
        g_assert_cmpuint(networks_count(w.networks), ==, 0);
        world_fini(&w);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/network_state/what_was_is_made_again",
                    what_was_is_made_again);
    g_test_add_func("/network_state/every metric of a network comes back",
                    every_metric_of_a_network_comes_back);
    g_test_add_func("/network_state/what_has_gone_is_left_out",
                    what_has_gone_is_left_out);
    g_test_add_func("/network_state/broken_states_make_nothing",
                    broken_states_make_nothing);
    return g_test_run();
}
