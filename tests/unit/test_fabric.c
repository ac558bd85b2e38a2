/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/agent.h"
#include "agent/porter.h"
#include "base/error.h"
#include "bridge/fabric.h"
#include "kern/loop.h"
#include "kern/netns.h"
#include "net/plan.h"
#include "net/segments.h"
#include "own_namespace.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

OWN_DEFINE(agent)

/* The kernel takes down the namespaces of the whole machine in one row. */
#define DEADLINE_MS 30000
/* Within one machine an answer takes no time at all. */
#define PING_MS    1000
#define PINGS_SOON 10

/* This process lives in the relay namespace: there is no guest. */
struct rig {
    struct loop *loop;
    struct agent *agent;
    struct porter *porter;
    struct agent_relay relay;
    struct segments *segments;
    struct plan plan;
    struct fabric *fabric;
    unsigned gone;
};

static void note_gone(void *self, unsigned port)
{
    struct rig *rig = self;

    rig->gone = port;
    loop_stop(rig->loop, 0);
}

static void give_up(void *self)
{
    loop_stop(((struct rig *)self)->loop, 1);
}

static void open_rig(struct rig *rig)
{
    const struct agent_relay_open config = { .mtu = 1500, .ipv6 = 1 };
    g_autoptr(GError) err = NULL;
    owned_fd netns = netns_open("/proc/self/ns/net", &err);
    const struct agent_confinement wants = { WANT_OFF, WANT_OFF };
    struct fabric_config fabric = { .mtu = 1500, .ipv6 = true };

    *rig = (struct rig){ .loop = loop_new(&err) };
    rig->porter = porter_start(&err);
    g_assert_no_error(err);
    rig->agent = agent_start(-1, netns, &wants, &err);
    g_assert_no_error(err);
    (void)agent_relay_open(rig->agent, &config, &rig->relay, &err);
    g_assert_no_error(err);
    (void)plan_init(&rig->plan, PLAN_CIDR_DEFAULT, &err);
    g_assert_no_error(err);
    rig->segments = segments_new();
    fabric.loop = rig->loop;
    fabric.agent = rig->agent;
    fabric.porter = rig->porter;
    fabric.segments = rig->segments;
    fabric.plan = &rig->plan;
    rig->fabric = fabric_new(&fabric);
    fabric_on_port_gone(rig->fabric, note_gone, rig);
}

static void close_rig(struct rig *rig)
{
    fabric_free(rig->fabric);
    segments_free(rig->segments);
    agent_free(rig->agent);
    porter_free(rig->porter);
    own_close(&rig->relay.tap_fd);
    own_close(&rig->relay.news_fd);
    own_close(&rig->relay.listener_fd);
    own_close(&rig->relay.listener6_fd);
    loop_free(rig->loop);
}

static struct ip_addr addr(const char *text)
{
    struct ip_addr a = { .family = AF_UNSPEC };

    g_assert_true(ip_addr_parse(text, &a));
    return a;
}

static struct fabric_network network(const char *bridge, const char *gateway)
{
    struct fabric_network n = { .gateways = { { addr(gateway), 24 } },
                                .gateway_count = 1,
                                .icc = true,
                                .dns = true };

    (void)g_strlcpy(n.bridge, bridge, sizeof(n.bridge));
    return n;
}

static void add_network(struct rig *rig, const struct fabric_network *n)
{
    g_autoptr(GError) err = NULL;

    (void)fabric_network_add(rig->fabric, n, &err);
    g_assert_no_error(err);
}

/* --- containers: processes with a network namespace of their own --- */

struct container {
    pid_t pid;
    int netns_fd;
};

static struct container start_container(struct rig *rig)
{
    struct container c = { .netns_fd = -1 };
    g_autoptr(GError) err = NULL;
    int ready[2];
    char byte;

    g_assert_cmpint(pipe2(ready, O_CLOEXEC), ==, 0);
    c.pid = fork();
    if (c.pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (unshare(CLONE_NEWNET) != 0 || write(ready[1], "1", 1) != 1)
            _exit(1);
        for (;;)
            (void)pause();
    }
    (void)close(ready[1]);
    g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
    (void)close(ready[0]);
    c.netns_fd = fabric_netns_of_pid(rig->fabric, c.pid, &err);
    g_assert_no_error(err);
    return c;
}

static void end_container(struct container *c)
{
    own_close(&c->netns_fd);
    if (c->pid > 0) {
        (void)kill(c->pid, SIGKILL);
        (void)waitpid(c->pid, NULL, 0);
    }
    c->pid = 0;
}

static struct fabric_port port_for(const struct container *c,
                                   const char *bridge, const char *address)
{
    struct fabric_port port = { .bridge = bridge,
                                .netns_fd = c->netns_fd,
                                .interface = "eth%d",
                                .addresses = { { addr(address), 24 } },
                                .address_count = 1,
                                .default_route = true };

    return port;
}

