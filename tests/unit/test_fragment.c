/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frames.h"
#include "net/fragment.h"
#include "net/reasm.h"

#include <glib.h>
#include <string.h>

/* The far end of the link: checks each piece and puts them together. */
struct receiver {
    struct stats stats;
    struct reasm *reasm;
    unsigned mtu, count;
    const uint8_t *whole;
    size_t whole_len;
};

static void receive(void *self, uint8_t *data, size_t len)
{
    struct receiver *receiver = self;
    struct frame f;

    g_assert_cmpint(frame_parse(data, len, &f), ==, FRAME_GOOD);
    g_assert_cmpuint(f.len, ==, len);
    g_assert_true(f.fragment);
    g_assert_cmpuint(len - FRAME_ETH_LEN, <=, receiver->mtu);
    g_assert_true(frames_ip_checksum_is_right(data));
    g_assert_null(receiver->whole);
    receiver->whole = reasm_put(receiver->reasm, &f, 1, &receiver->whole_len);
    receiver->count++;
    memset(data, 0xee, len); /* which it may */
}

static void check_cut(struct frames_spec spec, unsigned mtu)
{
    g_autofree uint8_t *out = g_malloc(FRAMES_MAX);
    struct receiver receiver = { .mtu = mtu };
    struct frame f = frames_parsed(&spec, out);
    g_autofree uint8_t *same = g_memdup2(out, f.len);

    receiver.reasm = reasm_new(&receiver.stats);
    g_assert_true(fragment_wants(&f, mtu));
    fragment_cut(&f, mtu, 77, receive, &receiver);
    g_assert_nonnull(receiver.whole);
    g_assert_cmpuint(receiver.whole_len, ==, f.len);
    g_assert_cmpint(memcmp(receiver.whole + f.l4, same + f.l4, f.len - f.l4),
                    ==, 0);
    g_assert_cmpint(memcmp(out, same, f.len), ==, 0);
    g_assert_cmpuint(receiver.stats.drop_fragment, ==, 0);
    reasm_free(receiver.reasm);
}

static void pieces_make_up_the_packet(void)
{
    static const size_t payloads[] = { 1473, 1480, 2000, 9000, 65000 };
    static const unsigned mtus[] = { 1280, 1281, 1287, 1400, 1492, 1500 };

    for (size_t i = 0; i < G_N_ELEMENTS(payloads); i++)
        for (size_t k = 0; k < G_N_ELEMENTS(mtus); k++) {
            struct frames_spec v4 = { .proto = IPPROTO_UDP,
                                      .payload_len = payloads[i] };
            struct frames_spec v6 = { .proto = IPPROTO_UDP,
                                      .dst = "2001:db8::1",
                                      .payload_len = payloads[i] };

            check_cut(v4, mtus[k]);
            check_cut(v6, mtus[k]);
        }
}

static void the_smallest_links_are_served(void)
{
    check_cut((struct frames_spec){ .proto = IPPROTO_ICMP,
                                    .type = 8,
                                    .payload_len = 500 },
              FRAGMENT_MTU_MIN_V4);
}

static void what_fits_or_cannot_be_cut_is_left_alone(void)
{
    static const struct {
        struct frames_spec spec;
        unsigned mtu;
        bool want;
    } rows[] = {
        { { .proto = IPPROTO_UDP, .payload_len = 1472 }, 1500, false },
        { { .proto = IPPROTO_UDP, .payload_len = 1473 }, 1500, true },
        { { .proto = IPPROTO_UDP, .payload_len = 1452, .dst = "::2" },
          1500,
          false },
        { { .proto = IPPROTO_UDP, .payload_len = 1453, .dst = "::2" },
          1500,
          true },
        { { .proto = IPPROTO_UDP, .payload_len = 100 }, 67, false },
        { { .proto = IPPROTO_UDP, .payload_len = 2000, .dst = "::2" },
          1279,
          false },
        { { .proto = IPPROTO_UDP, .payload_len = 2000, .fragment = 0x2000 },
          1500,
          false },
    };
    uint8_t out[FRAMES_MAX];
    struct frame arp;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct frame f = frames_parsed(&rows[i].spec, out);

        g_test_message("row %zu", i);
        g_assert_true(fragment_wants(&f, rows[i].mtu) == rows[i].want);
    }
    g_assert_cmpint(frame_parse(out, frames_build_arp("10.0.2.2", out), &arp),
                    ==, FRAME_GOOD);
    g_assert_false(fragment_wants(&arp, 0));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fragment/pieces make up the packet",
                    pieces_make_up_the_packet);
    g_test_add_func("/fragment/the smallest links are served",
                    the_smallest_links_are_served);
    g_test_add_func("/fragment/what fits or cannot be cut is left alone",
                    what_fits_or_cannot_be_cut_is_left_alone);
    return g_test_run();
}
