/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/agent.h"
#include "base/error.h"
#include "base/own.h"
#include "kern/netns.h"
#include "kern/rtnl_watch.h"
#include "kern/tap.h"
#include "own_namespace.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

OWN_DEFINE(agent)

#define DEADLINE_MS 5000

/* This process is the guest: it lives in namespaces of its own. */
static struct agent *start_agent(void)
{
    g_autoptr(GError) err = NULL;
    owned_fd netns = netns_open("/proc/self/ns/net", &err);
    const struct agent_confinement wants = { WANT_TRY, WANT_TRY };
    struct agent *agent = agent_start(-1, netns, &wants, &err);

    g_assert_no_error(err);
    return agent;
}

static const struct agent_relay_open plain = { .name = "tap0",
                                               .mtu = 1500,
                                               .ipv6 = 1 };

static struct agent_relay open_relay(struct agent *agent)
{
    g_autoptr(GError) err = NULL;
    struct agent_relay relay = { -1, -1, -1, -1 };

    (void)agent_relay_open(agent, &plain, &relay, &err);
    g_assert_no_error(err);
    return relay;
}

static void close_relay(struct agent_relay *relay)
{
    own_close(&relay->tap_fd);
    own_close(&relay->news_fd);
    own_close(&relay->listener_fd);
    own_close(&relay->listener6_fd);
}

static struct ip_addr addr(const char *text)
{
    struct ip_addr a = { .family = AF_UNSPEC };

    g_assert_true(ip_addr_parse(text, &a));
    return a;
}

static void configure(struct agent *agent)
{
    const struct agent_link_config config = { .name = "tap0",
                                              .mtu = 1500,
                                              .addr = addr("10.0.2.100"),
                                              .gateway = addr("10.0.2.2"),
                                              .prefix_len = 24,
                                              .addr6 = addr("fd00::100"),
                                              .gateway6 = addr("fd00::2"),
                                              .prefix_len6 = 64 };
    g_autoptr(GError) err = NULL;

    (void)agent_link_configure(agent, &config, &err);
    g_assert_no_error(err);
}

static void the_guest_sees_an_interface_and_nothing_else(void)
{
    owned(agent) agent = NULL;
    struct agent_relay relay;
    g_autofree char *rules = NULL, *links = NULL;

    if (skip_without("nft") || skip_without("ip"))
        return;
    agent = start_agent();
    relay = open_relay(agent);
    assert_output_has("ip -d link show tap0", "veth");
    assert_output_has("ip link show tap0", "mtu 1500");
    rules = command_output("nft list ruleset");
    g_assert_cmpstr(rules, ==, "");
    links = command_output("ip -br link");
    g_assert_null(strstr(links, "tap1"));
    g_assert_null(strstr(links, "r0"));
    close_relay(&relay);
}

static void a_taken_name_is_an_error_and_leaves_nothing(void)
{
    g_autoptr(GError) err = NULL;
    owned(agent) agent = NULL;
    struct agent_relay relay;
    g_autofree char *made = NULL, *gone = NULL, *links = NULL;

    if (skip_without("ip"))
        return;
    agent = start_agent();
    made = command_output("ip link add tap0 type bridge");
    g_assert_cmpint(agent_relay_open(agent, &plain, &relay, &err), ==, -1);
    g_assert_nonnull(err);
    gone = command_output("ip link del tap0");
    links = command_output("ip -br link");
    g_assert_null(strstr(links, "@"));
    /* And it may be tried again. */
    relay = open_relay(agent);
    close_relay(&relay);
}

static void a_second_one_is_refused(void)
{
    g_autoptr(GError) err = NULL;
    owned(agent) agent = start_agent();
    struct agent_relay relay = open_relay(agent), other;

    g_assert_cmpint(agent_relay_open(agent, &plain, &other, &err), ==, -1);
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT);
    close_relay(&relay);
}

static void nonsense_is_refused(void)
{
    owned(agent) agent = start_agent();
    struct agent_relay_open bad[] = { plain, plain, plain, plain };
    struct agent_relay relay;
    int fds[AGENT_RELAY_SOCKETS_MAX];

    memset(bad[0].name, 'x', sizeof(bad[0].name));
    bad[1].mtu = 1000; /* too small for IPv6 */
    bad[2].mtu = AGENT_MTU_MAX + 1;
    bad[3].ipv6 = 2;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_cmpint(agent_relay_open(agent, &bad[i], &relay, &err), ==, -1);
        g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_BAD_REQUEST);
    }
    for (size_t round = 0; round < 2; round++) {
        g_autoptr(GError) err = NULL;

        g_assert_cmpint(
            agent_relay_sockets(agent, AF_INET, false, fds, 1, &err), ==, -1);
        g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT);
    }
}

