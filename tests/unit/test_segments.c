/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/ops.h"
#include "base/error.h"
#include "net/segments.h"

#include <net/ethernet.h>
#include <string.h>

static struct ip_addr addr(const char *text)
{
    struct ip_addr a = { .family = AF_UNSPEC };

    g_assert_true(ip_addr_parse(text, &a));
    return a;
}

static struct segment segment(const char *net, const char *gateway)
{
    struct segment s = { .count = 1 };

    g_assert_true(ip_prefix_parse(net, &s.nets[0], NULL));
    s.gateways[0] = addr(gateway);
    return s;
}

static uint16_t add(struct segments *segments, const char *net,
                    const char *gateway)
{
    const struct segment s = segment(net, gateway);
    g_autoptr(GError) err = NULL;
    uint16_t number = segments_add(segments, &s, &err);

    g_assert_no_error(err);
    g_assert_cmpuint(number, !=, 0);
    return number;
}

static uint16_t number_of(const struct segments *segments, const char *text)
{
    const struct ip_addr a = addr(text);
    const struct segment *s = segments_of(segments, &a);

    return s == NULL ? 0 : s->number;
}

static void an_address_belongs_to_one_segment_at_most(void)
{
    owned(segments) segments = segments_new();
    uint16_t a = add(segments, "10.89.0.0/24", "10.89.0.1");
    uint16_t b = add(segments, "10.89.2.0/24", "10.89.2.1");
    uint16_t c = add(segments, "fd00:89::/64", "fd00:89::1");

    g_assert_cmpuint(number_of(segments, "10.89.0.255"), ==, a);
    g_assert_cmpuint(number_of(segments, "10.89.2.0"), ==, b);
    g_assert_cmpuint(number_of(segments, "fd00:89::ffff"), ==, c);
    g_assert_cmpuint(number_of(segments, "10.89.1.1"), ==, 0);
    g_assert_cmpuint(number_of(segments, "10.88.255.255"), ==, 0);
    g_assert_cmpuint(number_of(segments, "10.89.3.0"), ==, 0);
    g_assert_cmpuint(number_of(segments, "fd00:8a::1"), ==, 0);
    segments_remove(segments, b);
    g_assert_cmpuint(number_of(segments, "10.89.2.1"), ==, 0);
    g_assert_cmpuint(number_of(segments, "10.89.0.1"), ==, a);
    g_assert_cmpuint(number_of(NULL, "10.89.0.1"), ==, 0);
}

static void subnets_that_overlap_are_refused(void)
{
    static const char *const bad[] = { "10.89.0.0/16", "10.89.0.128/25",
                                       "10.89.0.0/24", "0.0.0.0/0" };
    owned(segments) segments = segments_new();

    (void)add(segments, "10.89.0.0/24", "10.89.0.1");
    (void)add(segments, "10.90.0.0/24", "10.90.0.1");
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        const struct segment s = segment(bad[i], "10.89.0.1");
        g_autoptr(GError) err = NULL;

        g_assert_cmpuint(segments_add(segments, &s, &err), ==, 0);
        g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT);
    }
}

static void assert_same(const void *a, const void *b, size_t len)
{
    g_assert_true(memcmp(a, b, len) == 0);
}

/* A frame of a bridge's port: its MAC addresses, then IPv4. */
static size_t put_frame(uint8_t *data, uint16_t number, const char *src,
                        const char *dst)
{
    static const uint8_t start[4] = AGENT_BRIDGE_MAC_START;
    const struct ip_addr from = addr(src), to = addr(dst);

    memset(data, 0, 64);
    memcpy(data, start, sizeof(start));
    frame_put16(data + 4, number);
    frame_put16(data + 12, ETHERTYPE_IP);
    data[14] = 0x45;
    frame_put16(data + 16, 28);
    data[23] = IPPROTO_UDP;
    memcpy(data + 26, &from.v4, 4);
    memcpy(data + 30, &to.v4, 4);
    frame_put16(data + 36, 8080);
    frame_put16(data + 38, 8);
    return 42;
}

static bool accepts(const struct segments *segments, uint16_t number,
                    const char *src)
{
    uint8_t data[64];
    struct frame f;
    size_t len = put_frame(data, number, src, "192.0.2.1");

    g_assert_cmpint(frame_parse(data, len, &f), ==, FRAME_GOOD);
    return segments_accept_source(segments, &f);
}

static void nobody_sends_in_anothers_name(void)
{
    owned(segments) segments = segments_new();
    uint16_t a = add(segments, "10.89.0.0/24", "10.89.0.1");
    uint16_t b = add(segments, "10.89.1.0/24", "10.89.1.1");

    g_assert_true(accepts(segments, a, "10.89.0.2"));
    g_assert_true(accepts(segments, b, "10.89.1.2"));
    g_assert_false(accepts(segments, a, "10.89.1.2"));
    g_assert_false(accepts(segments, a, "10.0.2.100"));
    /* Of no bridge: the guest. */
    g_assert_false(accepts(segments, 0, "10.89.0.2"));
    g_assert_true(accepts(segments, 0, "10.0.2.100"));
}

