/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine_rig.h"
#include "net/flow_key.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MANY 80

/* More than there are lanes, so that those of both families have some. */
static void connections_of_all_lanes_work_side_by_side(struct engine_rig *rig)
{
    static const char *const hosts[] = { "192.0.2.1", "2001:db8::1" };
    struct engine_tcp tcp[MANY];
    uint16_t ports[2];
    int listeners[2], fds[MANY];

    for (int v6 = 0; v6 < 2; v6++)
        listeners[v6] =
            engine_rig_host_socket(hosts[v6], SOCK_STREAM, &ports[v6]);
    for (int i = 0; i < MANY; i++) {
        tcp[i] = engine_tcp_open(rig, hosts[i % 2], ports[i % 2], 1000);
        fds[i] = engine_rig_accept(rig, listeners[i % 2]);
    }
    g_assert_cmpuint(stack_sockets(pump_stack(rig->pump)), ==, MANY);
    g_assert_cmpuint(rig->budget.used[BUDGET_STACK_STREAM], ==, MANY);
    for (int i = MANY - 1; i >= 0; i--) {
        uint8_t got[50];

        engine_tcp_send(rig, &tcp[i], 0, FRAME_ACK | FRAME_PSH, sizeof(got));
        engine_rig_read(rig, fds[i], got, sizeof(got));
        (void)close(fds[i]);
    }
    (void)close(listeners[0]);
    (void)close(listeners[1]);
}

static void a_reset_finds_its_lane(struct engine_rig *rig)
{
    uint16_t port;
    int listener = engine_rig_host_socket("192.0.2.1", SOCK_STREAM, &port);

    for (int i = 0; i < MANY; i++) {
        struct engine_tcp tcp = engine_tcp_open(rig, "192.0.2.1", port, 5);
        int fd = engine_rig_accept(rig, listener);

        engine_tcp_send(rig, &tcp, 0, FRAME_RST, 0);
        engine_rig_settle(rig);
        g_assert_cmpuint(stack_sockets(pump_stack(rig->pump)), ==, 0);
        (void)close(fd);
    }
    (void)close(listener);
}

/* --- forwards --- */

/* The guest accepts what a client opens, and they talk. */
static void accept_and_talk(struct engine_rig *rig, uint16_t host_port)
{
    struct ip_endpoint at = { frames_addr("192.0.2.1"), host_port };
    struct sockaddr_storage ss;
    socklen_t len = ip_endpoint_to_sockaddr(&at, &ss);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct frames_spec answer = { .flags = FRAME_SYN | FRAME_ACK,
                                  .seq = 100,
                                  .window = 65535 };
    char to[IP_ADDR_TEXT_MAX], got[20];
    struct frame f;

    g_assert_cmpint(connect(fd, (struct sockaddr *)&ss, len), ==, 0);
    f = engine_rig_expect(rig, IPPROTO_TCP);
    g_assert_cmphex(f.tcp_flags, ==, FRAME_SYN);
    answer.dst = ip_addr_format(&f.src.addr, to);
    answer.sport = f.dst.port;
    answer.dport = f.src.port;
    answer.ack = f.tcp_seq + 1;
    engine_rig_send_spec(rig, &answer);
    answer.flags = FRAME_ACK | FRAME_PSH;
    answer.seq++;
    answer.payload_len = sizeof(got);
    engine_rig_send_spec(rig, &answer);
    engine_rig_read(rig, fd, got, sizeof(got));
    answer.flags = FRAME_RST;
    answer.payload_len = 0;
    answer.seq += (uint32_t)sizeof(got);
    engine_rig_send_spec(rig, &answer);
    engine_rig_settle(rig);
    (void)close(fd);
}

static void what_a_forward_opens_stays_in_its_lane(struct engine_rig *rig)
{
    struct fwd_driver driver = stack_fwd_driver(pump_stack(rig->pump));

    for (uint16_t i = 0; i < MANY; i++) {
        struct fwd_rule rule = {
            .proto = IPPROTO_TCP,
            .host.addr = frames_addr("192.0.2.1"),
            .guest = { frames_addr("10.0.2.100"), (uint16_t)(7000 + i) },
        };
        g_autoptr(GError) err = NULL;
        void *handle = driver.start(driver.self, &rule, &err);

        g_assert_no_error(err);
        accept_and_talk(rig, rule.host.port);
        g_assert_cmpuint(driver.connections(driver.self, handle), ==, 0);
        driver.stop(driver.self, handle);
        /* What the guest said before belongs to nobody now. */
        while (engine_rig_has(rig, IPPROTO_TCP))
            ;
    }
    g_assert_cmpuint(stack_sockets(pump_stack(rig->pump)), ==, 0);
}

static void a_lane_has_one_family(struct engine_rig *rig)
{
    (void)rig;
    for (unsigned number = 0; number < 100; number++) {
        g_assert_cmpuint(flow_key_lane(number, AF_INET, 1), ==, 0);
        g_assert_cmpuint(flow_key_lane(number, AF_INET6, 1), ==, 0);
        for (unsigned lanes = 2; lanes <= STACK_LANES_MAX; lanes *= 2) {
            unsigned v4 = flow_key_lane(number, AF_INET, lanes);
            unsigned v6 = flow_key_lane(number, AF_INET6, lanes);

            g_assert_cmpuint(v4, ==, number * 2 % lanes);
            g_assert_cmpuint(v6, ==, v4 + 1);
        }
    }
}

static const struct engine_rig_test tests[] = {
    { "a lane has one family", a_lane_has_one_family },
    { "connections of all lanes work side by side",
      connections_of_all_lanes_work_side_by_side },
    { "a reset finds its lane", a_reset_finds_its_lane },
    { "what a forward opens stays in its lane",
      what_a_forward_opens_stays_in_its_lane },
};

int main(int argc, char **argv)
{
    return engine_rig_main(argc, argv, "stack", tests, G_N_ELEMENTS(tests));
}
