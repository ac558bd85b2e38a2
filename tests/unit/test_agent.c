/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/agent.h"

#include "agent/call.h"
#include "base/error.h"
#include "base/own.h"
#include "kern/msg.h"
#include "kern/netns.h"
#include "kern/tap.h"
#include "own_namespace.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The guest: a child that sleeps in namespaces of its own, for every test.  It
 * shares nothing with this program but its life.
 */
static struct {
    pid_t pid;
    int userns, netns;
} guest;

/*
 * Root joins a stranger's user namespace, which costs a process what joining
 * one's own does not: the kernel forgets PR_SET_PDEATHSIG.
 */
static void become_another_user(void)
{
    const uid_t nobody = 65534;

    if (setresgid(nobody, nobody, nobody) == 0 &&
        setresuid(nobody, nobody, nobody) == 0)
        (void)prctl(PR_SET_DUMPABLE, 1);
}

static const struct agent_confinement wants = { WANT_TRY, WANT_TRY };

static bool start_guest(void)
{
    g_autofree char *user = NULL, *net = NULL;
    int ready[2];
    char c;

    g_assert_cmpint(pipe2(ready, O_CLOEXEC), ==, 0);
    guest.pid = fork();
    if (guest.pid == 0) {
        become_another_user();
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!own_namespace_enter() || write(ready[1], "1", 1) != 1)
            _exit(1);
        for (;;)
            (void)pause();
    }
    (void)close(ready[1]);
    if (read(ready[0], &c, 1) != 1)
        return false;
    (void)close(ready[0]);
    user = g_strdup_printf("/proc/%d/ns/user", (int)guest.pid);
    net = g_strdup_printf("/proc/%d/ns/net", (int)guest.pid);
    guest.userns = userns_open(user, NULL);
    guest.netns = netns_open(net, NULL);
    return guest.userns >= 0 && guest.netns >= 0;
}

static void stop_guest(void)
{
    (void)kill(guest.pid, SIGKILL);
    (void)waitpid(guest.pid, NULL, 0);
}

static struct agent *new_agent(void)
{
    g_autoptr(GError) err = NULL;
    struct agent *agent = agent_start(guest.userns, guest.netns, &wants, &err);

    g_assert_no_error(err);
    return agent;
}

/* Asserts on what `command` prints inside the guest. */
static void assert_guest_has(const char *command, const char *wanted)
{
    g_autofree char *inside =
        g_strdup_printf("nsenter -t %d -U -n --preserve-credentials %s",
                        (int)guest.pid, command);

    assert_output_has(inside, wanted);
}

static char *agent_file(pid_t pid, const char *file)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)pid, file);
    char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static struct agent_link_config config_for(const char *name)
{
    struct agent_link_config c = { .mtu = 1500, .prefix_len = 24 };

    g_strlcpy(c.name, name, sizeof(c.name));
    g_assert_true(ip_addr_parse("10.0.2.100", &c.addr));
    g_assert_true(ip_addr_parse("10.0.2.2", &c.gateway));
    return c;
}

static void add_ipv6(struct agent_link_config *c)
{
    g_assert_true(ip_addr_parse("fd00::100", &c->addr6));
    g_assert_true(ip_addr_parse("fd00::2", &c->gateway6));
    c->prefix_len6 = 64;
}

static void opens_a_tap_in_the_guest(void)
{
    g_autoptr(GError) err = NULL;
    struct agent *agent = new_agent();
    char name[IFNAMSIZ] = "tap%d";
    owned_fd fd = agent_tap_open(agent, name, TAP_VNET_HDR, &err);

    g_assert_no_error(err);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpstr(name, ==, "tap0");
    g_assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    g_assert_cmpuint(if_nametoindex("tap0"), ==, 0);
    /* The descriptor is ours alone: the tap is gone when we let go. */
    own_close(&fd);
    fd = agent_tap_open(agent, name, 0, &err);
    g_assert_no_error(err);
    agent_free(agent);
}

