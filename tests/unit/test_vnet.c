/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frames.h"
#include "net/vnet.h"

#include <glib.h>
#include <string.h>

static const uint8_t nops[12] = { 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8 };

/* --- checksums on the way in --- */

static uint16_t pseudo_fold(const struct frame *f)
{
    /* What a kernel leaves in the field: the sum of the pseudo-header alone. */
    uint32_t sum = 0;
    size_t from = f->src.addr.family == AF_INET6 ? 8 : 12;

    for (size_t i = FRAME_ETH_LEN + from; i < f->l4; i += 2)
        sum += frame_get16(f->data + i);
    sum += f->proto + (uint32_t)(f->len - f->l4);
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static void a_partial_checksum_is_completed(void)
{
    static const struct {
        struct frames_spec spec;
        uint16_t field;
        uint8_t gso;
    } rows[] = {
        { { .flags = FRAME_ACK,
            .payload_len = 1001,
            .tcp_options = nops,
            .tcp_options_len = 12 },
          16,
          0 },
        { { .flags = FRAME_ACK, .dst = "2001:db8::1" }, 16, 0 },
        { { .proto = IPPROTO_UDP, .payload_len = 7 }, 6, 0 },
        { { .proto = IPPROTO_UDP, .dst = "2001:db8::1" }, 6, 0 },
        { { .flags = FRAME_ACK, .payload_len = 64000 },
          16,
          VIRTIO_NET_HDR_GSO_TCPV4 },
        { { .flags = FRAME_ACK, .payload_len = 64000, .dst = "2001:db8::1" },
          16,
          VIRTIO_NET_HDR_GSO_TCPV6 | VIRTIO_NET_HDR_GSO_ECN },
    };
    uint8_t *out = g_malloc(FRAMES_MAX);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct frame f = frames_parsed(&rows[i].spec, out);
        struct virtio_net_hdr hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                      .gso_type = rows[i].gso,
                                      .gso_size = 1448,
                                      .csum_start = (uint16_t)f.l4,
                                      .csum_offset = rows[i].field };

        frame_put16(out + f.l4 + rows[i].field, pseudo_fold(&f));
        g_assert_true(vnet_complete(&hdr, out, f.len));
        g_assert_true(frames_checksums_are_right(out, f.len));
    }
    g_free(out);
}

static void a_datagram_whose_sum_is_zero_gets_all_ones(void)
{
    uint8_t out[FRAMES_MAX];
    struct frames_spec spec = { .proto = IPPROTO_UDP,
                                .payload = "\0\0",
                                .payload_len = 2 };
    struct frame f = frames_parsed(&spec, out);
    struct virtio_net_hdr hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                  .csum_start = (uint16_t)f.l4,
                                  .csum_offset = 6 };

    memcpy(out + f.payload, out + f.l4 + 6, 2);
    frame_put16(out + f.l4 + 6, pseudo_fold(&f));
    g_assert_true(vnet_complete(&hdr, out, f.len));
    g_assert_cmphex(frame_get16(out + f.l4 + 6), ==, 0xffff);
    g_assert_true(frames_checksums_are_right(out, f.len));
}

static void a_hostile_header_is_refused(void)
{
    enum { CSUM = VIRTIO_NET_HDR_F_NEEDS_CSUM, LEN = 54 };
    static const struct virtio_net_hdr rows[] = {
        { .flags = CSUM, .csum_start = 0, .csum_offset = 16 },
        { .flags = CSUM, .csum_start = 33, .csum_offset = 16 },
        { .flags = CSUM, .csum_start = LEN, .csum_offset = 0 },
        { .flags = CSUM, .csum_start = LEN - 1, .csum_offset = 0 },
        { .flags = CSUM, .csum_start = 34, .csum_offset = 19 },
        { .flags = CSUM, .csum_start = 34, .csum_offset = 0xffff },
        { .flags = CSUM, .csum_start = 0xffff, .csum_offset = 0xffff },
        { .flags = CSUM, .csum_start = 0xffff, .csum_offset = 1 },
        { .gso_type = VIRTIO_NET_HDR_GSO_UDP },
        { .gso_type = 2 },
        { .gso_type = 5 }, /* VIRTIO_NET_HDR_GSO_UDP_L4 */
        { .gso_type = 0x7f },
    };
    uint8_t out[FRAMES_MAX], same[FRAMES_MAX];
    size_t len = frames_build(&(struct frames_spec){ .flags = FRAME_ACK }, out);

    g_assert_cmpuint(len, ==, LEN);
    memcpy(same, out, len);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("row %zu", i);
        g_assert_false(vnet_complete(&rows[i], out, len));
        g_assert_cmpint(memcmp(out, same, len), ==, 0);
    }
}

