/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frames.h"
#include "net/merge.h"
#include "net/vnet.h"

#include <glib.h>
#include <string.h>

/* A sink that keeps all it gets, and what it says, cut to the plain size. */
#define JOIN_MAX (32u * 1024)

struct wire {
    struct merge *merge;
    struct stats stats;
    GPtrArray *frames; /* of GBytes */
    GString *kinds;    /* 'j' joined, 'p' plain */
    size_t cut;        /* 0: do not cut joined frames */
};

static void keep(struct wire *wire, const uint8_t *data, size_t len,
                 bool joined)
{
    g_ptr_array_add(wire->frames, g_bytes_new(data, len));
    g_string_append_c(wire->kinds, joined ? 'j' : 'p');
}

static void keep_piece(void *self, uint8_t *data, size_t len)
{
    keep(self, data, len, true);
}

static void take(void *self, struct frame *f, bool joined)
{
    struct wire *wire = self;
    struct virtio_net_hdr hdr;

    if (!joined) {
        keep(wire, f->data, f->len, false);
        return;
    }
    vnet_offload(f, 1500, &hdr);
    g_assert_true(vnet_complete(&hdr, f->data, f->len));
    g_assert_cmpint(frame_parse(f->data, f->len, f), ==, FRAME_GOOD);
    if (wire->cut != 0)
        vnet_segment(f, wire->cut, keep_piece, wire);
    else
        keep(wire, f->data, f->len, true);
}

static struct wire *wire_new(bool join_data)
{
    struct wire *wire = g_new0(struct wire, 1);
    struct merge_sink sink = { take, wire };

    wire->frames =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    wire->kinds = g_string_new(NULL);
    wire->merge = merge_new(&sink, join_data ? JOIN_MAX : 0, &wire->stats);
    return wire;
}

static void wire_free(struct wire *wire)
{
    merge_free(wire->merge);
    g_ptr_array_free(wire->frames, TRUE);
    g_string_free(wire->kinds, TRUE);
    g_free(wire);
}

static void put(struct wire *wire, const struct frames_spec *spec)
{
    uint8_t *out = g_malloc(FRAMES_MAX);
    struct frame f = frames_parsed(spec, out);

    merge_put(wire->merge, &f);
    /* The source is gone after the call. */
    memset(out, 0xee, f.len);
    g_free(out);
}

static struct frame frame_at(struct wire *wire, guint index)
{
    GBytes *bytes = g_ptr_array_index(wire->frames, index);
    gsize len;
    const uint8_t *data = g_bytes_get_data(bytes, &len);
    struct frame f;

    g_assert_cmpint(frame_parse((uint8_t *)(uintptr_t)data, len, &f), ==,
                    FRAME_GOOD);
    g_assert_cmpuint(f.len, ==, len);
    g_assert_true(frames_checksums_are_right(data, len));
    return f;
}

/* A data segment of the flow: from the host to the guest. */
static struct frames_spec data_at(uint32_t seq, size_t len)
{
    return (struct frames_spec){ .src = "192.0.2.1",
                                 .dst = "10.0.2.100",
                                 .sport = 80,
                                 .dport = 40000,
                                 .flags = FRAME_ACK,
                                 .seq = seq,
                                 .ack = 500,
                                 .window = 1000,
                                 .payload_len = len };
}

static void segments_that_follow_each_other_become_one(void)
{
    struct wire *wire = wire_new(true);
    struct frame f;

    for (uint32_t i = 0; i < 10; i++) {
        struct frames_spec spec = data_at(0xffffff00 + i * 1000, 1000);

        spec.ack = 500 + i;
        spec.window = (uint16_t)(1000 - i);
        spec.flags = i == 9 ? FRAME_ACK | FRAME_PSH : FRAME_ACK;
        put(wire, &spec);
    }
    g_assert_cmpuint(wire->frames->len, ==, 0);
    merge_flush(wire->merge);
    g_assert_cmpstr(wire->kinds->str, ==, "j");
    g_assert_cmpuint(wire->stats.frames_merged, ==, 9);
    f = frame_at(wire, 0);
    g_assert_cmpuint(frame_payload_len(&f), ==, 10000);
    g_assert_cmpuint(f.tcp_seq, ==, 0xffffff00);
    g_assert_cmpuint(f.tcp_ack, ==, 509);
    g_assert_cmpuint(f.tcp_window, ==, 991);
    g_assert_cmpuint(f.tcp_flags, ==, FRAME_ACK | FRAME_PSH);
    wire_free(wire);
}

/* What must be equal byte by byte: all but the identification of IPv4, which
   no receiver of whole packets reads, and its checksum. */
