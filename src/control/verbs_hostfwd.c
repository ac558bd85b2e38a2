/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/verbs_hostfwd.h"

#include "control/values.h"

#include <string.h>

struct verbs_hostfwd {
    struct fwd_table *table;
    struct hostfwd_context context;
};

/* --- encoding --- */

void verbs_hostfwd_put(struct json_out *out, const struct fwd_entry *entry)
{
    const struct fwd_request *request = &entry->request;

    /* slirp4netns's members first and in its order, then ours. */
    json_out_uint(out, "id", entry->id);
    json_out_string(out, "proto", word_of(words_proto, request->rule.proto));
    if (request->rule.host_path == NULL)
        hostfwd_put_host(out, request);
    values_put_addr(out, "guest_addr", &request->rule.guest.addr);
    json_out_uint(out, "guest_port", request->rule.guest.port);
    if (request->both_families)
        values_put_addr(out, "guest_addr6", &request->guest6);
    json_out_string(out, "network", request->network);
    json_out_string(out, "container", request->container);
    json_out_string(out, "host_path", request->rule.host_path);
    json_out_uint(out, "range", request->range);
    json_out_string(out, "source",
                    word_of(words_source, (int)request->rule.source));
    json_out_string(out, "driver", request->driver);
}

/* --- the verbs --- */

/* The socket to listen on may come along. */
static int take_socket(const struct verb_call *call, struct fwd_rule *rule,
                       GError **err)
{
    if (call->fd_count == 0)
        return 0;
    if (call->fd_count > 1 || rule->host_path == NULL)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "takes a descriptor with host_path, and one only");
    rule->host_socket = &call->fds[0];
    return 0;
}

static int add_hostfwd(void *data, struct verb_call *call, GError **err)
{
    struct verbs_hostfwd *self = data;
    struct fwd_request request = { .rule.source = FWD_SOURCE_KEEP };
    const struct fwd_entry *entry;

    if (hostfwd_decode(&call->args, &self->context, &request, err) != 0 ||
        take_socket(call, &request.rule, err) != 0)
        return -1;
    entry = fwd_add(self->table, &request, err);
    if (entry == NULL) {
        g_prefix_error(err, "slirp_add_hostfwd failed: ");
        return -1;
    }
    json_out_uint(call->ret, "id", entry->id);
    if (entry->request.rule.host_path == NULL)
        json_out_uint(call->ret, "host_port", entry->request.rule.host.port);
    json_out_string(call->ret, "driver", entry->request.driver);
    return 0;
}

static int list_hostfwd(void *data, struct verb_call *call, GError **err)
{
    struct verbs_hostfwd *self = data;
    struct json_out *entries = json_out_array(call->ret, "entries");

    (void)err;
    for (size_t i = 0; i < fwd_count(self->table); i++) {
        const struct fwd_entry *entry = fwd_at(self->table, i);
        struct json_out *out = json_out_append_object(entries);
        size_t count;

        verbs_hostfwd_put(out, entry);
        if (fwd_connections(self->table, entry->id, &count))
            json_out_uint(out, "connections", count);
    }
    return 0;
}

static int find_id(const struct verbs_hostfwd *self,
                   const struct json_obj *args, uint64_t *id, GError **err)
{
    struct fwd_request request = { 0 };
    const struct fwd_rule *rule = &request.rule;
    const struct fwd_entry *entry;

    if (json_has(args, "id") ||
        !(json_has(args, "host_port") || json_has(args, "host_path")))
        return json_get_uint(args, "id", 1, JSON_UINT_MAX, id, err);
    if (hostfwd_decode_host(args, &request, err) != 0)
        return -1;
    entry = rule->host_path != NULL
                ? fwd_find_path(self->table, rule->host_path)
                : fwd_find(self->table, rule->proto, &rule->host,
                           request.both_families);
    if (entry == NULL)
        return error_set(err, SLIPGATE_ERROR_NOT_FOUND,
                         "slirp_remove_hostfwd failed: no such forward");
    *id = entry->id;
    return 0;
}

static int remove_hostfwd(void *data, struct verb_call *call, GError **err)
{
    struct verbs_hostfwd *self = data;
    uint64_t id = 0;
    bool ends = false;
    size_t closed = 0;

    if (find_id(self, &call->args, &id, err) != 0 ||
        json_find_bool(&call->args, "close", &ends, err) != 0)
        return -1;
    if (fwd_remove(self->table, id, ends ? &closed : NULL, err) != 0) {
        g_prefix_error(err, "slirp_remove_hostfwd failed: ");
        return -1;
    }
    if (ends)
        json_out_uint(call->ret, "closed", closed);
    return 0;
}

static const char *const add_args[] = { "proto",     "host_addr",  "host_port",
                                        "host_path", "guest_addr", "guest_port",
                                        "range",     "source",     "driver",
                                        "network",   "container",  NULL };
static const char *const remove_args[] = {
    "id", "proto", "host_addr", "host_port", "host_path", "close", NULL
};

static const struct verb rows[] = {
    /* clang-format off */
    { "add_hostfwd",    VERB_COMPATIBLE | VERB_CHANGES, add_args, add_hostfwd },
    /* slirp4netns's manual wraps the list in "return", its program does not;
       clients exist for both, so both are sent. */
    { "list_hostfwd",   VERB_COMPATIBLE | VERB_MEMBERS_ON_TOP, NULL,
      list_hostfwd },
    { "remove_hostfwd", VERB_COMPATIBLE | VERB_CHANGES, remove_args,
      remove_hostfwd },
    /* clang-format on */
};

void verbs_hostfwd_add(struct verbs *verbs, struct fwd_table *table,
                       const struct hostfwd_context *context)
{
    struct verbs_hostfwd *self = g_new(struct verbs_hostfwd, 1);

    *self = (struct verbs_hostfwd){ table, *context };
    verbs_add(verbs, rows, G_N_ELEMENTS(rows), self, g_free);
}
