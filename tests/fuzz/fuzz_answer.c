/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/agent.h"
#include "agent/call.h"
#include "base/error.h"
#include "base/log.h"
#include "kern/msg.h"
#include "take.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * What an agent may answer that a process of the guest has taken over: the
 * gate's stubs give what they promise, or an error, and never more descriptors
 * than were asked for.  Input: for each answer the stub that asks, how many
 * descriptors come, the code, and the bytes of the texts; or a message of any
 * size.
 */
#define CALLS_PER_INPUT 8
#define FDS_MAX         16

static int null_fd(void)
{
    static int fd = -1;

    if (fd < 0)
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    return fd;
}

static int next_descriptor(void)
{
    int fd = dup(null_fd());

    g_assert_cmpint(fd, >=, 0);
    (void)close(fd);
    return fd;
}

static void put_answer(struct take *in, int agent_end)
{
    uint8_t kind = (uint8_t)take_number(in, 1);
    struct agent_reply reply = { 0 };
    uint8_t odd[sizeof(reply) + 64] = { 0 };
    int fds[FDS_MAX];
    size_t len, count = kind % (FDS_MAX + 1u);
    const uint8_t *bytes;

    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        fds[i] = null_fd();
    if (kind >= 0xf0) {
        bytes = take_bytes(in, 1 + take_number(in, 2) % sizeof(odd), &len);
        if (len > 0)
            memcpy(odd, bytes, len);
        (void)msg_send(agent_end, odd, MAX(len, 1), fds, count);
        return;
    }
    reply.code = (int32_t)(int8_t)take_number(in, 1);
    if (kind >= 0xe0) {
        memset(reply.reason, 'r', sizeof(reply.reason));
        memset(reply.warning, 'w', sizeof(reply.warning));
        memset(reply.name, 'n', sizeof(reply.name));
    }
    bytes = take_bytes(in, take_number(in, 1), &len);
    if (len > 0)
        memcpy(reply.reason, bytes, len);
    bytes = take_bytes(in, take_number(in, 1), &len);
    if (len > 0)
        memcpy(reply.warning, bytes, len);
    bytes = take_bytes(in, take_number(in, 1) % sizeof(reply.name), &len);
    if (len > 0)
        memcpy(reply.name, bytes, len);
    (void)msg_send(agent_end, &reply, sizeof(reply), fds, count);
}

static void check_fd(int fd)
{
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, FD_CLOEXEC);
    (void)close(fd);
}

static int call_tap(struct agent *agent, GError **err)
{
    char name[IFNAMSIZ] = "tap0";
    int fd = agent_tap_open(agent, name, 0, err);

    g_assert_nonnull(memchr(name, '\0', sizeof(name)));
    if (fd < 0)
        return -1;
    check_fd(fd);
    return 0;
}

static int call_relay(struct agent *agent, bool ipv6, GError **err)
{
    const struct agent_relay_open config = { .name = "tap0", .ipv6 = ipv6 };
    struct agent_relay relay;

    if (agent_relay_open(agent, &config, &relay, err) != 0)
        return -1;
    check_fd(relay.tap_fd);
    check_fd(relay.news_fd);
    check_fd(relay.listener_fd);
    if (ipv6)
        check_fd(relay.listener6_fd);
    else
        g_assert_cmpint(relay.listener6_fd, ==, -1);
    return 0;
}

static int call_sockets(struct agent *agent, size_t count, GError **err)
{
    int fds[FDS_MAX];

    if (agent_relay_sockets(agent, AF_INET, false, fds, count, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        check_fd(fds[i]);
    return 0;
}

static int call(struct agent *agent, uint8_t which, GError **err)
{
    static const struct agent_link_config config = { .name = "tap0" };
    static const struct agent_link_ipv6 ipv6 = { .name = "tap0" };

    switch (which % 7) {
    case 0:
        return call_tap(agent, err);
    case 1:
        return agent_link_configure(agent, &config, err);
    case 2:
        return agent_link_ipv6(agent, &ipv6, err);
    case 3:
    case 4:
        return call_relay(agent, which % 7 == 4, err);
    case 5:
        return call_sockets(agent, 1u + which / 7 % FDS_MAX, err);
    default:
        return agent_relay_refresh(agent, err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct take in = { data, size };
    int ends[2], next = next_descriptor();
    struct agent *agent;

    log_quiet();
    g_assert_cmpint(msg_pair(ends, NULL), ==, 0);
    agent = agent_on(ends[0], 0);
    for (int i = 0; i < CALLS_PER_INPUT && in.left > 0; i++) {
        uint8_t which = (uint8_t)take_number(&in, 1);
        g_autoptr(GError) err = NULL;
        int rc;

        put_answer(&in, ends[1]);
        rc = call(agent, which, &err);
        g_assert_true((rc == 0) == (err == NULL));
        if (err != NULL) {
            g_assert_true(err->domain == SLIPGATE_ERROR);
            g_assert_true(g_utf8_validate(error_code_name(err), -1, NULL));
        }
    }
    agent_free(agent);
    (void)close(ends[1]);
    g_assert_cmpint(next_descriptor(), ==, next);
    return 0;
}