static struct fabric_attached attach(struct rig *rig, const struct container *c,
                                     const char *bridge, const char *address)
{
    const struct fabric_port port = port_for(c, bridge, address);
    struct fabric_attached out;
    g_autoptr(GError) err = NULL;

    (void)fabric_attach(rig->fabric, &port, &out, &err);
    g_assert_no_error(err);
    return out;
}

/* In the container. */
static bool runs(const struct container *c, const char *command)
{
    g_autofree char *line =
        g_strdup_printf("nsenter -t %d -n sh -c '%s'", (int)c->pid, command);
    int status = -1;

    g_assert_true(g_spawn_command_line_sync(line, NULL, NULL, &status, NULL));
    return status == 0;
}

/* Echo by raw sockets: exit status of a process in the container. */
static int ping(int netns_fd, const char *from, const char *to)
{
    const struct ip_endpoint target = { addr(to), 0 };
    bool v6 = target.addr.family == AF_INET6;
    uint8_t request[8] = { v6 ? 128 : 8, 0, 0xf7, 0xff }, answer[128];
    struct sockaddr_storage ss;
    socklen_t len = ip_endpoint_to_sockaddr(&target, &ss);
    struct pollfd p = { .events = POLLIN };

    if (setns(netns_fd, CLONE_NEWNET) != 0)
        return 2;
    p.fd = socket(target.addr.family, SOCK_RAW | SOCK_CLOEXEC,
                  v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
    if (p.fd < 0)
        return 2;
    if (from != NULL) {
        const struct ip_endpoint source = { addr(from), 0 };
        struct sockaddr_storage bound;
        socklen_t bound_len = ip_endpoint_to_sockaddr(&source, &bound);

        if (bind(p.fd, (struct sockaddr *)&bound, bound_len) != 0)
            return 2;
    }
    if (connect(p.fd, (struct sockaddr *)&ss, len) != 0 ||
        send(p.fd, request, sizeof(request), 0) < 0)
        return 1;
    while (poll(&p, 1, PING_MS) == 1) {
        ssize_t n = recv(p.fd, answer, sizeof(answer), 0);

        if (n < 0)
            return 1;
        if (n >= 8 && answer[v6 ? 0 : 20] == (v6 ? 129 : 0))
            return 0;
    }
    return 1;
}

static bool pings_from(const struct container *c, const char *from,
                       const char *to)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(ping(c->netns_fd, from, to));
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(WEXITSTATUS(status), !=, 2);
    return WEXITSTATUS(status) == 0;
}

static bool pings(const struct container *c, const char *to)
{
    return pings_from(c, NULL, to);
}

/* What failed before may still be remembered for some seconds. */
static bool pings_soon(const struct container *c, const char *to)
{
    for (int i = 0; i < PINGS_SOON; i++)
        if (pings(c, to))
            return true;
    return false;
}

static bool lacks_programs(void)
{
    return skip_without("ip") || skip_without("nsenter");
}

/* --- tests --- */

static void containers_of_a_network_reach_each_other(void)
{
    const struct fabric_network n = network("bra", "10.89.0.1");
    struct fabric_attached one;
    struct container a, b;
    struct rig rig;

    if (lacks_programs())
        return;
    open_rig(&rig);
    add_network(&rig, &n);
    a = start_container(&rig);
    b = start_container(&rig);
    one = attach(&rig, &a, "bra", "10.89.0.2");
    (void)attach(&rig, &b, "bra", "10.89.0.3");
    g_assert_cmpstr(one.interface, ==, "eth0");
    g_assert_cmpstr(one.host_name, ==, "port1");
    g_assert_cmpuint(one.mtu, ==, 1500);
    g_assert_true(pings_soon(&a, "10.89.0.3"));
    g_assert_true(pings_soon(&a, "10.89.0.1"));
    g_assert_true(runs(&a, "ip route | grep -q default.via.10.89.0.1"));
    end_container(&a);
    end_container(&b);
    close_rig(&rig);
}

static void nobody_sends_in_anothers_name(void)
{
    const struct fabric_network n = network("bra", "10.89.0.1");
    struct container a, b;
    struct rig rig;

    if (lacks_programs())
        return;
    open_rig(&rig);
    add_network(&rig, &n);
    a = start_container(&rig);
    b = start_container(&rig);
    (void)attach(&rig, &a, "bra", "10.89.0.2");
    (void)attach(&rig, &b, "bra", "10.89.0.3");
    g_assert_true(runs(&a, "ip addr add 10.89.0.9/24 dev eth0"));
    g_assert_true(pings_soon(&a, "10.89.0.3"));
    g_assert_false(pings_from(&a, "10.89.0.9", "10.89.0.3"));
    g_assert_true(runs(&a, "ip link set eth0 address 02:00:00:00:00:77"));
    g_assert_false(pings(&a, "10.89.0.3"));
    end_container(&a);
    end_container(&b);
    close_rig(&rig);
}