static void a_header_that_asks_for_nothing_changes_nothing(void)
{
    uint8_t out[FRAMES_MAX], same[FRAMES_MAX];
    size_t len = frames_build(&(struct frames_spec){ .flags = FRAME_ACK }, out);
    struct virtio_net_hdr hdr = { .flags = VIRTIO_NET_HDR_F_DATA_VALID,
                                  .csum_start = 9999 };

    memcpy(same, out, len);
    g_assert_true(vnet_complete(&hdr, out, len));
    g_assert_cmpint(memcmp(out, same, len), ==, 0);
}

/* --- cutting --- */

struct pieces {
    const struct frames_spec *whole;
    size_t ip_max;
    uint32_t next; /* sequence that the next piece must start at */
    unsigned count;
    uint8_t flags_seen, last_flags;
    bool cwr_later;
};

static void check_piece(void *self, uint8_t *data, size_t len)
{
    struct pieces *pieces = self;
    struct frame f;

    g_assert_cmpint(frame_parse(data, len, &f), ==, FRAME_GOOD);
    g_assert_cmpuint(f.len, ==, len);
    g_assert_cmpuint(len - FRAME_ETH_LEN, <=, pieces->ip_max);
    g_assert_true(frames_checksums_are_right(data, len));
    g_assert_cmpuint(f.tcp_seq, ==, pieces->next);
    g_assert_cmpuint(f.tcp_ack, ==, pieces->whole->ack);
    g_assert_cmpuint(f.tcp_window, ==, pieces->whole->window);
    g_assert_cmpint(memcmp(data + f.l4 + FRAME_TCP_LEN, nops,
                           pieces->whole->tcp_options_len),
                    ==, 0);
    for (size_t i = 0; i < frame_payload_len(&f); i++)
        g_assert_cmpuint(data[f.payload + i], ==,
                         frames_pattern(f.tcp_seq + (uint32_t)i));
    pieces->next += (uint32_t)frame_payload_len(&f);
    pieces->flags_seen |= pieces->last_flags;
    pieces->last_flags = f.tcp_flags;
    pieces->cwr_later |= pieces->count > 0 && (data[f.l4 + 13] & 0x80) != 0;
    pieces->count++;
}

static void pieces_make_up_the_segment(gconstpointer data)
{
    const char *dst = data;
    static const struct {
        size_t payload, options, ip_max;
    } rows[] = {
        { 1, 0, 1280 },       { 1240, 0, 1280 },    { 1241, 0, 1280 },
        { 60000, 0, 1280 },   { 60000, 12, 1280 },  { 65400, 12, 16384 },
        { 16332, 12, 16384 }, { 16333, 12, 16384 },
    };
    uint8_t *out = g_malloc(FRAMES_MAX);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct frames_spec spec = { .dst = dst,
                                    .flags = FRAME_ACK | FRAME_PSH | FRAME_FIN |
                                             0x80,
                                    .seq = 0xfffffc00, /* wraps */
                                    .ack = 12345,
                                    .window = 501,
                                    .tcp_options = nops,
                                    .tcp_options_len = rows[i].options,
                                    .payload_len = rows[i].payload };
        struct frame f = frames_parsed(&spec, out);
        struct pieces pieces = { .whole = &spec,
                                 .ip_max = rows[i].ip_max,
                                 .next = spec.seq };
        size_t room = rows[i].ip_max - (f.payload - FRAME_ETH_LEN);

        vnet_segment(&f, rows[i].ip_max, check_piece, &pieces);
        g_assert_cmpuint(pieces.next, ==, spec.seq + (uint32_t)rows[i].payload);
        g_assert_cmpuint(pieces.count, ==, (rows[i].payload + room - 1) / room);
        /* Only the last piece ends, only the first tells of congestion. */
        g_assert_cmpuint(pieces.last_flags & (FRAME_FIN | FRAME_PSH), ==,
                         FRAME_FIN | FRAME_PSH);
        g_assert_cmpuint(pieces.flags_seen & (FRAME_FIN | FRAME_PSH), ==, 0);
        g_assert_false(pieces.cwr_later);
    }
    g_free(out);
}

