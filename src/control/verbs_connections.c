/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/verbs_connections.h"

#include "control/values.h"

static void put_end(struct json_out *out, const char *addr_key,
                    const char *port_key, const struct ip_endpoint *end)
{
    values_put_addr(out, addr_key, &end->addr);
    json_out_uint(out, port_key, end->port);
}

void verbs_connections_put(struct json_out *out, const struct flow_info *flow,
                           int64_t now_ns)
{
    json_out_uint(out, "id", flow->id);
    json_out_string(out, "proto", word_of(words_flow_proto, flow->proto));
    json_out_string(out, "direction", flow->inbound ? "in" : "out");
    put_end(out, "guest_addr", "guest_port", &flow->guest);
    put_end(out, "peer_addr", "peer_port", &flow->peer);
    json_out_uint(out, "bytes_from_guest", flow->bytes_from_guest);
    json_out_uint(out, "bytes_to_guest", flow->bytes_to_guest);
    json_out_uint(out, "age_s",
                  (uint64_t)MAX(now_ns - flow->started_ns, 0) / 1000000000);
    json_out_string(out, "carrier", flow->carrier);
}

static int list_connections(void *self, struct verb_call *call, GError **err)
{
    const struct flows *flows = self;
    uint64_t limit = CONNECTIONS_LIMIT_DEFAULT, after = 0;
    g_autofree struct flow_info *page = NULL;
    struct json_out *entries;
    bool more = false;
    size_t count;

    if (json_find_uint(&call->args, "limit", 1, CONNECTIONS_LIMIT_MAX, &limit,
                       err) != 0 ||
        json_find_uint(&call->args, "after", 0, JSON_UINT_MAX, &after, err) !=
            0)
        return -1;
    page = g_new(struct flow_info, limit);
    count = flows_page(flows, after, page, limit, &more);
    entries = json_out_array(call->ret, "entries");
    for (size_t i = 0; i < count; i++)
        verbs_connections_put(json_out_append_object(entries), &page[i],
                              flows->now_ns(flows->self));
    json_out_bool(call->ret, "more", more);
    return 0;
}

static const char *const args[] = { "limit", "after", NULL };

static const struct verb rows[] = {
    { "list_connections", VERB_READ, args, list_connections },
};

void verbs_connections_add(struct verbs *verbs, const struct flows *flows)
{
    /* Handlers get a plain pointer; this one only reads. */
    verbs_add(verbs, rows, G_N_ELEMENTS(rows), (void *)(uintptr_t)flows, NULL);
}
