/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * JSON (RFC 8259) for the control socket and its client: strict reading, typed
 * getters that cannot hand out NULL unnoticed, compact writing.  Pure values,
 * any process; the only user of the JSON library.
 */

/*
 * Call once before confinement: seeds the hashing of keys from /dev/urandom,
 * which may not be in sight later.
 */
void json_init(void);

/* --- reading --- */

/* A parsed value of any kind; owned by json_parse()'s caller. */
struct json_value;

#define JSON_DEPTH_MAX 16
/* The largest integer that every JSON implementation keeps exact. */
#define JSON_UINT_MAX ((UINT64_C(1) << 53) - 1)

/*
 * Parses exactly one value, blanks around it allowed.  Refused, with
 * SLIPGATE_ERROR_BAD_REQUEST and the place: anything that is not JSON, invalid
 * UTF-8, U+0000 in a string, a key that comes twice in one object, and nesting
 * deeper than JSON_DEPTH_MAX (a lone object counts as 1).
 */
struct json_value *json_parse(const char *text, size_t len, GError **err);
void json_value_free(struct json_value *value);
OWN_DEFINE(json_value)

/*
 * A view on an object inside a parsed value, valid as long as that is.  `name`
 * is what errors call it ("arguments"); value NULL is an empty object.
 */
struct json_obj {
    const struct json_value *value;
    const char *name;
};

/* False, `out` untouched, when `value` is not an object (or NULL). */
bool json_as_object(const struct json_value *value, const char *name,
                    struct json_obj *out);
/* The member as it stands, null too; NULL when there is none. */
const struct json_value *json_member(const struct json_obj *obj,
                                     const char *key);
/* True when the member exists and is not null. */
bool json_has(const struct json_obj *obj, const char *key);

/*
 * The getters return 0, or -1 with an error of the form
 * "bad arguments.host_port: must be an integer from 1 to 65535" and `*out`
 * untouched.  A null counts as missing.  Strings belong to the value.
 *
 * Numbers are taken by value, not by spelling: 8080.0 and 8.08e3 are the
 * integer 8080, since languages with one number type write it like that;
 * 8080.5, "8080" and 1e300 are refused, and nothing is ever rounded or wrapped.
 */
int json_get_string(const struct json_obj *obj, const char *key,
                    const char **out, GError **err);
/* `max` is at most JSON_UINT_MAX. */
int json_get_uint(const struct json_obj *obj, const char *key, uint64_t min,
                  uint64_t max, uint64_t *out, GError **err);
/* A TCP or UDP port, 1 to 65535. */
int json_get_port(const struct json_obj *obj, const char *key, uint16_t *out,
                  GError **err);
int json_get_bool(const struct json_obj *obj, const char *key, bool *out,
                  GError **err);
int json_get_object(const struct json_obj *obj, const char *key,
                    struct json_obj *out, GError **err);

/* As above, but a missing member leaves `*out` as the caller set it. */
int json_find_string(const struct json_obj *obj, const char *key,
                     const char **out, GError **err);
int json_find_uint(const struct json_obj *obj, const char *key, uint64_t min,
                   uint64_t max, uint64_t *out, GError **err);
int json_find_bool(const struct json_obj *obj, const char *key, bool *out,
                   GError **err);

/* A view on an array, like json_obj. */
struct json_list {
    const struct json_value *value;
    const char *name;
};

/* As the getters above. */
int json_get_list(const struct json_obj *obj, const char *key,
                  struct json_list *out, GError **err);
size_t json_list_len(const struct json_list *list);
/* `index` < json_list_len(). */
const struct json_value *json_list_at(const struct json_list *list,
                                      size_t index);
/* NULL when `value` is no string (or NULL). */
const char *json_as_string(const struct json_value *value);
/* Calls `visit` for each member, in order. */
void json_each(const struct json_obj *obj,
               void (*visit)(void *self, const char *key,
                             const struct json_value *value),
               void *self);
/* Compact text of any value; the caller frees it. */
char *json_text(const struct json_value *value);

/*
 * Fails when a member is not in `known` (NULL-terminated; NULL: none is), so
 * that a typo is not taken for consent.
 */
int json_check_known(const struct json_obj *obj, const char *const *known,
                     GError **err);

/* -1 with BAD_REQUEST "bad <name>.<key>: <reason>": the getters' own form. */
int json_bad(const struct json_obj *obj, const char *key, GError **err,
             const char *fmt, ...) G_GNUC_PRINTF(4, 5);

/* --- writing --- */

/* An object or array under construction.  Members keep their order. */
struct json_out;

/* An empty object; freeing it frees its members. */
struct json_out *json_out_new(void);
void json_out_free(struct json_out *out);
OWN_DEFINE(json_out)

/*
 * Text that is not UTF-8 (a file name may be anything) goes out with
 * replacement characters.  A NULL string leaves the member out: null is never
 * written, since clients take the mere presence of a key for a meaning.
 */
void json_out_string(struct json_out *out, const char *key, const char *text);
/* Values above INT64_MAX are written as that. */
void json_out_uint(struct json_out *out, const char *key, uint64_t value);
void json_out_bool(struct json_out *out, const char *key, bool value);
/* A copy of a parsed value. */
void json_out_value(struct json_out *out, const char *key,
                    const struct json_value *value);
/* Copies of all members. */
void json_out_copy_members(struct json_out *out, const struct json_obj *obj);
/* Adds an empty object or array, which belongs to `out`, for filling. */
struct json_out *json_out_object(struct json_out *out, const char *key);
struct json_out *json_out_array(struct json_out *out, const char *key);
struct json_out *json_out_append_object(struct json_out *array);
void json_out_append_string(struct json_out *array, const char *text);
/* Moves `child` in as a member. */
void json_out_take(struct json_out *out, const char *key,
                   struct json_out *child);
/* Repeats the members of `from` in `out`. */
void json_out_merge(struct json_out *out, const struct json_out *from);

/* Compact text on one line, without newline; the caller frees it. */
char *json_out_text(const struct json_out *out);
