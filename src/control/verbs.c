/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/verbs.h"

struct verbs {
    GHashTable *by_name; /* name -> struct entry */
    GPtrArray *families; /* of struct family */
};

struct family {
    void *self;
    void (*self_free)(void *self);
};

struct entry {
    const struct verb *verb;
    void *self;
};

static void family_free(void *data)
{
    struct family *family = data;

    if (family->self_free != NULL)
        family->self_free(family->self);
    g_free(family);
}

struct verbs *verbs_new(void)
{
    struct verbs *verbs = g_new(struct verbs, 1);

    json_init();
    verbs->by_name =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    verbs->families = g_ptr_array_new_with_free_func(family_free);
    return verbs;
}

void verbs_free(struct verbs *verbs)
{
    if (verbs == NULL)
        return;
    g_hash_table_destroy(verbs->by_name);
    g_ptr_array_free(verbs->families, TRUE);
    g_free(verbs);
}

void verbs_add(struct verbs *verbs, const struct verb *rows, size_t count,
               void *self, void (*self_free)(void *self))
{
    struct family *family = g_new(struct family, 1);

    *family = (struct family){ self, self_free };
    g_ptr_array_add(verbs->families, family);
    for (size_t i = 0; i < count; i++) {
        struct entry *entry = g_new(struct entry, 1);

        *entry = (struct entry){ &rows[i], self };
        /* The table's key is only ever read, whatever its type says. */
        if (!g_hash_table_insert(verbs->by_name,
                                 (char *)(uintptr_t)rows[i].name, entry))
            g_error("verb %s is registered twice", rows[i].name);
    }
}

/* --- one request --- */

/* slirp4netns's clients look for these texts. */
#define TEXT_PARSE   "bad request: cannot parse JSON: "
#define TEXT_OBJECT  "bad request: json_object() failed: not an object"
#define TEXT_EXECUTE "bad request: no execute found"
#define TEXT_UNKNOWN "bad request: unknown execute: \"%.64s\""

static const struct entry *find(const struct verbs *verbs,
                                const struct json_obj *top, GError **err)
{
    const char *name = "";
    const struct entry *entry;

    if (json_get_string(top, "execute", &name, NULL) != 0) {
        error_set(err, SLIPGATE_ERROR_BAD_REQUEST, TEXT_EXECUTE);
        return NULL;
    }
    entry = g_hash_table_lookup(verbs->by_name, name);
    if (entry == NULL)
        error_set(err, SLIPGATE_ERROR_BAD_REQUEST, TEXT_UNKNOWN, name);
    return entry;
}

static int decode_args(const struct verb *verb, const struct json_obj *top,
                       struct json_obj *args, GError **err)
{
    *args = (struct json_obj){ NULL, "arguments" };
    if (!json_has(top, "arguments"))
        return 0;
    if (json_as_object(json_member(top, "arguments"), "arguments", args)) {
        if (verb->flags & VERB_COMPATIBLE)
            return 0;
        return json_check_known(args, verb->args, err);
    }
    if (verb->flags & VERB_COMPATIBLE)
        return 0;
    return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                     "bad arguments: must be an object");
}

static void name_the_verb(const struct verb *verb, GError **err)
{
    bool bad =
        (verb->flags & VERB_COMPATIBLE) ||
        g_error_matches(*err, SLIPGATE_ERROR, SLIPGATE_ERROR_BAD_REQUEST);

    g_prefix_error(err, "%s%s: ", bad ? "bad request: " : "", verb->name);
}

static int run_entry(const struct entry *entry, const struct json_obj *top,
                     struct verb_call *call, GError **err)
{
    if (decode_args(entry->verb, top, &call->args, err) != 0 ||
        entry->verb->run(entry->self, call, err) != 0) {
        name_the_verb(entry->verb, err);
        return -1;
    }
    return 0;
}

static int dispatch(struct verbs *verbs, const struct json_obj *top,
                    const struct verb_request *request, struct json_out *answer,
                    GError **err)
{
    owned(json_out) ret = json_out_new();
    const struct json_out *members = ret;
    struct verb_call call = { .ret = ret,
                              .fds = request->fds,
                              .fd_count = request->fd_count };
    const struct entry *entry = find(verbs, top, err);

    if (json_member(top, "id") != NULL)
        call.subscriber = request->subscriber;
    if (entry == NULL || run_entry(entry, top, &call, err) != 0)
        return -1;
    json_out_take(answer, "return", g_steal_pointer(&ret));
    if (entry->verb->flags & VERB_MEMBERS_ON_TOP)
        json_out_merge(answer, members);
    return 0;
}

static void put_error(struct json_out *answer, const GError *err)
{
    struct json_out *error = json_out_object(answer, "error");

    json_out_string(error, "code", error_code_name(err));
    json_out_string(error, "desc", err->message);
}

static struct json_value *parse(const struct verb_request *request,
                                struct json_obj *top, GError **err)
{
    owned(json_value) doc = json_parse(request->text, request->len, err);

    if (doc == NULL) {
        g_prefix_error(err, TEXT_PARSE);
        return NULL;
    }
    if (!json_as_object(doc, "request", top)) {
        error_set(err, SLIPGATE_ERROR_BAD_REQUEST, TEXT_OBJECT);
        return NULL;
    }
    return g_steal_pointer(&doc);
}

char *verbs_run(struct verbs *verbs, const struct verb_request *request,
                bool *keep_open)
{
    owned(json_out) answer = json_out_new();
    owned(json_value) doc = NULL;
    g_autoptr(GError) err = NULL;
    g_autofree char *text = NULL;
    struct json_obj top = { NULL, "request" };
    const struct json_value *id;

    doc = parse(request, &top, &err);
    if (doc == NULL || dispatch(verbs, &top, request, answer, &err) != 0)
        put_error(answer, err);
    id = json_member(&top, "id");
    if (id != NULL)
        json_out_value(answer, "id", id);
    text = json_out_text(answer);
    *keep_open = id != NULL;
    return id != NULL ? g_strconcat(text, "\n", NULL) : g_steal_pointer(&text);
}

void verbs_each(const struct verbs *verbs,
                void (*visit)(void *self, const struct verb *verb), void *self)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, verbs->by_name);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        visit(self, ((const struct entry *)value)->verb);
}

char *verbs_error_text(enum slipgate_error code, const char *desc)
{
    owned(json_out) answer = json_out_new();
    g_autoptr(GError) err =
        g_error_new_literal(SLIPGATE_ERROR, (int)code, desc);

    put_error(answer, err);
    return json_out_text(answer);
}
