/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/commands.h"
#include "ctl/exits.h"
#include "ctl/flow_pages.h"
#include "ctl/print.h"
#include "ctl/run_verb.h"

#include <string.h>

int ctl_status(struct ctl_call *call, GError **err)
{
    return run_verb_members(call, "get_status", NULL, err);
}

int ctl_stats(struct ctl_call *call, GError **err)
{
    return run_verb_members(call, "get_stats", NULL, err);
}

int ctl_shutdown(struct ctl_call *call, GError **err)
{
    return run_verb_silent(call, "shutdown", NULL, err);
}

/* --- connections --- */

static void put_connection(struct table *table, const struct json_obj *flow)
{
    uint64_t from = 0, to = 0, age = 0;

    (void)json_find_uint(flow, "bytes_from_guest", 0, JSON_UINT_MAX, &from,
                         NULL);
    (void)json_find_uint(flow, "bytes_to_guest", 0, JSON_UINT_MAX, &to, NULL);
    (void)json_find_uint(flow, "age_s", 0, JSON_UINT_MAX, &age, NULL);
    table_add(table, print_member(flow, "id"));
    table_add(table, print_member(flow, "proto"));
    table_add(table, print_member(flow, "direction"));
    table_add(table, print_endpoint(flow, "guest_addr", "guest_port"));
    table_add(table, print_endpoint(flow, "peer_addr", "peer_port"));
    table_add(table, print_bytes(from));
    table_add(table, print_bytes(to));
    table_add(table, print_age(age));
    table_add(table, print_member(flow, "carrier"));
}

struct listing {
    const struct ctl_call *call;
    struct table *table;
};

static void show_flow(void *self, const struct json_obj *flow, uint64_t id)
{
    const struct listing *listing = self;

    (void)id;
    if (listing->call->json)
        run_verb_print_json(flow->value);
    else
        put_connection(listing->table, flow);
}

int ctl_connections(struct ctl_call *call, GError **err)
{
    static const char *const heads[] = { "ID",       "<PROTO", "<DIR",
                                         "<GUEST",   "<PEER",  "FROM-GUEST",
                                         "TO-GUEST", "AGE",    "<CARRIER",
                                         NULL };
    struct listing listing = { call, table_new(heads) };
    int rc = flow_pages_each(call, show_flow, &listing, err);

    table_print_free(listing.table, stdout);
    return rc;
}

/* --- anything --- */

int ctl_call_verb(struct ctl_call *call, GError **err)
{
    owned(json_value) args = NULL;
    owned(json_out) copy = NULL;

    if (call->args[1] != NULL) {
        struct json_obj obj;

        args = json_parse(call->args[1], strlen(call->args[1]), err);
        if (args == NULL) {
            g_prefix_error(err, "the arguments are no JSON: ");
            return -1;
        }
        if (!json_as_object(args, "arguments", &obj))
            return ctl_fail(err, CTL_BAD_REQUEST,
                            "the arguments must be a JSON object");
        copy = json_out_new();
        json_out_copy_members(copy, &obj);
    }
    call->json = true;
    return run_verb_members(call, call->args[0], copy, err);
}
