/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frames.h"

#include <glib.h>
#include <net/ethernet.h>
#include <string.h>

static const uint8_t nops[40] = { 1, 1, 1, 1, 1, 1, 1, 1 };

static void a_tcp_segment_is_described(gconstpointer data)
{
    const char *dst = data;
    bool v6 = strchr(dst, ':') != NULL;
    uint8_t out[FRAMES_MAX];
    struct frames_spec spec = { .dst = dst,
                                .sport = 40000,
                                .dport = 443,
                                .flags = FRAME_ACK | FRAME_PSH,
                                .seq = 0xfffffff0,
                                .ack = 77,
                                .window = 4000,
                                .tcp_options = nops,
                                .tcp_options_len = 12,
                                .payload_len = 100 };
    struct frame f = frames_parsed(&spec, out);
    struct ip_addr want = frames_addr(dst);

    g_assert_cmpuint(f.proto, ==, IPPROTO_TCP);
    g_assert_true(ip_addr_equal(&f.dst.addr, &want));
    g_assert_cmpuint(f.src.port, ==, 40000);
    g_assert_cmpuint(f.dst.port, ==, 443);
    g_assert_cmpuint(f.l4, ==,
                     FRAME_ETH_LEN + (v6 ? FRAME_IPV6_LEN : FRAME_IPV4_LEN));
    g_assert_cmpuint(f.payload, ==, f.l4 + 32);
    g_assert_cmpuint(frame_payload_len(&f), ==, 100);
    g_assert_cmpuint(f.tcp_flags, ==, FRAME_ACK | FRAME_PSH);
    g_assert_cmpuint(f.tcp_seq, ==, 0xfffffff0);
    g_assert_cmpuint(f.tcp_ack, ==, 77);
    g_assert_cmpuint(f.tcp_window, ==, 4000);
    g_assert_false(f.options || f.fragment);
}

static void what_lies_beyond_the_packet_is_cut_off(void)
{
    static const char *const dsts[] = { "192.0.2.1", "2001:db8::1" };
    uint8_t out[FRAMES_MAX];

    for (size_t i = 0; i < G_N_ELEMENTS(dsts); i++) {
        struct frames_spec spec = { .dst = dsts[i],
                                    .flags = FRAME_ACK,
                                    .payload_len = 5 };
        size_t len = frames_build(&spec, out);
        struct frame f;

        memset(out + len, 'x', 20);
        g_assert_cmpint(frame_parse(out, len + 20, &f), ==, FRAME_GOOD);
        g_assert_cmpuint(f.len, ==, len);
        g_assert_cmpuint(frame_payload_len(&f), ==, 5);
    }
}

static void no_frame_is_good_when_cut_short(void)
{
    static const struct frames_spec specs[] = {
        { .flags = FRAME_ACK, .tcp_options = nops, .tcp_options_len = 8 },
        { .dst = "2001:db8::1", .flags = FRAME_ACK, .payload_len = 3 },
        { .proto = IPPROTO_UDP, .payload_len = 9 },
        { .proto = IPPROTO_UDP, .dst = "2001:db8::1" },
        { .proto = IPPROTO_ICMP, .type = 8 },
        { .proto = IPPROTO_ICMPV6, .dst = "2001:db8::1", .type = 128 },
        { .ip_options = nops, .ip_options_len = 40, .payload_len = 1 },
        { .proto = 132, .payload_len = 4 },
    };
    uint8_t out[FRAMES_MAX];

    for (size_t i = 0; i < G_N_ELEMENTS(specs); i++) {
        size_t len = frames_build(&specs[i], out);
        struct frame f;

        for (size_t cut = 0; cut < len; cut++)
            g_assert_cmpint(frame_parse(out, cut, &f), !=, FRAME_GOOD);
        g_assert_cmpint(frame_parse(out, len, &f), ==, FRAME_GOOD);
    }
}