static void configures_the_link(void)
{
    g_autoptr(GError) err = NULL;
    struct agent *agent = new_agent();
    struct agent_link_config c = config_for("tap0");
    char name[IFNAMSIZ] = "tap0";
    owned_fd fd = agent_tap_open(agent, name, 0, &err);

    g_assert_no_error(err);
    add_ipv6(&c);
    c.mtu = 65520;
    c.set_mac = 1;
    memcpy(c.mac, (const uint8_t[]){ 2, 0, 0, 0, 0, 9 }, 6);
    agent_link_configure(agent, &c, &err);
    g_assert_no_error(err);
    if (!skip_without("ip") && !skip_without("nsenter")) {
        assert_guest_has("ip link show lo", "LOOPBACK,UP");
        assert_guest_has("ip link show tap0", "mtu 65520");
        assert_guest_has("ip link show tap0", "02:00:00:00:00:09");
        assert_guest_has("ip -4 addr show tap0",
                         "10.0.2.100/24 brd 10.0.2.255");
        assert_guest_has("ip route", "default via 10.0.2.2 dev tap0");
        assert_guest_has("ip -6 addr show tap0",
                         "inet6 fd00::100/64 scope global nodad");
        assert_guest_has("ip -6 route", "default via fd00::2 dev tap0");
    }
    agent_free(agent);
}

/* An MTU below 1280 turns IPv6 off, as a kernel without it would. */
static void ipv6_that_fails_is_a_warning(void)
{
    g_autoptr(GError) err = NULL;
    struct agent *agent = new_agent();
    struct agent_request request = { .op = AGENT_OP_LINK_CONFIGURE };
    struct agent_reply reply;
    char name[IFNAMSIZ] = "tap0";
    owned_fd fd = agent_tap_open(agent, name, 0, &err);

    g_assert_no_error(err);
    request.link_configure = config_for("tap0");
    add_ipv6(&request.link_configure);
    request.link_configure.mtu = 1000;
    agent_call(agent, &request, NULL, 0, &reply, NULL, 0, &err);
    g_assert_no_error(err);
    g_assert_true(g_str_has_prefix(reply.warning, "no IPv6 on tap0: add "
                                                  "address fd00::100/64"));
    if (!skip_without("ip") && !skip_without("nsenter"))
        assert_guest_has("ip route", "default via 10.0.2.2 dev tap0");
    agent_free(agent);
}

static void refusal(struct agent *agent, const struct agent_request *request,
                    enum slipgate_error code)
{
    g_autoptr(GError) err = NULL;
    struct agent_reply reply;

    g_assert_cmpint(agent_call(agent, request, NULL, 0, &reply, NULL, 0, &err),
                    ==, -1);
    g_assert_error(err, SLIPGATE_ERROR, (int)code);
}

static void assert_lives(struct agent *agent)
{
    g_autoptr(GError) err = NULL;
    char name[IFNAMSIZ] = "alive";
    owned_fd fd = agent_tap_open(agent, name, 0, &err);

    g_assert_no_error(err);
    g_assert_cmpint(fd, >=, 0);
}

static void refuses_malformed_fields(void)
{
    struct agent *agent = new_agent();
    struct agent_request good = { .op = AGENT_OP_LINK_CONFIGURE };
    struct agent_request r;

    good.link_configure = config_for("tap0");
    refusal(agent, &good, SLIPGATE_ERROR_NOT_FOUND); /* no such interface */
#define REFUSES(change)                                 \
    do {                                                \
        r = good;                                       \
        change;                                         \
        refusal(agent, &r, SLIPGATE_ERROR_BAD_REQUEST); \
    } while (0)
    REFUSES(r.op = AGENT_OP_COUNT);
    REFUSES(r.op = UINT32_MAX);
    REFUSES(memset(r.link_configure.name, 'x', IFNAMSIZ));
    REFUSES(r.link_configure.name[0] = '\0');
    REFUSES(r.link_configure.mtu = 0);
    REFUSES(r.link_configure.mtu = AGENT_MTU_MAX + 1);
    REFUSES(r.link_configure.set_mac = 2);
    REFUSES(r.link_configure.addr.family = AF_INET6);
    REFUSES(r.link_configure.gateway.family = AF_UNIX);
    REFUSES(r.link_configure.prefix_len = 0);
    REFUSES(r.link_configure.prefix_len = 33);
    REFUSES(r.link_configure.addr6.family = AF_INET6);
    REFUSES(r.link_configure.addr6.family = r.link_configure.gateway6.family =
                AF_INET);
    REFUSES(add_ipv6(&r.link_configure); r.link_configure.prefix_len6 = 129);
    good = (struct agent_request){ .op = AGENT_OP_TAP_OPEN };
    REFUSES(memset(r.tap_open.name, 'x', IFNAMSIZ));
    REFUSES(r.tap_open.flags = TAP_FLAGS_ALL + 1);
#undef REFUSES
    assert_lives(agent);
    agent_free(agent);
}

