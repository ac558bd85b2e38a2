/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frames.h"
#include "net/fragment.h"
#include "net/reasm.h"

#include <glib.h>
#include <string.h>

#define S 1000000000LL /* a second */

struct bench {
    struct stats stats;
    struct reasm *reasm;
    uint8_t frame[FRAMES_MAX];
    uint8_t *whole;
    size_t whole_len;
};

static struct bench *bench_new(void)
{
    struct bench *b = g_new0(struct bench, 1);

    b->reasm = reasm_new(&b->stats);
    return b;
}

static void bench_free(struct bench *b)
{
    reasm_free(b->reasm);
    g_free(b);
}

/* Bytes [from, from + len) of a packet's payload; true when it is whole. */
static bool put_at(struct bench *b, uint16_t id, size_t from, size_t len,
                   bool more, int64_t now_ns)
{
    struct frames_spec spec = {
        .proto = IPPROTO_UDP,
        .id = id,
        .fragment = (uint16_t)(from / 8 | (more ? 0x2000u : 0u)),
        .payload_len = len,
    };
    size_t udp = FRAME_ETH_LEN + FRAME_IPV4_LEN;
    size_t built = frames_build(&spec, b->frame) - FRAME_UDP_LEN;
    struct frame f;

    /* The builder puts a header before the payload; fragments have none. */
    for (size_t i = 0; i < len; i++)
        b->frame[udp + i] = frames_pattern((uint32_t)(from + i));
    frame_put16(b->frame + FRAME_ETH_LEN + 2,
                (uint16_t)(built - FRAME_ETH_LEN));
    g_assert_cmpint(frame_parse(b->frame, built, &f), ==, FRAME_GOOD);
    b->whole = reasm_put(b->reasm, &f, now_ns, &b->whole_len);
    return b->whole != NULL;
}

static bool put(struct bench *b, size_t from, size_t len, bool more)
{
    return put_at(b, 1, from, len, more, S);
}

static void check_whole(struct bench *b, size_t payload_len)
{
    const uint8_t *ip = b->whole + FRAME_ETH_LEN;

    g_assert_cmpuint(b->whole_len, ==,
                     FRAME_ETH_LEN + FRAME_IPV4_LEN + payload_len);
    g_assert_cmpuint(frame_get16(ip + 2), ==, FRAME_IPV4_LEN + payload_len);
    g_assert_cmpuint(frame_get16(ip + 6), ==, 0);
    for (size_t i = 0; i < payload_len; i++)
        g_assert_cmpuint(ip[FRAME_IPV4_LEN + i], ==,
                         frames_pattern((uint32_t)i));
    g_assert_cmpuint(ip[9], ==, IPPROTO_UDP);
    g_assert_true(frames_ip_checksum_is_right(b->whole));
}

static void pieces_in_any_order_make_the_packet(void)
{
    static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                     { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    struct bench *b = bench_new();

    for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
        static const size_t from[] = { 0, 800, 1600 }, len[] = { 800, 800, 13 };

        for (int k = 0; k < 3; k++) {
            int n = orders[i][k];

            g_assert_cmpint(put(b, from[n], len[n], n < 2), ==, k == 2);
        }
        check_whole(b, 1613);
    }
    g_assert_cmpuint(b->stats.packets_reassembled, ==, 6);
    g_assert_cmpuint(b->stats.drop_fragment, ==, 0);
    bench_free(b);
}

static void keep_piece(void *self, uint8_t *data, size_t len)
{
    g_ptr_array_add(self, g_bytes_new(data, len));
}

/* What one cuts, the other puts together; the last piece comes first. */
static void what_was_cut_is_made_whole_again(gconstpointer data)
{
    const char *dst = data;
    struct bench *b = bench_new();
    const struct frames_spec spec = { .dst = dst,
                                      .proto = IPPROTO_UDP,
                                      .payload_len = 5000 };
    g_autofree uint8_t *out = g_malloc(FRAMES_MAX);
    g_autoptr(GPtrArray) pieces =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    struct frame f = frames_parsed(&spec, out);

    fragment_cut(&f, 1500, 42, keep_piece, pieces);
    g_assert_cmpuint(pieces->len, ==, 4);
    for (guint i = pieces->len; i-- > 0;) {
        size_t len;
        const uint8_t *piece = g_bytes_get_data(pieces->pdata[i], &len);
        struct frame part;

        memcpy(b->frame, piece, len);
        g_assert_cmpint(frame_parse(b->frame, len, &part), ==, FRAME_GOOD);
        g_assert_true(part.fragment);
        b->whole = reasm_put(b->reasm, &part, S, &b->whole_len);
        g_assert_cmpint(b->whole != NULL, ==, i == 0);
    }
    g_assert_cmpuint(b->whole_len, ==, f.len);
    g_assert_true(frames_checksums_are_right(b->whole, b->whole_len));
    g_assert_true(memcmp(b->whole + f.l4, f.data + f.l4, f.len - f.l4) == 0);
    bench_free(b);
}