static void without_icc_containers_reach_the_gateway_alone(void)
{
    struct fabric_network n = network("bra", "10.89.0.1");
    g_autoptr(GError) err = NULL;
    struct container a, b;
    struct rig rig;

    if (lacks_programs())
        return;
    open_rig(&rig);
    n.icc = false;
    add_network(&rig, &n);
    a = start_container(&rig);
    b = start_container(&rig);
    (void)attach(&rig, &a, "bra", "10.89.0.2");
    (void)attach(&rig, &b, "bra", "10.89.0.3");
    g_assert_true(pings_soon(&a, "10.89.0.1"));
    g_assert_false(pings(&a, "10.89.0.3"));
    n.icc = true;
    (void)fabric_network_update(rig.fabric, &n, &err);
    g_assert_no_error(err);
    g_assert_true(pings_soon(&a, "10.89.0.3"));
    end_container(&a);
    end_container(&b);
    close_rig(&rig);
}

static void networks_are_isolated_unless_they_agree(void)
{
    struct fabric_network one = network("bra", "10.89.0.1");
    struct fabric_network two = network("brb", "10.89.1.1");
    g_autoptr(GError) err = NULL;
    struct container a, b;
    struct rig rig;

    if (lacks_programs())
        return;
    open_rig(&rig);
    add_network(&rig, &one);
    add_network(&rig, &two);
    a = start_container(&rig);
    b = start_container(&rig);
    (void)attach(&rig, &a, "bra", "10.89.0.2");
    (void)attach(&rig, &b, "brb", "10.89.1.2");
    g_assert_false(pings(&a, "10.89.1.2"));
    one.isolate = FABRIC_ISOLATE_TRUE;
    two.isolate = FABRIC_ISOLATE_FALSE;
    (void)fabric_network_update(rig.fabric, &one, &err);
    g_assert_no_error(err);
    g_assert_false(pings(&a, "10.89.1.2"));
    (void)fabric_network_update(rig.fabric, &two, &err);
    g_assert_no_error(err);
    g_assert_true(pings_soon(&a, "10.89.1.2"));
    end_container(&a);
    end_container(&b);
    close_rig(&rig);
}

static void a_containers_death_is_told(void)
{
    const struct fabric_network n = network("bra", "10.89.0.1");
    struct fabric_attached one;
    struct container a;
    struct rig rig;
    struct loop_timer deadline = { .expired = give_up, .self = &rig };

    if (lacks_programs())
        return;
    open_rig(&rig);
    add_network(&rig, &n);
    a = start_container(&rig);
    one = attach(&rig, &a, "bra", "10.89.0.2");
    end_container(&a);
    loop_timer_in_ms(rig.loop, &deadline, DEADLINE_MS);
    (void)loop_run(rig.loop);
    loop_timer_cancel(rig.loop, &deadline);
    g_assert_cmpuint(rig.gone, ==, one.port);
    /* And its address is free again. */
    a = start_container(&rig);
    (void)attach(&rig, &a, "bra", "10.89.0.2");
    g_assert_true(pings_soon(&a, "10.89.0.1"));
    end_container(&a);
    close_rig(&rig);
}

static void what_fails_leaves_nothing(void)
{
    const struct fabric_network n = network("bra", "10.89.0.1");
    struct fabric_network same = network("brb", "10.89.0.77");
    struct fabric_network own = network("brb", "10.0.2.1");
    struct fabric_port port;
    struct fabric_attached out;
    g_autoptr(GError) err = NULL;
    g_autofree char *links = NULL;
    struct container a;
    struct rig rig;

    if (lacks_programs())
        return;
    open_rig(&rig);
    add_network(&rig, &n);
    g_assert_cmpint(fabric_network_add(rig.fabric, &same, &err), ==, -1);
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT);
    g_clear_error(&err);
    g_assert_cmpint(fabric_network_add(rig.fabric, &own, &err), ==, -1);
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT);
    g_clear_error(&err);
    a = start_container(&rig);
    port = port_for(&a, "bra", "10.89.0.2");
    /* Not on the way to anywhere. */
    port.routes[0] =
        (struct fabric_route){ { addr("10.1.0.0"), 16 }, addr("192.0.2.1"), 0 };
    port.route_count = 1;
    g_assert_cmpint(fabric_attach(rig.fabric, &port, &out, &err), ==, -1);
    g_assert_nonnull(err);
    g_clear_error(&err);
    (void)porter_sync(rig.porter, &err);
    g_assert_no_error(err);
    g_assert_true(runs(&a, "! ip link show eth0 2>/dev/null"));
    links = command_output("ip -br link");
    g_assert_null(strstr(links, "port"));
    g_assert_null(strstr(links, "brb"));
    end_container(&a);
    close_rig(&rig);
}