static void refuses_descriptors_it_did_not_ask_for(void)
{
    g_autoptr(GError) err = NULL;
    struct agent *agent = new_agent();
    struct agent_request request = { .op = AGENT_OP_TAP_OPEN };
    struct agent_reply reply;
    int fds[2] = { STDERR_FILENO, STDERR_FILENO }, back = -1;

    g_assert_cmpint(agent_call(agent, &request, fds, 2, &reply, &back, 1, &err),
                    ==, -1);
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_BAD_REQUEST);
    assert_lives(agent);
    agent_free(agent);
}

static void refuses_messages_of_other_sizes(void)
{
    static const size_t sizes[] = { 1, sizeof(struct agent_request) - 1,
                                    sizeof(struct agent_request) + 1 };
    struct agent *agent = new_agent();
    char data[sizeof(struct agent_request) + 1] = { 0 };
    struct agent_reply reply;
    int fds[MSG_FDS_MAX];
    size_t count;

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_assert_cmpint(msg_send(agent_fd(agent), data, sizes[i], NULL, 0), ==,
                        0);
        g_assert_cmpint(
            msg_recv(agent_fd(agent), &reply, sizeof(reply), fds, &count), ==,
            1);
        g_assert_cmpint(reply.code, ==, 1 + SLIPGATE_ERROR_BAD_REQUEST);
        g_assert_cmpuint(count, ==, 0);
    }
    assert_lives(agent);
    agent_free(agent);
}

static void a_failed_start_leaves_nothing(void)
{
    g_autoptr(GError) err = NULL;
    owned_fd null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    g_assert_null(agent_start(-1, null, &wants, &err));
    g_assert_nonnull(
        strstr(err->message, "join the target's network namespace"));
    /* The guest is the only child that is left. */
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, 0);
}

static void keeps_few_descriptors_and_capabilities(void)
{
    owned_fd kept = open("/proc/self/status", O_RDONLY); /* not close-on-exec */
    owned_fd ours = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    struct agent *agent = new_agent();
    g_autofree char *status = agent_file(agent_pid(agent), "status");
    g_autofree char *dir_name =
        g_strdup_printf("/proc/%d/fd", (int)agent_pid(agent));
    GDir *dir = g_dir_open(dir_name, 0, NULL);
    unsigned count = 0;

    g_assert_cmpint(kept, >=, 0);
    g_assert_cmpint(ours, >=, 0);
    if (dir == NULL) { /* it is not dumpable: root alone may look */
        g_assert_cmpuint(geteuid(), !=, 0);
    } else {
        while (g_dir_read_name(dir) != NULL)
            count++;
        g_dir_close(dir);
        g_assert_cmpuint(count, ==, 5); /* 0, 1, 2, the socket, rtnetlink */
    }
    g_assert_nonnull(strstr(status, "CapEff:\t0000000000201400\n"));
    g_assert_nonnull(strstr(status, "CapPrm:\t0000000000201400\n"));
    g_assert_nonnull(strstr(status, "CapBnd:\t0000000000201400\n"));
    g_assert_nonnull(strstr(status, "NoNewPrivs:\t1\n"));
    g_assert_nonnull(strstr(status, "Seccomp:\t2\n"));
    g_assert_nonnull(strstr(status, "Name:\tslipgate-agent\n"));
    agent_free(agent);
}

static bool becomes_readable(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    return poll(&p, 1, 10000) == 1;
}

static void its_end_is_seen(void)
{
    g_autoptr(GError) err = NULL;
    struct agent *agent = new_agent();
    char name[IFNAMSIZ] = "tap0";

    g_assert_cmpint(kill(agent_pid(agent), SIGTERM), ==, 0);
    assert_lives(agent);
    g_assert_cmpint(kill(agent_pid(agent), SIGKILL), ==, 0);
    g_assert_true(becomes_readable(agent_fd(agent)));
    g_assert_cmpint(agent_tap_open(agent, name, 0, &err), ==, -1);
    g_assert_cmpstr(err->message, ==,
                    "the process inside the namespace is gone");
    agent_free(agent);
}