/* One byte of a good frame is changed, which makes it a bad one. */
static void impossible_headers_are_told_apart(void)
{
    enum { IP = FRAME_ETH_LEN, V4 = IP + 20, V6 = IP + 40 };
    static const struct {
        const char *dst;
        int proto;
        size_t at;
        uint8_t value;
        enum frame_defect want;
    } rows[] = {
        { "192.0.2.1", 0, 12, 0x88, FRAME_BAD_ETHERTYPE },
        { "192.0.2.1", 0, 12, 0x81, FRAME_BAD_ETHERTYPE }, /* VLAN */
        { "192.0.2.1", 0, IP, 0x65, FRAME_BAD_VERSION },
        { "192.0.2.1", 0, IP, 0x44, FRAME_BAD_VERSION },
        { "192.0.2.1", 0, IP, 0x4f, FRAME_BAD_LENGTH },
        { "192.0.2.1", 0, IP + 2, 0xff, FRAME_BAD_LENGTH },
        { "192.0.2.1", 0, IP + 3, 0x13, FRAME_BAD_LENGTH },
        { "192.0.2.1", 0, IP + 3, 0x27, FRAME_TOO_SHORT },
        { "192.0.2.1", 0, V4 + 12, 0x40, FRAME_BAD_LENGTH },
        { "192.0.2.1", 0, V4 + 12, 0xf0, FRAME_BAD_LENGTH },
        { "192.0.2.1", IPPROTO_UDP, V4 + 5, 7, FRAME_BAD_LENGTH },
        { "192.0.2.1", IPPROTO_UDP, V4 + 5, 13, FRAME_BAD_LENGTH },
        { "2001:db8::1", 0, IP, 0x45, FRAME_BAD_VERSION },
        { "2001:db8::1", 0, IP + 4, 0xff, FRAME_BAD_LENGTH },
        { "2001:db8::1", 0, IP + 5, 19, FRAME_TOO_SHORT },
        { "2001:db8::1", 0, V6 + 12, 0x10, FRAME_BAD_LENGTH },
        { "2001:db8::1", IPPROTO_UDP, V6 + 4, 1, FRAME_BAD_LENGTH },
    };
    uint8_t out[FRAMES_MAX];

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct frames_spec spec = { .dst = rows[i].dst,
                                    .proto = rows[i].proto,
                                    .flags = FRAME_ACK,
                                    .payload_len = 4 };
        size_t len = frames_build(&spec, out);
        struct frame f;

        g_assert_cmpint(frame_parse(out, len, &f), ==, FRAME_GOOD);
        out[rows[i].at] = rows[i].value;
        g_test_message("row %zu", i);
        g_assert_cmpint(frame_parse(out, len, &f), ==, rows[i].want);
    }
}

static void an_ethertype_that_is_not_carried_is_refused(void)
{
    /* NC-SI, VLAN, LLDP, an 802.3 length, PPPoE */
    static const uint16_t types[] = { 0x88f8, 0x8100, 0x88cc, 0x05dc, 0x8864 };
    uint8_t out[FRAMES_MAX];
    struct frame f;

    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        size_t len = frames_build(&(struct frames_spec){ 0 }, out);

        frame_put16(out + 12, types[i]);
        g_assert_cmpint(frame_parse(out, len, &f), ==, FRAME_BAD_ETHERTYPE);
    }
}

static void the_largest_packet_fits_and_one_more_does_not(void)
{
    uint8_t *out = g_malloc0(FRAMES_MAX);
    struct frames_spec spec = { .flags = FRAME_ACK, .payload_len = 65535 - 40 };
    struct frame f = frames_parsed(&spec, out);

    g_assert_cmpuint(f.len, ==, FRAME_MAX);
    g_assert_cmpint(frame_parse(out, FRAME_MAX + 1, &f), ==, FRAME_BAD_LENGTH);
    g_free(out);
}

static void a_fragment_has_addresses_but_no_ports(void)
{
    static const uint16_t fields[] = { 0x2000, 0x0001, 0x2001, 0x1fff };
    uint8_t out[FRAMES_MAX];

    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        struct frames_spec spec = { .fragment = fields[i],
                                    .sport = 1,
                                    .payload_len = 16 };
        struct frame f = frames_parsed(&spec, out);

        g_assert_true(f.fragment);
        g_assert_cmpuint(f.l4, ==, 0);
        g_assert_cmpuint(f.src.port, ==, 0);
        g_assert_cmpuint(frame_payload_len(&f), ==, 0);
    }
    g_assert_false(
        frames_parsed(&(struct frames_spec){ .fragment = 0x4000 }, out)
            .fragment);
}