/* --- leaving the work to the guest --- */

static void an_offloaded_frame_can_be_completed(gconstpointer data)
{
    const char *dst = data;
    static const size_t payloads[] = { 0, 1, 1448, 1449, 16000, 65400 };
    uint8_t *out = g_malloc(FRAMES_MAX);

    for (size_t i = 0; i < G_N_ELEMENTS(payloads); i++) {
        struct frames_spec spec = { .dst = dst,
                                    .flags = FRAME_ACK,
                                    .tcp_options = nops,
                                    .tcp_options_len = 12,
                                    .payload_len = payloads[i] };
        struct frame f = frames_parsed(&spec, out);
        bool v6 = f.src.addr.family == AF_INET6;
        bool large = f.len - FRAME_ETH_LEN > 1500;
        struct virtio_net_hdr hdr;

        /* As merging leaves it: lengths and checksums are not set yet. */
        frame_put16(out + FRAME_ETH_LEN + (v6 ? 4 : 2), 77);
        frame_put16(out + f.l4 + 16, 0x5a5a);
        vnet_offload(&f, 1500, &hdr);
        g_assert_cmpuint(hdr.gso_type, ==,
                         !large ? VIRTIO_NET_HDR_GSO_NONE
                         : v6   ? VIRTIO_NET_HDR_GSO_TCPV6
                                : VIRTIO_NET_HDR_GSO_TCPV4);
        g_assert_cmpuint(hdr.gso_size, ==,
                         !large ? 0
                         : v6   ? 1500 - 40 - 32
                                : 1500 - 20 - 32);
        g_assert_true(vnet_complete(&hdr, out, f.len));
        g_assert_true(frames_checksums_are_right(out, f.len));
        g_assert_cmpint(frame_parse(out, f.len, &f), ==, FRAME_GOOD);
        g_assert_cmpuint(frame_payload_len(&f), ==, payloads[i]);
    }
    g_free(out);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vnet/a partial checksum is completed",
                    a_partial_checksum_is_completed);
    g_test_add_func("/vnet/a datagram whose sum is zero gets all ones",
                    a_datagram_whose_sum_is_zero_gets_all_ones);
    g_test_add_func("/vnet/a hostile header is refused",
                    a_hostile_header_is_refused);
    g_test_add_func("/vnet/a header that asks for nothing changes nothing",
                    a_header_that_asks_for_nothing_changes_nothing);
    g_test_add_data_func("/vnet/pieces make up the segment (IPv4)", "192.0.2.1",
                         pieces_make_up_the_segment);
    g_test_add_data_func("/vnet/pieces make up the segment (IPv6)",
                         "2001:db8::1", pieces_make_up_the_segment);
    g_test_add_data_func("/vnet/an offloaded frame can be completed (IPv4)",
                         "192.0.2.1", an_offloaded_frame_can_be_completed);
    g_test_add_data_func("/vnet/an offloaded frame can be completed (IPv6)",
                         "2001:db8::1", an_offloaded_frame_can_be_completed);
    return g_test_run();
}
