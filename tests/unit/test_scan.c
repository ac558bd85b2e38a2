/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/scan.h"

#include <glib.h>
#include <string.h>

struct row {
    const char *text;
    enum scan_status status;
    size_t begin, end;
};

/* Feeds in pieces of `step` bytes and adds the spans up. */
static enum scan_status feed(const char *text, size_t len, size_t step,
                             size_t *begin, size_t *end)
{
    struct scan scan = { 0 };
    enum scan_status status = SCAN_MORE;
    bool begun = false;

    *begin = *end = 0;
    for (size_t at = 0; at < len && status == SCAN_MORE; at += step) {
        size_t from, to;

        status = scan_feed(&scan, text + at, MIN(step, len - at), &from, &to);
        if (!begun)
            *begin = at + from;
        begun = begun || from < to;
        *end = at + to;
    }
    return status;
}

static const struct row rows[] = {
    { "{}", SCAN_END, 0, 2 },
    { " \n\t\r{}", SCAN_END, 4, 6 },
    { "{}\n", SCAN_END, 0, 2 },
    { "{}{}", SCAN_END, 0, 2 },
    { "{}}", SCAN_END, 0, 2 },
    { "{\"a\":{\"b\":[1,{}]}} x", SCAN_END, 0, 18 },
    { "{\"}\":\"{\"}", SCAN_END, 0, 9 },
    { "{\"\\\"}\":1}", SCAN_END, 0, 9 },
    { "{\"\\\\\":1}", SCAN_END, 0, 8 },
    { "{\"\\\\\\\"}\":1}", SCAN_END, 0, 11 },
    { "{\"a\":1", SCAN_MORE, 0, 6 },
    { "{\"a", SCAN_MORE, 0, 3 },
    { "{\"a\\", SCAN_MORE, 0, 4 },
    { "  ", SCAN_MORE, 2, 2 },
    /* Beyond repair: told at once, for the parser to say why. */
    { "{]}", SCAN_END, 0, 2 },
    { "{\"a\":[}", SCAN_END, 0, 7 },
    { "{\"a\n\":1}", SCAN_END, 0, 4 },
    { "badjson", SCAN_NOT_OBJECT, 0, 0 },
    { " [1]", SCAN_NOT_OBJECT, 1, 1 },
    { "\"x\"", SCAN_NOT_OBJECT, 0, 0 },
    { "}", SCAN_NOT_OBJECT, 0, 0 },
};

static void finds_the_end_in_pieces_of_any_size(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (size_t step = 1; step <= strlen(rows[i].text); step++) {
            size_t begin, end;

            g_assert_cmpint(
                feed(rows[i].text, strlen(rows[i].text), step, &begin, &end),
                ==, rows[i].status);
            g_assert_cmpuint(begin, ==, rows[i].begin);
            g_assert_cmpuint(end, ==, rows[i].end);
        }
    }
}

static void nul_bytes_between_objects_are_skipped(void)
{
    static const char text[] = "{}\0\n\0{\"b\":2}";
    struct scan scan = { 0 };
    size_t begin, end;

    g_assert_cmpint(scan_feed(&scan, text, 5, &begin, &end), ==, SCAN_END);
    g_assert_cmpuint(end, ==, 2);
    g_assert_cmpint(scan_feed(&scan, text + 2, 10, &begin, &end), ==, SCAN_END);
    g_assert_cmpuint(begin, ==, 3);
    g_assert_cmpuint(end, ==, 10);
    g_assert_false(scan_in_object(&scan));
}

static void a_nul_inside_a_string_ends_it_all(void)
{
    static const char text[] = "{\"a\0\":1}";
    size_t begin, end;

    g_assert_cmpint(feed(text, sizeof(text) - 1, 3, &begin, &end), ==,
                    SCAN_END);
    g_assert_cmpuint(end, ==, 4);
}

static void depth_is_limited_and_the_scanner_recovers(void)
{
    struct scan scan = { 0 };
    size_t begin, end;

    for (unsigned i = 0; i < SCAN_DEPTH_MAX; i++)
        g_assert_cmpint(scan_feed(&scan, i % 2 ? "[" : "{", 1, &begin, &end),
                        ==, SCAN_MORE);
    g_assert_true(scan_in_object(&scan));
    g_assert_cmpint(scan_feed(&scan, "{", 1, &begin, &end), ==, SCAN_TOO_DEEP);
    g_assert_false(scan_in_object(&scan));
    g_assert_cmpint(scan_feed(&scan, "{}", 2, &begin, &end), ==, SCAN_END);
}

static void the_deepest_allowed_object_closes(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    size_t begin, end;

    for (unsigned i = 0; i < SCAN_DEPTH_MAX; i++)
        g_string_append_c(text, i % 3 == 1 ? '[' : '{');
    for (unsigned i = SCAN_DEPTH_MAX; i > 0; i--)
        g_string_append_c(text, (i - 1) % 3 == 1 ? ']' : '}');
    g_assert_cmpint(feed(text->str, text->len, 5, &begin, &end), ==, SCAN_END);
    g_assert_cmpuint(end, ==, text->len);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/scan/finds the end in pieces of any size",
                    finds_the_end_in_pieces_of_any_size);
    g_test_add_func("/scan/NUL bytes between objects are skipped",
                    nul_bytes_between_objects_are_skipped);
    g_test_add_func("/scan/a NUL inside a string ends it all",
                    a_nul_inside_a_string_ends_it_all);
    g_test_add_func("/scan/depth is limited and the scanner recovers",
                    depth_is_limited_and_the_scanner_recovers);
    g_test_add_func("/scan/the deepest allowed object closes",
                    the_deepest_allowed_object_closes);
    return g_test_run();
}
