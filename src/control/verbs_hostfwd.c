/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/verbs_hostfwd.h"

#include <string.h>

struct verbs_hostfwd {
    struct fwd_table *table;
    struct ip_addr guest, guest6;
};

static const struct {
    const char *name;
    int number;
} protos[] = { { "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP } };

/* --- decoding --- */

static int decode_proto(const struct json_obj *args, int *proto, GError **err)
{
    const char *name = NULL;

    if (json_get_string(args, "proto", &name, err) != 0)
        return -1;
    for (size_t i = 0; i < G_N_ELEMENTS(protos); i++) {
        if (strcmp(protos[i].name, name) == 0) {
            *proto = protos[i].number;
            return 0;
        }
    }
    return json_bad(args, "proto", err, "must be \"tcp\" or \"udp\"");
}

/* Leaves `addr` alone when the member is missing or empty. */
static int decode_addr(const struct json_obj *args, const char *key,
                       struct ip_addr *addr, GError **err)
{
    const char *text = "";
    struct ip_addr parsed;

    if (json_find_string(args, key, &text, err) != 0)
        return -1;
    if (*text == '\0')
        return 0;
    if (!ip_addr_parse(text, &parsed))
        return json_bad(args, key, err, "must be an IPv4 or IPv6 address");
    *addr = ip_addr_unmap(&parsed);
    return 0;
}

static int decode_host(const struct json_obj *args, struct fwd_rule *rule,
                       GError **err)
{
    rule->host.addr = ip_addr_v4_host(INADDR_ANY);
    if (decode_proto(args, &rule->proto, err) != 0 ||
        decode_addr(args, "host_addr", &rule->host.addr, err) != 0)
        return -1;
    return json_get_port(args, "host_port", &rule->host.port, err);
}

static int check_guest(const struct json_obj *args, const struct fwd_rule *rule,
                       GError **err)
{
    sa_family_t family = rule->host.addr.family;

    if (rule->guest.addr.family == AF_UNSPEC)
        return json_bad(args, "guest_addr", err, "the guest has no IPv6");
    if (rule->guest.addr.family != family)
        return json_bad(args, "guest_addr", err, "must be %s like host_addr",
                        family == AF_INET6 ? "IPv6" : "IPv4");
    if (ip_addr_is_any(&rule->guest.addr))
        return json_bad(args, "guest_addr", err,
                        "must be one address, not the unspecified one");
    return 0;
}

static int decode_guest(const struct verbs_hostfwd *self,
                        const struct json_obj *args, struct fwd_rule *rule,
                        GError **err)
{
    rule->guest.addr =
        rule->host.addr.family == AF_INET6 ? self->guest6 : self->guest;
    if (decode_addr(args, "guest_addr", &rule->guest.addr, err) != 0 ||
        check_guest(args, rule, err) != 0)
        return -1;
    return json_get_port(args, "guest_port", &rule->guest.port, err);
}

/* --- encoding --- */

static void put_endpoint(struct json_out *out, const struct ip_endpoint *end,
                         const char *addr_key, const char *port_key)
{
    char text[IP_ADDR_TEXT_MAX];

    json_out_string(out, addr_key, ip_addr_format(&end->addr, text));
    json_out_uint(out, port_key, end->port);
}

static const char *proto_name(int proto)
{
    for (size_t i = 0; i < G_N_ELEMENTS(protos); i++)
        if (protos[i].number == proto)
            return protos[i].name;
    return NULL;
}

/* slirp4netns's members first and in its order, then ours. */
static void put_entry(struct json_out *out, const struct fwd_entry *entry)
{
    json_out_uint(out, "id", entry->id);
    json_out_string(out, "proto", proto_name(entry->rule.proto));
    put_endpoint(out, &entry->rule.host, "host_addr", "host_port");
    put_endpoint(out, &entry->rule.guest, "guest_addr", "guest_port");
    json_out_string(out, "driver", entry->driver);
}

/* --- the verbs --- */

static int add_hostfwd(void *data, struct verb_call *call, GError **err)
{
    struct verbs_hostfwd *self = data;
    struct fwd_rule rule = { 0 };
    const struct fwd_entry *entry;

    if (decode_host(&call->args, &rule, err) != 0 ||
        decode_guest(self, &call->args, &rule, err) != 0)
        return -1;
    entry = fwd_add(self->table, &rule, err);
    if (entry == NULL) {
        g_prefix_error(err, "slirp_add_hostfwd failed: ");
        return -1;
    }
    json_out_uint(call->ret, "id", entry->id);
    json_out_uint(call->ret, "host_port", entry->rule.host.port);
    json_out_string(call->ret, "driver", entry->driver);
    return 0;
}

static int list_hostfwd(void *data, struct verb_call *call, GError **err)
{
    struct verbs_hostfwd *self = data;
    struct json_out *entries = json_out_array(call->ret, "entries");

    (void)err;
    for (size_t i = 0; i < fwd_count(self->table); i++)
        put_entry(json_out_append_object(entries), fwd_at(self->table, i));
    return 0;
}

static int find_id(const struct verbs_hostfwd *self,
                   const struct json_obj *args, uint64_t *id, GError **err)
{
    struct fwd_rule rule = { 0 };

    if (json_has(args, "id") || !json_has(args, "host_port"))
        return json_get_uint(args, "id", 1, JSON_UINT_MAX, id, err);
    if (decode_host(args, &rule, err) != 0)
        return -1;
    for (size_t i = 0; i < fwd_count(self->table); i++) {
        const struct fwd_entry *entry = fwd_at(self->table, i);

        if (entry->rule.proto == rule.proto &&
            ip_endpoint_equal(&entry->rule.host, &rule.host)) {
            *id = entry->id;
            return 0;
        }
    }
    return error_set(err, SLIPGATE_ERROR_NOT_FOUND,
                     "slirp_remove_hostfwd failed: no such forward");
}

static int remove_hostfwd(void *data, struct verb_call *call, GError **err)
{
    struct verbs_hostfwd *self = data;
    uint64_t id = 0;

    if (find_id(self, &call->args, &id, err) != 0)
        return -1;
    if (fwd_remove(self->table, id, err) != 0) {
        g_prefix_error(err, "slirp_remove_hostfwd failed: ");
        return -1;
    }
    return 0;
}

static const char *const add_args[] = { "proto",      "host_addr",  "host_port",
                                        "guest_addr", "guest_port", NULL };
static const char *const remove_args[] = { "id", "proto", "host_addr",
                                           "host_port", NULL };

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
                       const struct ip_addr *guest,
                       const struct ip_addr *guest6)
{
    struct verbs_hostfwd *self = g_new(struct verbs_hostfwd, 1);

    *self = (struct verbs_hostfwd){ table, *guest, *guest6 };
    verbs_add(verbs, rows, G_N_ELEMENTS(rows), self, g_free);
}
