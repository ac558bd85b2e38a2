/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/pairs.h"

#include "base/parse.h"
#include "ctl/exits.h"

#include <limits.h>
#include <string.h>

static struct json_out *child(struct pairs *pairs, const char *member,
                              struct json_out *(*make)(struct json_out *,
                                                       const char *))
{
    struct json_out *out = g_hash_table_lookup(pairs->children, member);

    if (out != NULL)
        return out;
    out = make(pairs->args, member);
    g_hash_table_insert(pairs->children, g_strdup(member), out);
    return out;
}

struct json_out *pairs_array(struct pairs *pairs, const char *member)
{
    return child(pairs, member, json_out_array);
}

struct json_out *pairs_object(struct pairs *pairs, const char *member)
{
    return child(pairs, member, json_out_object);
}

/* --- kinds --- */

int pairs_text(struct pairs *pairs, const char *member, const char *value,
               GError **err)
{
    (void)err;
    json_out_string(pairs->args, member, value);
    return 0;
}

static const char *const yes[] = { "on", "yes", "true", NULL };
static const char *const no[] = { "off", "no", "false", NULL };

int pairs_truth(struct pairs *pairs, const char *member, const char *value,
                GError **err)
{
    if (!g_strv_contains(yes, value) && !g_strv_contains(no, value))
        return ctl_fail(err, CTL_BAD_REQUEST, "%s is on or off, not \"%s\"",
                        member, value);
    json_out_bool(pairs->args, member, g_strv_contains(yes, value));
    return 0;
}

int pairs_number(struct pairs *pairs, const char *member, const char *value,
                 GError **err)
{
    const char *cursor = value;
    unsigned number;

    if (!parse_uint(&cursor, UINT_MAX, &number) || !parse_end(cursor))
        return ctl_fail(err, CTL_BAD_REQUEST, "%s is a number, not \"%s\"",
                        member, value);
    json_out_uint(pairs->args, member, number);
    return 0;
}

int pairs_item(struct pairs *pairs, const char *member, const char *value,
               GError **err)
{
    (void)err;
    json_out_append_string(pairs_array(pairs, member), value);
    return 0;
}

int pairs_option(struct pairs *pairs, const char *member, const char *value,
                 GError **err)
{
    (void)err;
    /* A switch is a text there, and takes one word for yes and one for no. */
    if (g_strv_contains(yes, value))
        value = "true";
    else if (g_strv_contains(no, value))
        value = "false";
    json_out_string(pairs_object(pairs, "options"), member, value);
    return 0;
}

/* --- reading --- */

static int refuse(const char *key, const struct pair_row *rows, GError **err)
{
    g_autoptr(GString) keys = g_string_new(NULL);

    for (; rows->key != NULL; rows++)
        g_string_append_printf(keys, "%s%s", keys->len > 0 ? ", " : "",
                               rows->key);
    return ctl_fail(err, CTL_BAD_REQUEST, "there is no key \"%s\" here, but %s",
                    key, keys->str);
}

static int read_one(struct pairs *pairs, const char *text,
                    const struct pair_row *rows, GError **err)
{
    const char *equals = strchr(text, '=');
    const struct pair_row *row = rows;
    g_autofree char *key = NULL;

    if (equals == NULL || equals == text)
        return ctl_fail(err, CTL_BAD_REQUEST,
                        "\"%s\" is not of the form KEY=VALUE", text);
    key = g_strndup(text, (gsize)(equals - text));
    while (row->key != NULL && strcmp(row->key, key) != 0)
        row++;
    if (row->put == NULL)
        return refuse(key, rows, err);
    return row->put(pairs, row->member != NULL ? row->member : key, equals + 1,
                    err);
}

int pairs_read(struct json_out *args, char **texts, const struct pair_row *rows,
               GError **err)
{
    g_autoptr(GHashTable) children =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct pairs pairs = { args, children, NULL };

    for (; *texts != NULL; texts++)
        if (read_one(&pairs, *texts, rows, err) != 0)
            return -1;
    return 0;
}