static void other_transports_have_no_header_here(void)
{
    static const struct frames_spec specs[] = {
        { .proto = IPPROTO_SCTP, .payload_len = 40 },
        { .proto = IPPROTO_IGMP, .payload_len = 8 },
        { .proto = IPPROTO_IPIP, .payload_len = 40 },
        { .proto = IPPROTO_DSTOPTS, .dst = "2001:db8::1", .payload_len = 40 },
        { .proto = IPPROTO_FRAGMENT, .dst = "2001:db8::1", .payload_len = 40 },
        { .proto = IPPROTO_ROUTING, .dst = "2001:db8::1", .payload_len = 40 },
    };
    uint8_t out[FRAMES_MAX];

    for (size_t i = 0; i < G_N_ELEMENTS(specs); i++)
        g_assert_cmpuint(frames_parsed(&specs[i], out).l4, ==, 0);
}

static void each_family_has_its_own_icmp(void)
{
    uint8_t out[FRAMES_MAX];

    g_assert_cmpuint(
        frames_parsed(&(struct frames_spec){ .proto = IPPROTO_ICMP }, out).l4,
        !=, 0);
    g_assert_cmpuint(
        frames_parsed(&(struct frames_spec){ .proto = IPPROTO_ICMPV6 }, out).l4,
        ==, 0);
    g_assert_cmpuint(
        frames_parsed(
            &(struct frames_spec){ .proto = IPPROTO_ICMP, .dst = "::2" }, out)
            .l4,
        ==, 0);
}

static void options_of_ipv4_are_noticed(void)
{
    uint8_t out[FRAMES_MAX];
    struct frames_spec spec = { .ip_options = nops,
                                .ip_options_len = 8,
                                .dport = 5 };
    struct frame f = frames_parsed(&spec, out);

    g_assert_true(f.options);
    g_assert_cmpuint(f.dst.port, ==, 5);
}

static void an_arp_frame_holds_a_whole_request(void)
{
    uint8_t out[FRAMES_MAX];
    size_t len = frames_build_arp("10.0.2.2", out);
    struct frame f;

    for (size_t cut = 0; cut < len; cut++)
        g_assert_cmpint(frame_parse(out, cut, &f), ==, FRAME_TOO_SHORT);
    memset(out + len, 0, 2000);
    g_assert_cmpint(frame_parse(out, len + 2000, &f), ==, FRAME_GOOD);
    g_assert_cmpuint(f.ethertype, ==, ETHERTYPE_ARP);
    g_assert_cmpuint(f.proto, ==, 0);
    g_assert_cmpuint(f.len, ==, len);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/frame/a TCP segment is described (IPv4)",
                         "192.0.2.9", a_tcp_segment_is_described);
    g_test_add_data_func("/frame/a TCP segment is described (IPv6)",
                         "2001:db8::9", a_tcp_segment_is_described);
    g_test_add_func("/frame/what lies beyond the packet is cut off",
                    what_lies_beyond_the_packet_is_cut_off);
    g_test_add_func("/frame/no frame is good when cut short",
                    no_frame_is_good_when_cut_short);
    g_test_add_func("/frame/impossible headers are told apart",
                    impossible_headers_are_told_apart);
    g_test_add_func("/frame/an ethertype that is not carried is refused",
                    an_ethertype_that_is_not_carried_is_refused);
    g_test_add_func("/frame/the largest packet fits and one more does not",
                    the_largest_packet_fits_and_one_more_does_not);
    g_test_add_func("/frame/a fragment has addresses but no ports",
                    a_fragment_has_addresses_but_no_ports);
    g_test_add_func("/frame/other transports have no header here",
                    other_transports_have_no_header_here);
    g_test_add_func("/frame/each family has its own ICMP",
                    each_family_has_its_own_icmp);
    g_test_add_func("/frame/options of IPv4 are noticed",
                    options_of_ipv4_are_noticed);
    g_test_add_func("/frame/an ARP frame holds a whole request",
                    an_arp_frame_holds_a_whole_request);
    return g_test_run();
}
