/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../unit/own_namespace.h"
#include "agent/bridges.h"
#include "agent/inside.h"
#include "agent/op.h"
#include "agent/relay_ns.h"
#include "kern/rtnl.h"
#include "take.h"

#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * What a gate that a hostile guest owns may send to the agent, which performs
 * it with all its might in a network namespace of its own.  Input: messages,
 * each a byte that says what kind, and
 *   a whole request: the operation in one byte, then bytes from its start,
 *   a plausible request: the operation, and numbers for its fields,
 *   something of any size, with any number of descriptors.
 * Every message is answered, by an answer whose texts end; and no descriptor
 * stays behind.
 */
#define REQUESTS_PER_INPUT 8

struct world {
    bool refused; /* no namespace can be had */
    struct agent_state state;
    int null, gate, agent; /* /dev/null, and the two ends */
};

static struct world world;

/* In place of the C library's: a name that is held here stays so, however long
   the agent waits. */
int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    (void)wanted;
    (void)left;
    return 0;
}

static void trapped(int number)
{
    (void)number;
    abort();
}

/* Before libFuzzer has threads, with which no namespace can be had. */
static void enter_once(void)
{
    static bool entered;
    int ends[2];

    if (entered)
        return;
    entered = true;
    (void)signal(SIGTRAP, trapped);
    (void)signal(SIGPIPE, SIG_IGN);
    world.refused = !own_namespace_enter();
    world.null = open("/dev/null", O_RDWR | O_CLOEXEC);
    g_assert_cmpint(world.null, >=, 0);
    if (world.refused)
        return;
    g_assert_cmpint(msg_pair(ends, NULL), ==, 0);
    world.gate = ends[0];
    world.agent = ends[1];
    world.state.guest = rtnl_open(NULL);
    g_assert_nonnull(world.state.guest);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    enter_once();
    return 0;
}

/* The number that the next descriptor will get. */
static int next_descriptor(void)
{
    int fd = dup(world.null);

    g_assert_cmpint(fd, >=, 0);
    (void)close(fd);
    return fd;
}

static void put_name(struct take *in, char name[IFNAMSIZ])
{
    static const char *const names[] = {
        "tap0", "lo", "", "a/b", "r0", "x", "tap%d", "..",
    };
    size_t kind = take_number(in, 1);

    if (kind < 0xf0)
        g_strlcpy(name, names[kind % G_N_ELEMENTS(names)], IFNAMSIZ);
    else
        memset(name, (int)kind, IFNAMSIZ);
}

static struct ip_addr take_addr(struct take *in)
{
    static const char *const addrs[] = { "10.0.2.100", "10.0.2.2",  "fd00::100",
                                         "fd00::2",    "127.0.0.1", "::",
                                         "0.0.0.0",    "ff02::1" };
    uint8_t kind = (uint8_t)take_number(in, 1);
    struct ip_addr addr = { .family = kind };

    if (kind < 0xf0)
        g_assert_true(ip_addr_parse(addrs[kind % 8], &addr));
    return addr;
}

static uint32_t take_small(struct take *in)
{
    static const uint32_t odd[] = { 0, 1, 68, 1280, 1500, 65521, 65522, ~0u };
    uint8_t kind = (uint8_t)take_number(in, 1);

    return kind < 0x80 ? kind : odd[kind % 8];
}

static void put_link_config(struct take *in, struct agent_link_config *c)
{
    put_name(in, c->name);
    c->mtu = take_small(in);
    c->set_mac = (uint8_t)take_small(in);
    c->mac[0] = (uint8_t)take_number(in, 1);
    c->addr = take_addr(in);
    c->gateway = take_addr(in);
    c->prefix_len = take_small(in);
    c->addr6 = take_addr(in);
    c->gateway6 = take_addr(in);
    c->prefix_len6 = take_small(in);
}

static void put_relay_open(struct take *in, struct agent_relay_open *c)
{
    put_name(in, c->name);
    c->mtu = take_small(in);
    c->set_mac = (uint8_t)take_small(in);
    c->mac[0] = (uint8_t)take_number(in, 1);
    c->ipv6 = (uint8_t)take_small(in);
}

static void put_bridge(struct take *in, struct agent_bridge *c)
{
    put_name(in, c->name);
    c->number = (uint16_t)take_small(in);
    c->mtu = take_small(in);
    c->gateway_count = take_small(in);
    for (size_t i = 0; i < AGENT_PREFIXES_MAX; i++)
        c->gateways[i] = (struct agent_prefix){ take_addr(in), take_small(in) };
}

static void put_port(struct take *in, struct agent_port *c)
{
    static const char *const names[] = { "port1", "port2", "port", "lo" };

    (void)g_strlcpy(c->name, names[take_number(in, 1) % 4], IFNAMSIZ);
    put_name(in, c->bridge);
    c->isolated = (uint8_t)take_small(in);
    c->mac[0] = (uint8_t)take_number(in, 1);
    c->address_count = take_small(in);
    for (size_t i = 0; i < AGENT_PREFIXES_MAX; i++)
        c->addresses[i] = take_addr(in);
}

static void put_rules(struct take *in, struct agent_bridge_rules *c)
{
    put_name(in, c->name);
    c->dns = (uint8_t)take_small(in);
    c->peer_count = take_small(in);
    for (size_t i = 0; i < 4; i++)
        c->peers[i] = (struct agent_prefix){ take_addr(in), take_small(in) };
}

