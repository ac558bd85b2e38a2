/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/json.h"

#include "base/error.h"

#include <jansson.h>
#include <stdarg.h>

static const json_t *in(const struct json_value *value)
{
    return (const json_t *)(const void *)value;
}

static const struct json_value *out_of(const json_t *value)
{
    return (const struct json_value *)(const void *)value;
}

void json_init(void)
{
    json_object_seed(0);
}

/* --- parsing --- */

static bool deeper_than(const json_t *value, unsigned limit)
{
    json_t *child;
    const char *key;
    size_t i;

    if (!json_is_object(value) && !json_is_array(value))
        return false;
    if (limit == 0)
        return true;
    json_array_foreach(value, i, child)
    {
        if (deeper_than(child, limit - 1))
            return true;
    }
    /* The library's iterator wants a non-const object, but leaves it alone. */
    json_object_foreach((json_t *)(uintptr_t)value, key, child)
    {
        if (deeper_than(child, limit - 1))
            return true;
    }
    return false;
}

struct json_value *json_parse(const char *text, size_t len, GError **err)
{
    json_error_t why;
    json_t *root =
        json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);

    if (root == NULL) {
        error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "%s (line %d, column %d)",
                  why.text, why.line, why.column);
        return NULL;
    }
    if (deeper_than(root, JSON_DEPTH_MAX)) {
        json_decref(root);
        error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "nested deeper than %d",
                  JSON_DEPTH_MAX);
        return NULL;
    }
    return (struct json_value *)(void *)root;
}

void json_value_free(struct json_value *value)
{
    json_decref((json_t *)(void *)value);
}

/* --- members --- */

bool json_as_object(const struct json_value *value, const char *name,
                    struct json_obj *out)
{
    if (!json_is_object(in(value)))
        return false;
    *out = (struct json_obj){ value, name };
    return true;
}

static const json_t *member(const struct json_obj *obj, const char *key)
{
    return json_object_get(in(obj->value), key);
}

const struct json_value *json_member(const struct json_obj *obj,
                                     const char *key)
{
    return out_of(member(obj, key));
}

bool json_has(const struct json_obj *obj, const char *key)
{
    const json_t *value = member(obj, key);

    return value != NULL && !json_is_null(value);
}

int json_bad(const struct json_obj *obj, const char *key, GError **err,
             const char *fmt, ...)
{
    g_autofree char *why = NULL;
    va_list ap;

    va_start(ap, fmt);
    why = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "bad %s.%s: %s",
                     obj->name, key, why);
}

static int missing(const struct json_obj *obj, const char *key, GError **err)
{
    return json_bad(obj, key, err, "missing");
}

/* --- typed getters --- */

int json_find_string(const struct json_obj *obj, const char *key,
                     const char **out, GError **err)
{
    if (!json_has(obj, key))
        return 0;
    if (!json_is_string(member(obj, key)))
        return json_bad(obj, key, err, "must be a string");
    *out = json_string_value(member(obj, key));
    return 0;
}

int json_get_string(const struct json_obj *obj, const char *key,
                    const char **out, GError **err)
{
    if (!json_has(obj, key))
        return missing(obj, key, err);
    return json_find_string(obj, key, out, err);
}

/* True when `value` is a number without a fraction, from 0 to JSON_UINT_MAX. */
static bool as_whole(const json_t *value, uint64_t *out)
{
    double real = json_number_value(value);

    if (!json_is_number(value) || !(real >= 0 && real <= (double)JSON_UINT_MAX))
        return false;
    *out = (uint64_t)real;
    return (double)*out == real;
}

int json_find_uint(const struct json_obj *obj, const char *key, uint64_t min,
                   uint64_t max, uint64_t *out, GError **err)
{
    uint64_t value;

    if (!json_has(obj, key))
        return 0;
    if (!as_whole(member(obj, key), &value) || value < min || value > max)
        return json_bad(obj, key, err,
                        "must be an integer from %" G_GUINT64_FORMAT
                        " to %" G_GUINT64_FORMAT,
                        min, max);
    *out = value;
    return 0;
}

int json_get_uint(const struct json_obj *obj, const char *key, uint64_t min,
                  uint64_t max, uint64_t *out, GError **err)
{
    if (!json_has(obj, key))
        return missing(obj, key, err);
    return json_find_uint(obj, key, min, max, out, err);
}

int json_get_port(const struct json_obj *obj, const char *key, uint16_t *out,
                  GError **err)
{
    uint64_t port = 0;

    if (json_get_uint(obj, key, 1, UINT16_MAX, &port, err) != 0)
        return -1;
    *out = (uint16_t)port;
    return 0;
}

int json_find_bool(const struct json_obj *obj, const char *key, bool *out,
                   GError **err)
{
    if (!json_has(obj, key))
        return 0;
    if (!json_is_boolean(member(obj, key)))
        return json_bad(obj, key, err, "must be true or false");
    *out = json_is_true(member(obj, key));
    return 0;
}

int json_get_bool(const struct json_obj *obj, const char *key, bool *out,
                  GError **err)
{
    if (!json_has(obj, key))
        return missing(obj, key, err);
    return json_find_bool(obj, key, out, err);
}

int json_get_object(const struct json_obj *obj, const char *key,
                    struct json_obj *out, GError **err)
{
    if (!json_has(obj, key))
        return missing(obj, key, err);
    if (!json_as_object(json_member(obj, key), key, out))
        return json_bad(obj, key, err, "must be an object");
    return 0;
}

int json_get_list(const struct json_obj *obj, const char *key,
                  struct json_list *out, GError **err)
{
    if (!json_has(obj, key))
        return missing(obj, key, err);
    if (!json_is_array(member(obj, key)))
        return json_bad(obj, key, err, "must be an array");
    *out = (struct json_list){ json_member(obj, key), key };
    return 0;
}

size_t json_list_len(const struct json_list *list)
{
    return json_array_size(in(list->value));
}

const struct json_value *json_list_at(const struct json_list *list,
                                      size_t index)
{
    return out_of(json_array_get(in(list->value), index));
}

const char *json_as_string(const struct json_value *value)
{
    return json_string_value(in(value));
}

void json_each(const struct json_obj *obj,
               void (*visit)(void *self, const char *key,
                             const struct json_value *value),
               void *self)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)obj->value, key, value)
    {
        visit(self, key, out_of(value));
    }
}

char *json_text(const struct json_value *value)
{
    char *text = json_dumps(in(value), JSON_COMPACT | JSON_ENCODE_ANY);
    char *copy = g_strdup(text);

    /* The library's allocator need not be GLib's. */
    free(text);
    return copy;
}

int json_check_known(const struct json_obj *obj, const char *const *known,
                     GError **err)
{
    static const char *const none[] = { NULL };
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)obj->value, key, value)
    {
        if (!g_strv_contains(known != NULL ? known : none, key))
            return json_bad(obj, key, err, "unknown argument");
    }
    return 0;
}