static void what_an_earlier_failure_left_is_in_nobodys_way(void)
{
    const struct fabric_network n = network("bra", "10.89.0.1");
    g_autoptr(GError) err = NULL;
    g_autofree char *none = NULL;
    struct container a;
    struct rig rig;

    if (lacks_programs())
        return;
    open_rig(&rig);
    none = command_output("ip link add bra mtu 1400 type bridge");
    add_network(&rig, &n);
    assert_output_has("ip link show bra", "mtu 1500");
    /* One that is in use stays. */
    g_assert_cmpint(fabric_network_add(rig.fabric, &n, &err), ==, -1);
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT);
    a = start_container(&rig);
    (void)attach(&rig, &a, "bra", "10.89.0.2");
    g_assert_true(pings_soon(&a, "10.89.0.1"));
    end_container(&a);
    close_rig(&rig);
}

static void the_host_is_no_container(void)
{
    const struct fabric_network n = network("bra", "10.89.0.1");
    struct container host = { .netns_fd = -1 };
    struct fabric_port port;
    struct fabric_attached out;
    g_autoptr(GError) err = NULL;
    struct rig rig;

    open_rig(&rig);
    add_network(&rig, &n);
    host.netns_fd = fabric_netns_of_pid(rig.fabric, getpid(), &err);
    g_assert_no_error(err);
    port = port_for(&host, "bra", "10.89.0.2");
    g_assert_cmpint(fabric_attach(rig.fabric, &port, &out, &err), ==, -1);
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_DENIED);
    own_close(&host.netns_fd);
    close_rig(&rig);
}

static void many_networks_come_and_go(void)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *links = NULL, *routes = NULL, *rules = NULL;
    struct rig rig;

    if (lacks_programs() || skip_without("nft"))
        return;
    open_rig(&rig);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 50; i++) {
            g_autofree char *name = g_strdup_printf("br%u", i);
            g_autofree char *gateway = g_strdup_printf("10.90.%u.1", i);
            const struct fabric_network n = network(name, gateway);

            add_network(&rig, &n);
        }
        for (unsigned i = 0; i < 50; i++) {
            g_autofree char *name = g_strdup_printf("br%u", i);

            (void)fabric_network_remove(rig.fabric, name, &err);
            g_assert_no_error(err);
        }
    }
    (void)porter_sync(rig.porter, &err);
    g_assert_no_error(err);
    links = command_output("ip -br link");
    g_assert_null(strstr(links, "br0"));
    g_assert_null(strstr(links, "br49"));
    routes = command_output("ip route show table all");
    g_assert_null(strstr(routes, "10.90."));
    rules = command_output("nft list ruleset");
    g_assert_null(strstr(rules, "net-br"));
    close_rig(&rig);
}

static void a_socket_answers_at_the_gateway(void)
{
    const struct fabric_network n = network("bra", "10.89.0.1");
    const struct ip_endpoint at = { addr("10.89.0.1"), 53 };
    const struct ip_endpoint elsewhere = { addr("10.89.0.2"), 53 };
    g_autoptr(GError) err = NULL;
    owned_fd fd = -1;
    struct rig rig;

    open_rig(&rig);
    add_network(&rig, &n);
    fd = fabric_socket(rig.fabric, &at, SOCK_DGRAM, &err);
    g_assert_no_error(err);
    own_close(&fd);
    fd = fabric_socket(rig.fabric, &at, SOCK_STREAM, &err);
    g_assert_no_error(err);
    g_assert_cmpint(fabric_socket(rig.fabric, &elsewhere, SOCK_DGRAM, &err), ==,
                    -1);
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_NOT_FOUND);
    close_rig(&rig);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_isolated("/fabric/containers of a network reach each other",
                 containers_of_a_network_reach_each_other);
    add_isolated("/fabric/nobody sends in another's name",
                 nobody_sends_in_anothers_name);
    add_isolated("/fabric/without icc containers reach the gateway alone",
                 without_icc_containers_reach_the_gateway_alone);
    add_isolated("/fabric/networks are isolated unless they agree",
                 networks_are_isolated_unless_they_agree);
    add_isolated("/fabric/a container's death is told",
                 a_containers_death_is_told);
    add_isolated("/fabric/what fails leaves nothing",
                 what_fails_leaves_nothing);
    add_isolated("/fabric/what an earlier failure left is in nobody's way",
                 what_an_earlier_failure_left_is_in_nobodys_way);
    add_isolated("/fabric/the host is no container", the_host_is_no_container);
    add_isolated("/fabric/many networks come and go",
                 many_networks_come_and_go);
    add_isolated("/fabric/a socket answers at the gateway",
                 a_socket_answers_at_the_gateway);
    return g_test_run();
}
