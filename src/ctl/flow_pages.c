/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/flow_pages.h"

#include "ctl/talk.h"

/* The most that the verb gives at once. */
#define PAGE_FLOWS 1000

typedef void (*flow_visitor)(void *self, const struct json_obj *flow,
                             uint64_t id);

/* One page; `*after` moves on.  1: there are more. */
static int visit_page(struct ctl_call *call, uint64_t *after,
                      flow_visitor visit, void *self, GError **err)
{
    owned(json_out) args = json_out_new();
    owned(json_value) answer = NULL;
    struct json_obj ret, flow;
    struct json_list entries;
    bool more = false;

    json_out_uint(args, "limit", PAGE_FLOWS);
    json_out_uint(args, "after", *after);
    answer = talk_call(call->talk, "list_connections", args, -1, &ret, err);
    if (answer == NULL || json_get_list(&ret, "entries", &entries, err) != 0 ||
        json_find_bool(&ret, "more", &more, err) != 0)
        return -1;
    for (size_t i = 0; i < json_list_len(&entries); i++) {
        if (!json_as_object(json_list_at(&entries, i), "entry", &flow) ||
            json_get_uint(&flow, "id", 0, JSON_UINT_MAX, after, NULL) != 0)
            continue;
        visit(self, &flow, *after);
    }
    return more && json_list_len(&entries) > 0;
}

int flow_pages_each(struct ctl_call *call, flow_visitor visit, void *self,
                    GError **err)
{
    uint64_t after = 0;
    int rc;

    while ((rc = visit_page(call, &after, visit, self, err)) > 0)
        continue;
    return rc;
}