/*
 * A gate that is killed while its end of the connection lives on elsewhere, so
 * that only the parent's death can tell the agent.
 */
static void dies_with_the_gate(void)
{
    int pair[2], fds[MSG_FDS_MAX];
    owned_fd agent_pidfd = -1, connection = -1;
    pid_t gate, agent = -1;
    size_t count;

    /* The orphan comes to us, so that nothing is left of it. */
    g_assert_cmpint(prctl(PR_SET_CHILD_SUBREAPER, 1), ==, 0);
    g_assert_cmpint(msg_pair(pair, NULL), ==, 0);
    gate = fork();
    if (gate == 0) {
        struct agent *a = new_agent();
        int fd = agent_fd(a);
        pid_t pid = agent_pid(a);

        if (msg_send(pair[1], &pid, sizeof(pid), &fd, 1) != 0)
            _exit(1);
        for (;;)
            (void)pause();
    }
    (void)close(pair[1]);
    g_assert_cmpint(msg_recv(pair[0], &agent, sizeof(agent), fds, &count), ==,
                    1);
    (void)close(pair[0]);
    g_assert_cmpuint(count, ==, 1);
    connection = fds[0];
    agent_pidfd = (int)syscall(SYS_pidfd_open, agent, 0);
    if (agent_pidfd < 0) {
        g_test_skip("no pidfd_open here");
    } else {
        g_assert_cmpint(kill(gate, SIGKILL), ==, 0);
        g_assert_true(becomes_readable(agent_pidfd));
        g_assert_cmpint(waitpid(agent, NULL, 0), ==, agent);
    }
    (void)kill(gate, SIGKILL);
    g_assert_cmpint(waitpid(gate, NULL, 0), ==, gate);
}

/* Only the end of file is left when something else holds the gate's place. */
static void ends_at_the_end_of_the_connection(void)
{
    struct agent *agent = new_agent();
    int status = -1;

    g_assert_cmpint(shutdown(agent_fd(agent), SHUT_WR), ==, 0);
    g_assert_cmpint(waitpid(agent_pid(agent), &status, 0), ==,
                    agent_pid(agent));
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    agent_free(agent);
}

static void stays_small(void)
{
#ifdef __SANITIZE_ADDRESS__
    g_test_skip("the address sanitizer is not small");
    return;
#endif
    struct agent *agent = new_agent();
    g_autofree char *status = NULL;
    const char *rss;

    assert_lives(agent);
    status = agent_file(agent_pid(agent), "status");
    rss = strstr(status, "RssAnon:");
    g_assert_nonnull(rss);
    g_assert_cmpint(atoi(rss + strlen("RssAnon:")), <, 2048);
    agent_free(agent);
}

int main(int argc, char **argv)
{
    int rc;

    g_test_init(&argc, &argv, NULL);
    if (!start_guest() || access("/dev/net/tun", R_OK | W_OK) != 0) {
        g_print("1..0 # SKIP no user namespaces or no /dev/net/tun here\n");
        return 0;
    }
    g_test_add_func("/agent/opens a tap in the guest",
                    opens_a_tap_in_the_guest);
    g_test_add_func("/agent/configures the link", configures_the_link);
    g_test_add_func("/agent/IPv6 that fails is a warning",
                    ipv6_that_fails_is_a_warning);
    g_test_add_func("/agent/refuses malformed fields",
                    refuses_malformed_fields);
    g_test_add_func("/agent/refuses descriptors it did not ask for",
                    refuses_descriptors_it_did_not_ask_for);
    g_test_add_func("/agent/refuses messages of other sizes",
                    refuses_messages_of_other_sizes);
    g_test_add_func("/agent/a failed start leaves nothing",
                    a_failed_start_leaves_nothing);
    g_test_add_func("/agent/keeps few descriptors and capabilities",
                    keeps_few_descriptors_and_capabilities);
    g_test_add_func("/agent/its end is seen", its_end_is_seen);
    g_test_add_func("/agent/dies with the gate", dies_with_the_gate);
    g_test_add_func("/agent/ends at the end of the connection",
                    ends_at_the_end_of_the_connection);
    g_test_add_func("/agent/stays small", stays_small);
    rc = g_test_run();
    stop_guest();
    return rc;
}
