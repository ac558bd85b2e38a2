/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/json.h"

#include "base/error.h"

#include <string.h>

static struct json_value *parse(const char *text, GError **err)
{
    return json_parse(text, strlen(text), err);
}

/* An object that the test may look into as "arguments". */
static struct json_value *object(const char *text, struct json_obj *out)
{
    g_autoptr(GError) err = NULL;
    struct json_value *value = parse(text, &err);

    g_assert_no_error(err);
    g_assert_true(json_as_object(value, "arguments", out));
    return value;
}

static char *nested(unsigned depth)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; i < depth; i++)
        g_string_append(text, i % 2 ? "[" : "{\"a\":");
    g_string_append(text, "1");
    for (unsigned i = depth; i > 0; i--)
        g_string_append_c(text, (i - 1) % 2 ? ']' : '}');
    return g_strdup(text->str);
}

static void refuses_what_is_not_strict_json(void)
{
    static const char *const texts[] = {
        "",
        "{",
        "badjson",
        "{} {}",
        "{'a':1}",
        "{\"a\":1,}",
        "{\"a\":01}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":{\"b\":1,\"c\":2,\"b\":1}}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\xc0\xaf\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":NaN}",
        "{\"a\":1e999}",
        "{\"a\":99999999999999999999}",
        "/* no */ {}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_null(parse(texts[i], &err));
        g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_BAD_REQUEST);
        g_assert_nonnull(strstr(err->message, "line"));
    }
}

static void nesting_ends_at_the_limit(void)
{
    g_autofree char *deepest = nested(JSON_DEPTH_MAX);
    g_autofree char *deeper = nested(JSON_DEPTH_MAX + 1);
    g_autofree char *far = nested(4000);
    g_autoptr(GError) err = NULL, err_far = NULL;
    owned(json_value) value = parse(deepest, NULL);

    g_assert_nonnull(value);
    g_assert_null(parse(deeper, &err));
    g_assert_nonnull(strstr(err->message, "nested deeper than 16"));
    g_assert_null(parse(far, &err_far));
}

static void takes_any_kind_of_value_at_the_top(void)
{
    static const char *const texts[] = { "1", " \"x\" ", "null", "[1]", "{}" };
    struct json_obj obj;

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        owned(json_value) value = parse(texts[i], NULL);

        g_assert_nonnull(value);
        g_assert_true(json_as_object(value, "x", &obj) == (*texts[i] == '{'));
    }
    g_assert_false(json_as_object(NULL, "x", &obj));
}

static void getters_return_what_is_there(void)
{
    struct json_obj args, inner = { NULL, NULL };
    owned(json_value) value =
        object("{\"s\":\"x\",\"u\":7,\"p\":65535,\"b\":true,"
               "\"f\":8080.0,\"e\":8.08e3,\"o\":{\"k\":\"v\"}}",
               &args);
    const char *text = NULL;
    uint64_t number = 0;
    uint16_t port = 0;
    bool flag = false;

    g_assert_cmpint(json_get_string(&args, "s", &text, NULL), ==, 0);
    g_assert_cmpstr(text, ==, "x");
    g_assert_cmpint(json_get_uint(&args, "u", 7, 7, &number, NULL), ==, 0);
    g_assert_cmpuint(number, ==, 7);
    g_assert_cmpint(json_get_port(&args, "p", &port, NULL), ==, 0);
    g_assert_cmpuint(port, ==, 65535);
    g_assert_cmpint(json_get_port(&args, "f", &port, NULL), ==, 0);
    g_assert_cmpuint(port, ==, 8080);
    g_assert_cmpint(json_get_port(&args, "e", &port, NULL), ==, 0);
    g_assert_cmpuint(port, ==, 8080);
    g_assert_cmpint(json_get_bool(&args, "b", &flag, NULL), ==, 0);
    g_assert_true(flag);
    g_assert_cmpint(json_get_object(&args, "o", &inner, NULL), ==, 0);
    g_assert_cmpint(json_get_string(&inner, "k", &text, NULL), ==, 0);
    g_assert_cmpstr(text, ==, "v");
}

static void ports_are_whole_and_in_range(void)
{
    static const char *const values[] = {
        "0",      "-1",   "65536",   "83621",  "8080.5",
        "\"80\"", "true", "1e300",   "-0.5",   "[80]",
        "0.99",   "{}",   "65535.5", "131152", "9007199254740993",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autofree char *text = g_strdup_printf("{\"p\":%s}", values[i]);
        g_autoptr(GError) err = NULL;
        struct json_obj args;
        owned(json_value) value = object(text, &args);
        uint16_t port = 42;

        g_assert_cmpint(json_get_port(&args, "p", &port, &err), ==, -1);
        g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_BAD_REQUEST);
        g_assert_cmpstr(err->message, ==,
                        "bad arguments.p: must be an integer from 1 to 65535");
        g_assert_cmpuint(port, ==, 42);
    }
}

static void large_numbers_are_exact_or_refused(void)
{
    struct json_obj args;
    owned(json_value) value =
        object("{\"max\":9007199254740991,\"over\":9007199254740992}", &args);
    uint64_t number = 1;

    g_assert_cmpint(
        json_get_uint(&args, "max", 0, JSON_UINT_MAX, &number, NULL), ==, 0);
    g_assert_cmpuint(number, ==, JSON_UINT_MAX);
    g_assert_cmpint(
        json_get_uint(&args, "over", 0, JSON_UINT_MAX, &number, NULL), ==, -1);
}

