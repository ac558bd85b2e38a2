/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/verbs_policy.h"

#include "control/values.h"

static const struct word outbound_words[] = { { "allow", true },
                                              { "deny", false },
                                              { NULL, 0 } };

/* The switches that are true or false. */
static const struct {
    const char *name;
    size_t offset;
} switch_rows[] = {
    { "allow_host_loopback", offsetof(struct policy, allow_host_loopback) },
    { "enable_ipv6", offsetof(struct policy, enable_ipv6) },
    { "enable_dns", offsetof(struct policy, enable_dns) },
};

void verbs_policy_put(struct json_out *out, const struct policy *policy)
{
    for (size_t i = 0; i < G_N_ELEMENTS(switch_rows); i++)
        json_out_bool(
            out, switch_rows[i].name,
            *(const bool *)((const char *)policy + switch_rows[i].offset));
    json_out_string(out, "outbound", word_of(outbound_words, policy->outbound));
}

static int get_policy(void *self, struct verb_call *call, GError **err)
{
    const struct switches *switches = self;

    (void)err;
    verbs_policy_put(call->ret, switches->policy);
    return 0;
}

static int decode(const struct json_obj *args, struct policy *wanted,
                  GError **err)
{
    int outbound = wanted->outbound;

    for (size_t i = 0; i < G_N_ELEMENTS(switch_rows); i++) {
        void *field = (char *)wanted + switch_rows[i].offset;

        if (json_find_bool(args, switch_rows[i].name, field, err) != 0)
            return -1;
    }
    if (values_find_word(args, "outbound", outbound_words, &outbound, err) != 0)
        return -1;
    wanted->outbound = outbound;
    return 0;
}

static int set_policy(void *self, struct verb_call *call, GError **err)
{
    const struct switches *switches = self;
    struct policy wanted = *switches->policy;
    size_t ended = 0;

    if (decode(&call->args, &wanted, err) != 0 ||
        switches_set(switches, &wanted, &ended, err) != 0)
        return -1;
    verbs_policy_put(call->ret, switches->policy);
    json_out_uint(call->ret, "ended", ended);
    return 0;
}

static const char *const set_args[] = { "allow_host_loopback", "enable_ipv6",
                                        "enable_dns", "outbound", NULL };

static const struct verb rows[] = {
    { "get_policy", VERB_READ, NULL, get_policy },
    { "set_policy", VERB_CHANGES, set_args, set_policy },
};

void verbs_policy_add(struct verbs *verbs, const struct switches *switches)
{
    /* Handlers get a plain pointer; these only read. */
    verbs_add(verbs, rows, G_N_ELEMENTS(rows), (void *)(uintptr_t)switches,
              NULL);
}
