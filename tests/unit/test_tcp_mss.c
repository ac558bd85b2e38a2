/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/tcp_mss.h"

#include "frames.h"

#include <glib.h>
#include <string.h>

struct row {
    uint8_t options[12];
    size_t len, at; /* at: where the value is afterwards; 0: unchanged */
    uint16_t value;
};

static const struct row rows[] = {
    { { 2, 4, 0x40, 0x00 }, 4, 2, 1400 },
    { { 2, 4, 0x05, 0x79 }, 4, 2, 1400 }, /* 1401 */
    { { 2, 4, 0x05, 0x78 }, 4, 0, 0 },    /* 1400 */
    { { 2, 4, 0x02, 0x18 }, 4, 0, 0 },
    { { 1, 2, 4, 0x40, 0x00, 1, 1, 1 }, 8, 3, 1400 },
    { { 4, 2, 2, 4, 0x40, 0x00, 1, 0 }, 8, 4, 1400 },
    { { 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1 }, 12, 0, 0 },
    { { 0, 2, 4, 0x40 }, 4, 0, 0 },    /* behind the end */
    { { 2, 3, 0x40, 0x00 }, 4, 0, 0 }, /* of the wrong length */
    { { 2, 5, 0x40, 0, 0, 0, 0, 0 }, 8, 0, 0 },
    { { 9, 0, 2, 4, 0x40, 0, 0, 0 }, 8, 0, 0 },   /* goes nowhere */
    { { 9, 200, 2, 4, 0x40, 0, 0, 0 }, 8, 0, 0 }, /* goes beyond */
    { { 1, 1, 1, 2 }, 4, 0, 0 },                  /* cut off */
};

static void only_what_is_larger_is_lowered(void)
{
    static const char *const hosts[] = { "192.0.2.1", "2001:db8::1" };

    for (size_t i = 0; i < G_N_ELEMENTS(rows) * 2; i++) {
        const struct row *row = &rows[i / 2];
        struct frames_spec spec = { .dst = hosts[i % 2],
                                    .flags = FRAME_SYN,
                                    .tcp_options = row->options,
                                    .tcp_options_len = row->len };
        g_autofree uint8_t *out = g_malloc(FRAMES_MAX);
        struct frame f = frames_parsed(&spec, out);
        g_autofree uint8_t *before = g_memdup2(f.data, f.len);
        const uint8_t *options = f.data + f.l4 + FRAME_TCP_LEN;

        g_test_message("row %zu to %s", i / 2, spec.dst);
        tcp_mss_lower(&f, 1400);
        if (row->at != 0)
            g_assert_cmpuint(tcp_mss_of(&f), ==, row->value);
        g_assert_true(frames_checksums_are_right(f.data, f.len));
        if (row->at == 0)
            g_assert_true(memcmp(before, f.data, f.len) == 0);
        else
            g_assert_cmpuint(frame_get16(options + row->at), ==, row->value);
    }
}

static void what_is_set_may_be_more_or_less(void)
{
    static const uint8_t before[][4] = { { 2, 4, 0x05, 0xb4 },
                                         { 2, 4, 0xff, 0xd7 },
                                         { 2, 4, 0x23, 0x32 } };

    for (size_t i = 0; i < G_N_ELEMENTS(before); i++) {
        struct frames_spec spec = { .flags = FRAME_SYN,
                                    .tcp_options = before[i],
                                    .tcp_options_len = 4 };
        g_autofree uint8_t *out = g_malloc(FRAMES_MAX);
        struct frame f = frames_parsed(&spec, out);

        tcp_mss_set(&f, 9010);
        g_assert_cmpuint(tcp_mss_of(&f), ==, 9010);
        g_assert_true(frames_checksums_are_right(f.data, f.len));
    }
}

static void without_options_nothing_happens(void)
{
    const struct frames_spec spec = { .flags = FRAME_SYN };
    g_autofree uint8_t *out = g_malloc(FRAMES_MAX);
    struct frame f = frames_parsed(&spec, out);
    g_autofree uint8_t *before = g_memdup2(f.data, f.len);

    g_assert_cmpuint(tcp_mss_of(&f), ==, 0);
    tcp_mss_lower(&f, 1);
    tcp_mss_set(&f, 1400);
    g_assert_true(memcmp(before, f.data, f.len) == 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcp_mss/only what is larger is lowered",
                    only_what_is_larger_is_lowered);
    g_test_add_func("/tcp_mss/what is set may be more or less",
                    what_is_set_may_be_more_or_less);
    g_test_add_func("/tcp_mss/without options nothing happens",
                    without_options_nothing_happens);
    return g_test_run();
}