static void frames_for_containers_go_to_the_relay_namespace(void)
{
    static const uint8_t tap[6] = AGENT_RELAY_TAP_MAC;
    owned(segments) segments = segments_new();
    uint8_t data[64], before[64];
    size_t len;

    (void)add(segments, "10.89.0.0/24", "10.89.0.1");
    len = put_frame(data, 0, "192.0.2.1", "10.89.0.2");
    segments_steer(segments, data, len);
    assert_same(data, tap, 6);
    len = put_frame(data, 0, "192.0.2.1", "10.0.2.100");
    memcpy(before, data, len);
    segments_steer(segments, data, len);
    assert_same(data, before, len);
    segments_steer(segments, data, 20); /* too short to tell */
    assert_same(data, before, len);
}

static void where_containers_are_is_answered(void)
{
    static const uint8_t tap[6] = AGENT_RELAY_TAP_MAC;
    static const uint8_t asker[6] = { 0x52, 0x55, 10, 0, 2, 2 };
    owned(segments) segments = segments_new();
    uint8_t question[42] = { 0 }, answer[SEGMENTS_ANSWER_MAX];
    const struct ip_addr target = addr("10.89.0.2"), from = addr("10.0.2.2");

    (void)add(segments, "10.89.0.0/24", "10.89.0.1");
    memset(question, 0xff, 6);
    memcpy(question + 6, asker, 6);
    frame_put16(question + 12, ETHERTYPE_ARP);
    frame_put16(question + 20, 1);
    memcpy(question + 22, asker, 6);
    memcpy(question + 28, &from.v4, 4);
    memcpy(question + 38, &target.v4, 4);
    g_assert_cmpuint(
        segments_answer(segments, question, sizeof(question), answer), ==, 42);
    assert_same(answer, asker, 6);
    g_assert_cmpuint(frame_get16(answer + 20), ==, 2);
    assert_same(answer + 22, tap, 6);
    assert_same(answer + 28, &target.v4, 4);
    assert_same(answer + 38, &from.v4, 4);
    question[41] = 200;
    question[40] = 200; /* somebody else */
    g_assert_cmpuint(
        segments_answer(segments, question, sizeof(question), answer), ==, 0);
    g_assert_cmpuint(segments_answer(segments, question, 30, answer), ==, 0);
}

static void clients_are_shown_as_far_as_they_can_be_answered(void)
{
    struct segment s = segment("10.89.0.0/24", "10.89.0.1");
    const struct ip_addr to = addr("10.89.0.2"), gateway = addr("10.89.0.1");
    const struct ip_addr world = addr("192.0.2.7");
    const struct ip_addr unfit[] = { addr("127.0.0.1"), addr("10.89.0.77"),
                                     addr("2001:db8::1"), addr("0.0.0.0") };
    struct ip_addr seen = segment_client(&s, &to, &world, false);

    g_assert_true(ip_addr_equal(&seen, &world));
    seen = segment_client(&s, &to, &world, true);
    g_assert_true(ip_addr_equal(&seen, &gateway));
    for (size_t i = 0; i < G_N_ELEMENTS(unfit); i++) {
        seen = segment_client(&s, &to, &unfit[i], false);
        g_assert_true(ip_addr_equal(&seen, &gateway));
    }
    s.internal = true;
    seen = segment_client(&s, &to, &world, false);
    g_assert_true(ip_addr_equal(&seen, &gateway));
}

static bool find(void *self, int proto, sa_family_t family, uint16_t port,
                 struct ip_endpoint *host)
{
    (void)self;
    *host = (struct ip_endpoint){ addr("127.0.0.1"), port };
    return proto == IPPROTO_UDP && family == AF_INET && port == 8080;
}

static bool finds(const struct segments *segments, uint16_t number,
                  const char *dst)
{
    const struct ip_addr guest = addr("10.0.2.100");
    struct ip_endpoint host;
    uint8_t data[64];
    struct frame f;
    size_t len = put_frame(data, number, "10.89.0.2", dst);

    g_assert_cmpint(frame_parse(data, len, &f), ==, FRAME_GOOD);
    return segments_find_published(segments, &f, &guest, &host);
}

static void published_ports_are_found_at_the_gateway(void)
{
    owned(segments) segments = segments_new();
    uint16_t a = add(segments, "10.89.0.0/24", "10.89.0.1");

    g_assert_false(finds(segments, a, "10.89.0.1")); /* nobody knows any */
    segments_set_published(segments, find, NULL);
    g_assert_true(finds(segments, a, "10.89.0.1"));
    g_assert_true(finds(segments, a, "10.0.2.100"));
    g_assert_false(finds(segments, a, "192.0.2.1"));
    g_assert_false(finds(segments, 0, "10.89.0.1"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/segments/an address belongs to one segment at most",
                    an_address_belongs_to_one_segment_at_most);
    g_test_add_func("/segments/subnets that overlap are refused",
                    subnets_that_overlap_are_refused);
    g_test_add_func("/segments/nobody sends in another's name",
                    nobody_sends_in_anothers_name);
    g_test_add_func("/segments/frames for containers go to the relay namespace",
                    frames_for_containers_go_to_the_relay_namespace);
    g_test_add_func("/segments/where containers are is answered",
                    where_containers_are_is_answered);
    g_test_add_func(
        "/segments/clients are shown as far as they can be answered",
        clients_are_shown_as_far_as_they_can_be_answered);
    g_test_add_func("/segments/published ports are found at the gateway",
                    published_ports_are_found_at_the_gateway);
    return g_test_run();
}