static void assert_same_frame(GBytes *bytes, const uint8_t *want, size_t len)
{
    g_autofree uint8_t *got =
        g_memdup2(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    g_autofree uint8_t *wanted = g_memdup2(want, len);

    g_assert_cmpuint(g_bytes_get_size(bytes), ==, len);
    if (frame_get16(got + 12) == 0x0800) {
        frame_put16(got + FRAME_ETH_LEN + 4, 0);
        frame_put16(wanted + FRAME_ETH_LEN + 4, 0);
        frame_put16(got + FRAME_ETH_LEN + 10, 0);
        frame_put16(wanted + FRAME_ETH_LEN + 10, 0);
    }
    g_assert_cmpint(memcmp(got, wanted, len), ==, 0);
}

static void cut_again_they_are_what_they_were(gconstpointer data)
{
    bool v6 = data != NULL;
    struct wire *wire = wire_new(true);
    uint8_t out[FRAMES_MAX];

    /* More than one joined frame holds, and the last piece is short. */
    wire->cut = v6 ? 1460 + 60 : 1460 + 40;
    for (uint32_t i = 0; i < 100; i++) {
        struct frames_spec spec = data_at(i * 1460, i == 99 ? 7 : 1460);

        spec.src = v6 ? "2001:db8::1" : "192.0.2.1";
        spec.dst = v6 ? "fd00::100" : "10.0.2.100";
        put(wire, &spec);
    }
    merge_flush(wire->merge);
    g_assert_cmpuint(wire->frames->len, ==, 100);
    for (uint32_t i = 0; i < 100; i++) {
        struct frames_spec spec = data_at(i * 1460, i == 99 ? 7 : 1460);
        size_t len;

        spec.src = v6 ? "2001:db8::1" : "192.0.2.1";
        spec.dst = v6 ? "fd00::100" : "10.0.2.100";
        len = frames_build(&spec, out);
        assert_same_frame(g_ptr_array_index(wire->frames, i), out, len);
    }
    wire_free(wire);
}

static void no_frame_grows_beyond_the_limit(void)
{
    struct wire *wire = wire_new(true);
    uint32_t next = 0;

    for (uint32_t i = 0; i < 8; i++) {
        struct frames_spec spec = data_at(i * 9010, 9010);

        put(wire, &spec);
    }
    merge_flush(wire->merge);
    for (guint i = 0; i < wire->frames->len; i++) {
        struct frame f = frame_at(wire, i);

        g_assert_cmpuint(f.tcp_seq, ==, next);
        g_assert_cmpuint(f.len, <=, JOIN_MAX);
        next += (uint32_t)frame_payload_len(&f);
    }
    g_assert_cmpuint(next, ==, 8 * 9010);
    g_assert_cmpstr(wire->kinds->str, ==, "jjj");
    wire_free(wire);
}

/* Pairs that must come out as the two frames they are, and in order. */
static void what_does_not_fit_together_stays_apart(void)
{
    static const uint8_t nop[4] = { 1, 1, 1, 1 };
    struct frames_spec first = data_at(1000, 100);
    struct frames_spec second[] = {
        data_at(1101, 100), /* a hole */
        data_at(1099, 100), /* an overlap */
        data_at(1000, 100), /* again the same */
        data_at(1100, 100), data_at(1100, 100), data_at(1100, 100),
        data_at(1100, 100), data_at(1100, 100), data_at(1100, 100),
        data_at(1100, 100), data_at(1100, 100), data_at(1100, 0),
        data_at(1100, 100),
    };

    second[3].sport = 81;
    second[4].dport = 40001;
    second[5].src = "192.0.2.2";
    second[6].flags = FRAME_ACK | FRAME_FIN;
    second[7].flags = FRAME_ACK | FRAME_RST;
    second[8].tcp_options = nop;
    second[8].tcp_options_len = 4;
    second[9].proto = IPPROTO_UDP;
    second[12].flags |= 0x40; /* tells of congestion (RFC 3168) */
    second[10].ack = 499;     /* an older acknowledgement: takes nothing back */
    for (size_t i = 0; i < G_N_ELEMENTS(second); i++) {
        struct wire *wire = wire_new(true);
        struct frame f;

        g_test_message("row %zu", i);
        put(wire, &first);
        put(wire, &second[i]);
        merge_flush(wire->merge);
        g_assert_cmpstr(wire->kinds->str, ==, "pp");
        f = frame_at(wire, 0);
        g_assert_cmpuint(f.tcp_seq, ==, 1000);
        f = frame_at(wire, 1);
        g_assert_cmpuint(frame_payload_len(&f), ==, second[i].payload_len);
        wire_free(wire);
    }
}

static void a_push_ends_what_is_joined(void)
{
    struct wire *wire = wire_new(true);
    struct frames_spec spec = data_at(0, 10);

    put(wire, &spec);
    spec = data_at(10, 10);
    spec.flags |= FRAME_PSH;
    put(wire, &spec);
    spec = data_at(20, 10);
    put(wire, &spec);
    merge_flush(wire->merge);
    g_assert_cmpstr(wire->kinds->str, ==, "jp");
    wire_free(wire);
}

static void an_overtaken_acknowledgement_is_left_out(gconstpointer data)
{
    bool join_data = data != NULL;
    struct wire *wire = wire_new(join_data);
    struct frame f;

    for (uint32_t i = 0; i < 5; i++) {
        struct frames_spec spec = data_at(7, 0);

        spec.ack = 0xffffffff + i;
        put(wire, &spec);
    }
    merge_flush(wire->merge);
    g_assert_cmpstr(wire->kinds->str, ==, "p");
    g_assert_cmpuint(wire->stats.acks_thinned, ==, 4);
    f = frame_at(wire, 0);
    g_assert_cmpuint(f.tcp_ack, ==, 3);
    wire_free(wire);
}

static void acknowledgements_that_say_something_stay(void)
{
    struct frames_spec first = data_at(7, 0);
    struct frames_spec second[] = { data_at(7, 0), data_at(7, 0), data_at(7, 0),
                                    data_at(8, 0), data_at(7, 0) };

    second[1].window = 2000; /* the window opens */
    second[2].ack = 499;     /* goes back */
    second[3].ack = 501;     /* another sequence */
    second[4].dport = 9;     /* another flow */
    for (size_t i = 0; i < G_N_ELEMENTS(second); i++) {
        struct wire *wire = wire_new(true);

        g_test_message("row %zu", i);
        put(wire, &first);
        put(wire, &second[i]);
        merge_flush(wire->merge);
        g_assert_cmpstr(wire->kinds->str, ==, "pp");
        wire_free(wire);
    }
}

static void without_joining_data_goes_out_at_once(void)
{
    struct wire *wire = wire_new(false);
    struct frames_spec spec = data_at(0, 1000);

    put(wire, &spec);
    g_assert_cmpstr(wire->kinds->str, ==, "p");
    spec = data_at(1000, 1000);
    put(wire, &spec);
    merge_flush(wire->merge);
    g_assert_cmpstr(wire->kinds->str, ==, "pp");
    g_assert_cmpuint(wire->stats.frames_merged, ==, 0);
    wire_free(wire);
}

static void the_order_of_all_frames_stays(void)
{
    struct wire *wire = wire_new(true);
    struct frames_spec ack = data_at(0, 0), data = data_at(0, 10);
    struct frames_spec datagram = { .proto = IPPROTO_UDP, .payload_len = 3 };
    struct frame unparsed = { 0 };
    uint8_t arp[100];

    ack.dport = 1;
    put(wire, &data);
    put(wire, &ack);
    put(wire, &datagram);
    put(wire, &ack);
    unparsed.data = arp;
    unparsed.len = frames_build_arp("10.0.2.2", arp);
    merge_put(wire->merge, &unparsed);
    put(wire, &data);
    merge_flush(wire->merge);
    merge_flush(wire->merge);
    g_assert_cmpuint(wire->frames->len, ==, 6);
    g_assert_cmpuint(frame_at(wire, 0).dst.port, ==, 40000);
    g_assert_cmpuint(frame_at(wire, 1).dst.port, ==, 1);
    g_assert_cmpuint(frame_at(wire, 2).proto, ==, IPPROTO_UDP);
    g_assert_cmpuint(frame_at(wire, 3).dst.port, ==, 1);
    g_assert_cmpuint(frame_at(wire, 4).ethertype, ==, 0x0806);
    g_assert_cmpuint(frame_at(wire, 5).dst.port, ==, 40000);
    wire_free(wire);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/merge/segments that follow each other become one",
                    segments_that_follow_each_other_become_one);
    g_test_add_data_func("/merge/cut again they are what they were (IPv4)",
                         NULL, cut_again_they_are_what_they_were);
    g_test_add_data_func("/merge/cut again they are what they were (IPv6)",
                         "v6", cut_again_they_are_what_they_were);
    g_test_add_func("/merge/no frame grows beyond the limit",
                    no_frame_grows_beyond_the_limit);
    g_test_add_func("/merge/what does not fit together stays apart",
                    what_does_not_fit_together_stays_apart);
    g_test_add_func("/merge/a push ends what is joined",
                    a_push_ends_what_is_joined);
    g_test_add_data_func("/merge/an overtaken acknowledgement is left out",
                         "join", an_overtaken_acknowledgement_is_left_out);
    g_test_add_data_func(
        "/merge/an overtaken acknowledgement is left out without joining", NULL,
        an_overtaken_acknowledgement_is_left_out);
    g_test_add_func("/merge/acknowledgements that say something stay",
                    acknowledgements_that_say_something_stay);
    g_test_add_func("/merge/without joining, data goes out at once",
                    without_joining_data_goes_out_at_once);
    g_test_add_func("/merge/the order of all frames stays",
                    the_order_of_all_frames_stays);
    return g_test_run();
}
