/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frames.h"
#include "net/checksum.h"

#include <glib.h>
#include <string.h>

/* By the book: big-endian words, one after the other. */
static uint16_t reference(const uint8_t *p, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static uint16_t in_host_order(uint16_t stored)
{
    uint8_t bytes[2];

    memcpy(bytes, &stored, 2);
    return frame_get16(bytes);
}

static void sums_equal_the_reference_for_every_length_and_alignment(void)
{
    uint8_t bytes[300];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = frames_pattern((uint32_t)i);
    for (size_t from = 0; from < 9; from++)
        for (size_t len = 0; len + from <= sizeof(bytes); len++)
            g_assert_cmphex(in_host_order(checksum_fold(
                                checksum_add(0, bytes + from, len))),
                            ==, reference(bytes + from, len));
}

static void carries_are_not_lost(void)
{
    uint8_t *bytes = g_malloc(65536);

    memset(bytes, 0xff, 65536);
    g_assert_cmphex(in_host_order(checksum_fold(checksum_add(0, bytes, 65535))),
                    ==, reference(bytes, 65535));
    g_assert_cmphex(checksum_fold(checksum_add(UINT64_MAX, bytes, 8)), ==,
                    0xffff);
    g_assert_cmphex(checksum_fold(UINT64_MAX), ==, 0xffff);
    g_free(bytes);
}

static void pieces_of_even_length_add_up(void)
{
    uint8_t bytes[64];
    uint64_t sum;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = frames_pattern((uint32_t)i);
    for (size_t cut = 0; cut <= sizeof(bytes); cut += 2) {
        sum = checksum_add(0, bytes + cut, sizeof(bytes) - cut);
        sum = checksum_add(sum, bytes, cut);
        g_assert_cmphex(in_host_order(checksum_fold(sum)), ==,
                        reference(bytes, sizeof(bytes)));
    }
}

static void transports_of_both_families_get_the_right_checksum(void)
{
    static const struct {
        struct frames_spec spec;
        size_t field;
    } rows[] = {
        { { .flags = FRAME_ACK, .payload_len = 33 }, 16 },
        { { .dst = "2001:db8::7", .flags = FRAME_ACK, .payload_len = 32 }, 16 },
        { { .proto = IPPROTO_UDP, .payload_len = 1 }, 6 },
        { { .proto = IPPROTO_UDP, .dst = "2001:db8::7" }, 6 },
        { { .proto = IPPROTO_ICMPV6, .dst = "2001:db8::7", .type = 128 }, 2 },
    };
    uint8_t out[FRAMES_MAX];

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct frame f = frames_parsed(&rows[i].spec, out);

        frame_put16(out + f.l4 + rows[i].field, 0xabcd);
        g_assert_false(frames_checksums_are_right(out, f.len));
        checksum_set_l4(&f, rows[i].field);
        g_assert_true(frames_checksums_are_right(out, f.len));
    }
}

static void a_datagram_never_says_it_has_no_checksum(void)
{
    uint8_t out[FRAMES_MAX];
    struct frames_spec spec = { .proto = IPPROTO_UDP, .payload_len = 2 };
    struct frame f = frames_parsed(&spec, out);

    /* Taking the checksum as payload makes the sum of all come out as zero. */
    memcpy(out + f.payload, out + f.l4 + 6, 2);
    spec.payload = "\0\0";
    f = frames_parsed(&spec, out);
    memcpy(out + f.payload, out + f.l4 + 6, 2);
    checksum_set_l4(&f, 6);
    g_assert_cmphex(frame_get16(out + f.l4 + 6), ==, 0xffff);
    g_assert_true(frames_checksums_are_right(out, f.len));
}

static void the_ipv4_header_gets_the_right_checksum(void)
{
    static const uint8_t nops[8] = { 1, 1, 1, 1, 1, 1, 1, 0 };
    uint8_t out[FRAMES_MAX];
    struct frames_spec spec = { .ip_options = nops, .ip_options_len = 8 };
    size_t len = frames_build(&spec, out);

    frame_put16(out + FRAME_ETH_LEN + 10, 0x1234);
    checksum_set_ipv4(out + FRAME_ETH_LEN);
    g_assert_true(frames_checksums_are_right(out, len));
}

static void a_changed_word_is_made_up_for(void)
{
    static const uint8_t values[][2] = {
        { 0, 0 }, { 0xff, 0xff }, { 0, 1 }, { 0x80, 0 }, { 0x50, 0x30 }
    };
    uint8_t out[FRAMES_MAX];

    for (size_t i = 0; i < G_N_ELEMENTS(values); i++)
        for (size_t k = 0; k < G_N_ELEMENTS(values); k++) {
            struct frames_spec spec = { .flags = FRAME_ACK,
                                        .payload = values[i],
                                        .payload_len = 2 };
            struct frame f = frames_parsed(&spec, out);

            memcpy(out + f.payload, values[k], 2);
            checksum_replace16(out + f.l4 + 16, values[i], values[k]);
            g_assert_true(frames_checksums_are_right(out, f.len));
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func(
        "/checksum/sums equal the reference for every length and alignment",
        sums_equal_the_reference_for_every_length_and_alignment);
    g_test_add_func("/checksum/carries are not lost", carries_are_not_lost);
    g_test_add_func("/checksum/pieces of even length add up",
                    pieces_of_even_length_add_up);
    g_test_add_func(
        "/checksum/transports of both families get the right checksum",
        transports_of_both_families_get_the_right_checksum);
    g_test_add_func("/checksum/a datagram never says it has no checksum",
                    a_datagram_never_says_it_has_no_checksum);
    g_test_add_func("/checksum/the IPv4 header gets the right checksum",
                    the_ipv4_header_gets_the_right_checksum);
    g_test_add_func("/checksum/a changed word is made up for",
                    a_changed_word_is_made_up_for);
    return g_test_run();
}