/* A listener of the guest on all its addresses. */
static int guest_listener(sa_family_t family, uint16_t *port)
{
    struct ip_endpoint any = { .addr.family = family };
    struct sockaddr_storage ss;
    socklen_t len = ip_endpoint_to_sockaddr(&any, &ss);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(bind(fd, (struct sockaddr *)&ss, len), ==, 0);
    g_assert_cmpint(listen(fd, 4), ==, 0);
    len = sizeof(ss);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&ss, &len), ==, 0);
    g_assert_true(ip_endpoint_from_sockaddr(&ss, &any));
    *port = any.port;
    return fd;
}

/* The gate would answer the guest's ARP and neighbour solicitations. */
static void know_neighbours(void)
{
    static const char *const addrs[] = { "10.0.2.2", "10.0.2.7", "fd00::2" };

    for (size_t i = 0; i < G_N_ELEMENTS(addrs); i++) {
        g_autofree char *command = g_strdup_printf(
            "ip neigh add %s lladdr 52:55:0a:00:02:02 dev tap0", addrs[i]);
        g_autofree char *out = command_output(command);

        g_assert_cmpstr(out, ==, "");
    }
}

static void connects_from(struct agent *agent, const char *client,
                          const char *guest)
{
    g_autoptr(GError) err = NULL;
    struct ip_endpoint from = { addr(client), 1234 }, seen;
    struct ip_endpoint to = { .addr = addr(guest) };
    owned_fd listener = guest_listener(to.addr.family, &to.port);
    owned_fd accepted = -1;
    struct sockaddr_storage ss;
    socklen_t len = ip_endpoint_to_sockaddr(&from, &ss);
    int fds[2];

    (void)agent_relay_sockets(agent, from.addr.family, false, fds, 2, &err);
    g_assert_no_error(err);
    g_assert_cmpint(bind(fds[0], (struct sockaddr *)&ss, len), ==, 0);
    len = ip_endpoint_to_sockaddr(&to, &ss);
    g_assert_cmpint(connect(fds[0], (struct sockaddr *)&ss, len), ==, -1);
    g_assert_cmpint(errno, ==, EINPROGRESS);
    g_assert_cmpint(
        poll(&(struct pollfd){ listener, POLLIN, 0 }, 1, DEADLINE_MS), ==, 1);
    len = sizeof(ss);
    accepted = accept(listener, (struct sockaddr *)&ss, &len);
    g_assert_cmpint(accepted, >=, 0);
    g_assert_true(ip_endpoint_from_sockaddr(&ss, &seen));
    g_assert_true(ip_endpoint_equal(&seen, &from));
    (void)close(fds[0]);
    (void)close(fds[1]);
}

static void its_sockets_reach_the_guest_from_any_address(void)
{
    owned(agent) agent = NULL;
    struct agent_relay relay;

    if (skip_without("ip"))
        return;
    agent = start_agent();
    relay = open_relay(agent);
    configure(agent);
    know_neighbours();
    connects_from(agent, "192.0.2.7", "10.0.2.100");
    /* Even from an address of the guest's own network. */
    connects_from(agent, "10.0.2.7", "10.0.2.100");
    connects_from(agent, "2001:db8::7", "fd00::100");
    close_relay(&relay);
}

static void a_changed_mac_address_is_found(void)
{
    g_autoptr(GError) err = NULL;
    owned(agent) agent = NULL;
    struct agent_relay relay;
    g_autofree char *changed = NULL;

    if (skip_without("ip"))
        return;
    agent = start_agent();
    relay = open_relay(agent);
    configure(agent);
    changed = command_output("ip link set tap0 address 02:00:00:00:00:77");
    g_assert_cmpint(agent_relay_refresh(agent, &err), ==, 0);
    g_assert_no_error(err);
    know_neighbours();
    connects_from(agent, "192.0.2.7", "10.0.2.100");
    close_relay(&relay);
}

