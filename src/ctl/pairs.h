/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "control/json.h"

#include <glib.h>

/*
 * Arguments of the form KEY=VALUE, which become members of a request; some may
 * come again and again.
 */
struct pairs {
    struct json_out *args;
    GHashTable *children;  /* key -> array or object in `args` */
    struct json_out *last; /* the object that was appended last, or NULL */
};

struct pair_row {
    const char *key; /* as it is typed; NULL: any other, and the end */
    /* 0, or -1 and an error; NULL: there is no such key. */
    int (*put)(struct pairs *pairs, const char *member, const char *value,
               GError **err);
    const char *member; /* NULL: the key */
};

/*
 * Puts each of `texts` (NULL-terminated) into `args` by its row of `rows`,
 * whose last one takes what no other does.
 */
int pairs_read(struct json_out *args, char **texts, const struct pair_row *rows,
               GError **err);

/* The array or object of that name, made when it is asked for first. */
struct json_out *pairs_array(struct pairs *pairs, const char *member);
struct json_out *pairs_object(struct pairs *pairs, const char *member);

/* Rows of common kinds: a text, on or off, a number, one more text of an array,
   and a member of the object "options". */
int pairs_text(struct pairs *pairs, const char *member, const char *value,
               GError **err);
int pairs_truth(struct pairs *pairs, const char *member, const char *value,
                GError **err);
int pairs_number(struct pairs *pairs, const char *member, const char *value,
                 GError **err);
int pairs_item(struct pairs *pairs, const char *member, const char *value,
               GError **err);
int pairs_option(struct pairs *pairs, const char *member, const char *value,
                 GError **err);
