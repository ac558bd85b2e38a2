/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/json.h"

#include <jansson.h>

static json_t *in(const struct json_out *out)
{
    return (json_t *)(uintptr_t)out;
}

static struct json_out *out_of(json_t *value)
{
    return (struct json_out *)(void *)value;
}

/* Memory running out is the only failure left once strings are valid. */
static void set(struct json_out *out, const char *key, json_t *value)
{
    g_autofree char *valid = g_utf8_make_valid(key, -1);

    if (json_object_set_new(in(out), valid, value) != 0)
        g_error("cannot build JSON");
}

static void append(struct json_out *array, json_t *value)
{
    if (json_array_append_new(in(array), value) != 0)
        g_error("cannot build JSON");
}

static json_t *string_of(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    return json_string(valid);
}

struct json_out *json_out_new(void)
{
    return out_of(json_object());
}

void json_out_free(struct json_out *out)
{
    json_decref(in(out));
}

void json_out_string(struct json_out *out, const char *key, const char *text)
{
    if (text != NULL)
        set(out, key, string_of(text));
}

void json_out_uint(struct json_out *out, const char *key, uint64_t value)
{
    set(out, key, json_integer((json_int_t)MIN(value, (uint64_t)INT64_MAX)));
}

void json_out_bool(struct json_out *out, const char *key, bool value)
{
    set(out, key, json_boolean(value));
}

void json_out_value(struct json_out *out, const char *key,
                    const struct json_value *value)
{
    set(out, key, json_deep_copy((const json_t *)(const void *)value));
}

void json_out_copy_members(struct json_out *out, const struct json_obj *obj)
{
    json_t *copy = json_deep_copy((const json_t *)(const void *)obj->value);

    if (copy != NULL && json_object_update(in(out), copy) != 0)
        g_error("cannot build JSON");
    json_decref(copy);
}

struct json_out *json_out_object(struct json_out *out, const char *key)
{
    json_t *child = json_object();

    set(out, key, child);
    return out_of(child);
}

struct json_out *json_out_array(struct json_out *out, const char *key)
{
    json_t *child = json_array();

    set(out, key, child);
    return out_of(child);
}

struct json_out *json_out_append_object(struct json_out *array)
{
    json_t *child = json_object();

    append(array, child);
    return out_of(child);
}

void json_out_append_string(struct json_out *array, const char *text)
{
    append(array, string_of(text));
}

void json_out_take(struct json_out *out, const char *key,
                   struct json_out *child)
{
    set(out, key, in(child));
}

void json_out_merge(struct json_out *out, const struct json_out *from)
{
    if (json_object_update(in(out), in(from)) != 0)
        g_error("cannot build JSON");
}

char *json_out_text(const struct json_out *out)
{
    char *text = json_dumps(in(out), JSON_COMPACT);
    char *copy = g_strdup(text);

    /* The library's allocator need not be GLib's. */
    free(text);
    return copy;
}