static void the_largest_packet_is_made_and_no_larger_one(void)
{
    struct bench *b = bench_new();
    size_t from = 0;

    for (; from + 1480 < 65515; from += 1480)
        g_assert_false(put(b, from, 1480, true));
    g_assert_true(put(b, from, 65515 - from, false));
    check_whole(b, 65515);
    g_assert_false(put(b, 65512, 8, false));
    g_assert_false(put(b, 8191 * 8, 1400, false));
    g_assert_cmpuint(b->stats.drop_fragment, ==, 2);
    bench_free(b);
}

/* A row of fragments of which the last one spoils the packet. */
static void impossible_fragments_spoil_their_packet(void)
{
    static const struct {
        size_t from, len;
        bool more;
    } rows[][3] = {
        { { 0, 800, true }, { 0, 800, true } },     /* the same again */
        { { 0, 800, true }, { 792, 800, true } },   /* overlap by a unit */
        { { 800, 800, true }, { 0, 1608, true } },  /* around another */
        { { 0, 800, true }, { 800, 801, true } },   /* no whole units */
        { { 0, 800, true }, { 800, 0, false } },    /* nothing */
        { { 800, 8, false }, { 1600, 8, false } },  /* two ends */
        { { 800, 8, false }, { 800, 16, true } },   /* beyond the end */
        { { 1600, 800, true }, { 800, 8, false } }, /* an end before it */
        { { 800, 8, true }, { 8, 8, false } },      /* ... that would fit */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct bench *b = bench_new();

        g_test_message("row %zu", i);
        g_assert_false(
            put(b, rows[i][0].from, rows[i][0].len, rows[i][0].more));
        g_assert_cmpuint(b->stats.drop_fragment, ==, 0);
        g_assert_false(
            put(b, rows[i][1].from, rows[i][1].len, rows[i][1].more));
        g_assert_cmpuint(b->stats.drop_fragment, ==, 1);
        bench_free(b);
    }
}

static void a_packet_never_holds_bytes_of_an_older_one(void)
{
    struct bench *b = bench_new();

    /* Fill the buffer, then end a packet before its middle piece is here. */
    g_assert_false(put(b, 0, 800, true));
    g_assert_true(put(b, 800, 800, false));
    g_assert_false(put_at(b, 2, 16, 16, true, S));
    g_assert_false(put_at(b, 2, 24, 8, false, S));
    g_assert_false(put_at(b, 3, 16, 8, true, S));
    g_assert_false(put_at(b, 3, 8, 8, false, S));
    g_assert_cmpuint(b->stats.packets_reassembled, ==, 1);
    bench_free(b);
}

static void packets_are_told_apart_by_all_that_names_them(void)
{
    struct bench *b = bench_new();

    g_assert_false(put_at(b, 1, 0, 8, true, S));
    g_assert_false(put_at(b, 2, 8, 8, false, S));
    g_assert_true(put_at(b, 2, 0, 8, true, S));
    g_assert_true(put_at(b, 1, 8, 8, false, S));
    bench_free(b);
}

static void a_packet_is_given_up_after_its_time(void)
{
    const int64_t limit = REASM_TIMEOUT_S * S;
    struct bench *b = bench_new();

    g_assert_false(put_at(b, 1, 0, 8, true, S));
    g_assert_true(put_at(b, 1, 8, 8, false, S + limit));
    g_assert_false(put_at(b, 2, 0, 8, true, S));
    g_assert_false(put_at(b, 2, 8, 8, false, S + limit + 1));
    g_assert_cmpuint(b->stats.drop_fragment, ==, 1);
    bench_free(b);
}

static void a_flood_displaces_the_oldest_and_costs_no_more(void)
{
    struct bench *b = bench_new();

    for (uint16_t id = 0; id < 10000; id++)
        g_assert_false(put_at(b, id, 0, 1480, true, S + id));
    g_assert_cmpuint(b->stats.drop_fragment, ==, 10000 - REASM_SLOTS);
    for (uint16_t id = 10000 - REASM_SLOTS; id < 10000; id++)
        g_assert_true(put_at(b, id, 1480, 8, false, S + 10000));
    bench_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reasm/pieces in any order make the packet",
                    pieces_in_any_order_make_the_packet);
    g_test_add_data_func("/reasm/what was cut is made whole again, IPv4",
                         "192.0.2.1", what_was_cut_is_made_whole_again);
    g_test_add_data_func("/reasm/what was cut is made whole again, IPv6",
                         "2001:db8::1", what_was_cut_is_made_whole_again);
    g_test_add_func("/reasm/the largest packet is made and no larger one",
                    the_largest_packet_is_made_and_no_larger_one);
    g_test_add_func("/reasm/impossible fragments spoil their packet",
                    impossible_fragments_spoil_their_packet);
    g_test_add_func("/reasm/a packet never holds bytes of an older one",
                    a_packet_never_holds_bytes_of_an_older_one);
    g_test_add_func("/reasm/packets are told apart by all that names them",
                    packets_are_told_apart_by_all_that_names_them);
    g_test_add_func("/reasm/a packet is given up after its time",
                    a_packet_is_given_up_after_its_time);
    g_test_add_func("/reasm/a flood displaces the oldest and costs no more",
                    a_flood_displaces_the_oldest_and_costs_no_more);
    return g_test_run();
}