/* What RootlessKit does before it starts a helper. */
static void make_persistent_tap(void)
{
    static const char *const commands[] = {
        "ip tuntap add name tap0 mode tap",
        "ip link set tap0 address 02:00:00:00:00:42 mtu 4000 up",
        "ip addr add 10.0.2.77/24 brd + dev tap0",
        "ip addr add fd00::77/64 dev tap0 nodad",
        "ip route add default via 10.0.2.2 dev tap0",
        "ip -6 route add default via fd00::2 dev tap0",
        "ip route add 192.0.2.0/24 via 10.0.2.3 metric 7",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *out = command_output(commands[i]);

        g_assert_cmpstr(out, ==, "");
    }
}

static void assert_set_up(const char *kind)
{
    assert_output_has("ip -d link show tap0", kind);
    assert_output_has("ip link show tap0", "02:00:00:00:00:42");
    assert_output_has("ip link show tap0", "mtu 4000");
    assert_output_has("ip link show tap0", ",UP");
    assert_output_has("ip addr show tap0", "10.0.2.77/24 brd 10.0.2.255");
    assert_output_has("ip addr show tap0", "fd00::77/64");
    assert_output_has("ip route", "default via 10.0.2.2 dev tap0");
    assert_output_has("ip route",
                      "192.0.2.0/24 via 10.0.2.3 dev tap0 metric 7");
}

static void takes_the_place_of_a_persistent_tap(void)
{
    owned(agent) agent = NULL;
    struct agent_relay relay;

    if (skip_without("ip"))
        return;
    agent = start_agent();
    make_persistent_tap();
    relay = open_relay(agent);
    assert_set_up("veth");
    know_neighbours();
    connects_from(agent, "198.51.100.7", "10.0.2.77");
    connects_from(agent, "2001:db8::7", "fd00::77");
    close_relay(&relay);
}

static void a_tap_that_is_in_use_stays_as_it_is(void)
{
    g_autoptr(GError) err = NULL;
    owned(agent) agent = NULL;
    owned_fd holder = -1;
    struct agent_relay relay;
    char name[IFNAMSIZ];
    g_autofree char *links = NULL;

    if (skip_without("ip"))
        return;
    agent = start_agent();
    make_persistent_tap();
    holder = tap_open("tap0", 0, name, &err);
    g_assert_no_error(err);
    g_assert_cmpint(agent_relay_open(agent, &plain, &relay, &err), ==, -1);
    g_assert_nonnull(strstr(err->message, "another process holds it"));
    assert_set_up("tun");
    links = command_output("ip -br link");
    g_assert_null(strstr(links, "@"));
}

static void the_end_of_the_interface_is_news(void)
{
    owned(agent) agent = NULL;
    struct agent_relay relay;
    g_autofree char *down = NULL, *gone = NULL;

    if (skip_without("ip"))
        return;
    agent = start_agent();
    relay = open_relay(agent);
    configure(agent);
    down = command_output("ip link set tap0 down");
    g_assert_false(rtnl_watch_deleted(relay.news_fd, AGENT_RELAY_GUEST_LINK));
    gone = command_output("ip link del tap0");
    g_assert_cmpint(
        poll(&(struct pollfd){ relay.news_fd, POLLIN, 0 }, 1, DEADLINE_MS), ==,
        1);
    g_assert_true(rtnl_watch_deleted(relay.news_fd, AGENT_RELAY_GUEST_LINK));
    close_relay(&relay);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_isolated("/relay_ns/the guest sees an interface and nothing else",
                 the_guest_sees_an_interface_and_nothing_else);
    add_isolated("/relay_ns/a taken name is an error and leaves nothing",
                 a_taken_name_is_an_error_and_leaves_nothing);
    add_isolated("/relay_ns/a second one is refused", a_second_one_is_refused);
    add_isolated("/relay_ns/nonsense is refused", nonsense_is_refused);
    add_isolated("/relay_ns/its sockets reach the guest from any address",
                 its_sockets_reach_the_guest_from_any_address);
    add_isolated("/relay_ns/a changed MAC address is found",
                 a_changed_mac_address_is_found);
    add_isolated("/relay_ns/takes the place of a persistent tap",
                 takes_the_place_of_a_persistent_tap);
    add_isolated("/relay_ns/a tap that is in use stays as it is",
                 a_tap_that_is_in_use_stays_as_it_is);
    add_isolated("/relay_ns/the end of the interface is news",
                 the_end_of_the_interface_is_news);
    return g_test_run();
}