static void put_plausible_bridge(struct take *in, struct agent_request *request)
{
    switch (request->op) {
    case AGENT_OP_BRIDGE_ADD:
        put_bridge(in, &request->bridge);
        break;
    case AGENT_OP_BRIDGE_RULES:
        put_rules(in, &request->bridge_rules);
        break;
    case AGENT_OP_BRIDGE_SOCKET:
        request->bridge_socket.at.addr = take_addr(in);
        request->bridge_socket.stream = take_small(in);
        break;
    case AGENT_OP_PORT_ADD:
        put_port(in, &request->port);
        break;
    default: /* a name, at the same place */
        put_name(in, request->bridge_drop.name);
        break;
    }
}

static void put_plausible(struct take *in, struct agent_request *request)
{
    request->op = take_number(in, 1) % AGENT_OP_COUNT;
    switch ((enum agent_op)request->op) {
    case AGENT_OP_TAP_OPEN:
        put_name(in, request->tap_open.name);
        request->tap_open.flags = take_small(in);
        break;
    case AGENT_OP_LINK_CONFIGURE:
        put_link_config(in, &request->link_configure);
        break;
    case AGENT_OP_RELAY_OPEN:
        put_relay_open(in, &request->relay_open);
        break;
    case AGENT_OP_RELAY_SOCKETS:
        request->relay_sockets =
            (struct agent_relay_sockets){ take_small(in), take_small(in),
                                          take_small(in) };
        break;
    case AGENT_OP_LINK_IPV6:
        put_name(in, request->link_ipv6.name);
        request->link_ipv6.on = take_small(in);
        request->link_ipv6.addr = take_addr(in);
        request->link_ipv6.gateway = take_addr(in);
        request->link_ipv6.prefix_len = take_small(in);
        break;
    case AGENT_OP_BRIDGE_ADD:
    case AGENT_OP_BRIDGE_RULES:
    case AGENT_OP_BRIDGE_DROP:
    case AGENT_OP_BRIDGE_SOCKET:
    case AGENT_OP_PORT_ADD:
    case AGENT_OP_PORT_ISOLATE:
    case AGENT_OP_PORT_DROP:
        put_plausible_bridge(in, request);
        break;
    case AGENT_OP_BRIDGES_OPEN:
    case AGENT_OP_RELAY_REFRESH:
    case AGENT_OP_COUNT:
        break;
    }
}

/* Sends one message of the input; it may be of any shape. */
static void send_one(struct take *in)
{
    uint8_t kind = (uint8_t)take_number(in, 1);
    struct agent_request request = { 0 };
    uint8_t odd[sizeof(request) + 64] = { 0 };
    int fds[MSG_FDS_MAX];
    size_t len, count = kind >= 0xe0 ? kind % (MSG_FDS_MAX + 1u) : 0;
    const uint8_t *bytes;

    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        fds[i] = world.null;
    if (kind % 8 == 0) {
        bytes = take_bytes(in, 1 + take_number(in, 2) % sizeof(odd), &len);
        if (len > 0)
            memcpy(odd, bytes, len);
        g_assert_cmpint(msg_send(world.gate, odd, MAX(len, 1), fds, count), ==,
                        0);
        return;
    }
    if (kind % 8 == 1) {
        request.op = take_number(in, 1);
        bytes = take_bytes(in, sizeof(request) - sizeof(request.op), &len);
        if (len > 0)
            memcpy(&request.tap_open, bytes, len);
    } else {
        put_plausible(in, &request);
    }
    g_assert_cmpint(msg_send(world.gate, &request, sizeof(request), fds, count),
                    ==, 0);
}

static bool ends(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

/* Takes the answer, whose descriptors a gate would keep for a while. */
static void take_answer(GArray *kept)
{
    struct agent_reply reply;
    int fds[MSG_FDS_MAX];
    size_t count;

    g_assert_cmpint(msg_recv(world.gate, &reply, sizeof(reply), fds, &count),
                    ==, 1);
    g_assert_true(ends(reply.reason, sizeof(reply.reason)) &&
                  ends(reply.warning, sizeof(reply.warning)) &&
                  ends(reply.name, sizeof(reply.name)));
    g_assert_true((reply.code == 0) == (reply.reason[0] == '\0'));
    g_assert_true(reply.code == 0 || count == 0);
    for (size_t i = 0; i < count; i++)
        g_assert_cmpint(fcntl(fds[i], F_GETFD), ==, FD_CLOEXEC);
    g_array_append_vals(kept, fds, (guint)count);
}

static void drop(GArray *kept)
{
    for (guint i = 0; i < kept->len; i++)
        (void)close(g_array_index(kept, int, i));
    g_array_set_size(kept, 0);
}

/* What is left of an input would meet the next. */
static void clear(GArray *kept)
{
    struct if_nameindex *links;

    drop(kept);
    g_array_free(kept, TRUE);
    bridges_free(world.state.bridges);
    world.state.bridges = NULL;
    relay_ns_free(world.state.relay);
    world.state.relay = NULL;
    links = if_nameindex();
    for (size_t i = 0; links != NULL && links[i].if_index != 0; i++)
        if (strcmp(links[i].if_name, "lo") != 0)
            (void)rtnl_link_delete(world.state.guest, links[i].if_index, NULL);
    if_freenameindex(links);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct take in = { data, size };
    GArray *kept;
    int next;

    enter_once();
    if (world.refused)
        return 0;
    next = next_descriptor();
    kept = g_array_new(FALSE, FALSE, sizeof(int));
    for (int i = 0; i < REQUESTS_PER_INPUT && in.left > 0; i++) {
        send_one(&in);
        g_assert_cmpint(agent_serve_one(world.agent, &world.state), ==, 1);
        take_answer(kept);
    }
    clear(kept);
    g_assert_cmpint(next_descriptor(), ==, next);
    return 0;
}