static void missing_and_null_are_the_same(void)
{
    struct json_obj args;
    owned(json_value) value = object("{\"n\":null}", &args);
    static const char *const keys[] = { "n", "absent" };

    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autoptr(GError) err = NULL;
        g_autofree char *want =
            g_strdup_printf("bad arguments.%s: missing", keys[i]);
        const char *text = "kept";
        uint64_t number = 5;
        bool flag = true;

        g_assert_cmpint(json_get_string(&args, keys[i], &text, &err), ==, -1);
        g_assert_cmpstr(err->message, ==, want);
        g_assert_cmpint(json_get_uint(&args, keys[i], 0, 9, &number, NULL), ==,
                        -1);
        g_assert_cmpint(json_get_bool(&args, keys[i], &flag, NULL), ==, -1);
        g_assert_cmpint(json_find_string(&args, keys[i], &text, NULL), ==, 0);
        g_assert_cmpint(json_find_uint(&args, keys[i], 0, 9, &number, NULL), ==,
                        0);
        g_assert_cmpint(json_find_bool(&args, keys[i], &flag, NULL), ==, 0);
        g_assert_cmpstr(text, ==, "kept");
        g_assert_cmpuint(number, ==, 5);
        g_assert_true(flag);
        g_assert_false(json_has(&args, keys[i]));
    }
    g_assert_nonnull(json_member(&args, "n"));
    g_assert_null(json_member(&args, "absent"));
}

static void wrong_kinds_are_refused_by_find_too(void)
{
    struct json_obj args, inner;
    owned(json_value) value = object("{\"x\":[]}", &args);
    const char *text = NULL;
    uint64_t number = 0;
    bool flag = false;

    g_assert_cmpint(json_find_string(&args, "x", &text, NULL), ==, -1);
    g_assert_cmpint(json_find_uint(&args, "x", 0, 9, &number, NULL), ==, -1);
    g_assert_cmpint(json_find_bool(&args, "x", &flag, NULL), ==, -1);
    g_assert_cmpint(json_get_object(&args, "x", &inner, NULL), ==, -1);
}

static void an_unknown_member_is_named(void)
{
    static const char *const known[] = { "a", "b", NULL };
    struct json_obj args, nothing = { NULL, "arguments" };
    owned(json_value) value = object("{\"a\":1,\"port\":2}", &args);
    g_autoptr(GError) err = NULL;

    g_assert_cmpint(json_check_known(&args, known, &err), ==, -1);
    g_assert_cmpstr(err->message, ==, "bad arguments.port: unknown argument");
    g_assert_cmpint(json_check_known(&args, NULL, NULL), ==, -1);
    g_assert_cmpint(json_check_known(&nothing, NULL, NULL), ==, 0);
}

static void writes_compactly_and_in_order(void)
{
    owned(json_out) out = json_out_new();
    owned(json_value) id = parse("[1, null]", NULL);
    struct json_out *array;
    g_autofree char *text = NULL;

    json_out_uint(out, "z", 7);
    json_out_string(out, "a", "line\nend\"");
    json_out_string(out, "none", NULL);
    json_out_bool(out, "m", true);
    json_out_string(json_out_object(out, "o"), "k", "\xff!");
    array = json_out_array(out, "l");
    json_out_append_string(array, "s");
    json_out_uint(json_out_append_object(array), "n", UINT64_MAX);
    json_out_value(out, "id", id);
    text = json_out_text(out);
    g_assert_cmpstr(text, ==,
                    "{\"z\":7,\"a\":\"line\\nend\\\"\",\"m\":true,"
                    "\"o\":{\"k\":\"\xef\xbf\xbd!\"},"
                    "\"l\":[\"s\",{\"n\":9223372036854775807}],"
                    "\"id\":[1,null]}");
}

static void members_can_be_moved_and_repeated(void)
{
    owned(json_out) out = json_out_new();
    struct json_out *ret = json_out_new();
    g_autofree char *text = NULL;

    json_out_append_string(json_out_array(ret, "entries"), "x");
    json_out_merge(out, ret);
    json_out_take(out, "return", ret);
    text = json_out_text(out);
    g_assert_cmpstr(text, ==,
                    "{\"entries\":[\"x\"],\"return\":{\"entries\":[\"x\"]}}");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    json_init();
    g_test_add_func("/json/refuses what is not strict JSON",
                    refuses_what_is_not_strict_json);
    g_test_add_func("/json/nesting ends at the limit",
                    nesting_ends_at_the_limit);
    g_test_add_func("/json/takes any kind of value at the top",
                    takes_any_kind_of_value_at_the_top);
    g_test_add_func("/json/getters return what is there",
                    getters_return_what_is_there);
    g_test_add_func("/json/ports are whole and in range",
                    ports_are_whole_and_in_range);
    g_test_add_func("/json/large numbers are exact or refused",
                    large_numbers_are_exact_or_refused);
    g_test_add_func("/json/missing and null are the same",
                    missing_and_null_are_the_same);
    g_test_add_func("/json/wrong kinds are refused by find, too",
                    wrong_kinds_are_refused_by_find_too);
    g_test_add_func("/json/an unknown member is named",
                    an_unknown_member_is_named);
    g_test_add_func("/json/writes compactly and in order",
                    writes_compactly_and_in_order);
    g_test_add_func("/json/members can be moved and repeated",
                    members_can_be_moved_and_repeated);
    return g_test_run();
}
