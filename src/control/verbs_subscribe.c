/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/verbs_subscribe.h"

#include <string.h>

static int kind_of(const char *name)
{
    for (int kind = 0; name != NULL && kind < EVENT_KIND_COUNT; kind++)
        if (strcmp(event_name((enum event_kind)kind), name) == 0)
            return kind;
    return -1;
}

static int decode_kinds(const struct json_obj *args, unsigned *kinds,
                        GError **err)
{
    struct json_list list;

    if (json_get_list(args, "events", &list, err) != 0)
        return -1;
    for (size_t i = 0; i < json_list_len(&list); i++) {
        int kind = kind_of(json_as_string(json_list_at(&list, i)));

        if (kind < 0)
            return json_bad(args, "events", err,
                            "must hold \"connection\", \"forward\", "
                            "\"network\", \"policy\" and \"status\" only");
        *kinds |= 1u << kind;
    }
    return 0;
}

static int subscribe(void *self, struct verb_call *call, GError **err)
{
    unsigned kinds = 0;
    struct json_out *names;

    if (decode_kinds(&call->args, &kinds, err) != 0)
        return -1;
    if (call->subscriber == NULL)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "events need a request with \"id\"");
    events_subscribe(self, call->subscriber, kinds);
    names = json_out_array(call->ret, "events");
    for (int kind = 0; kind < EVENT_KIND_COUNT; kind++)
        if ((kinds & 1u << kind) != 0)
            json_out_append_string(names, event_name((enum event_kind)kind));
    return 0;
}

static const char *const args[] = { "events", NULL };

static const struct verb rows[] = {
    { "subscribe", VERB_READ, args, subscribe },
};

void verbs_subscribe_add(struct verbs *verbs, struct events *hub)
{
    verbs_add(verbs, rows, G_N_ELEMENTS(rows), hub, NULL);
}
