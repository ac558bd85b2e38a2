/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/commands.h"
#include "ctl/exits.h"
#include "ctl/run_verb.h"

#include <string.h>

int ctl_policy_show(struct ctl_call *call, GError **err)
{
    return run_verb_members(call, "get_policy", NULL, err);
}

static const struct {
    const char *word;
    bool value;
} words[] = { { "on", true },  { "off", false }, { "yes", true },
              { "no", false }, { "true", true }, { "false", false } };

/* Words of truth become one, others are sent as they are. */
static void put_value(struct json_out *args, const char *key, const char *text)
{
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(words[i].word, text) == 0) {
            json_out_bool(args, key, words[i].value);
            return;
        }
    }
    json_out_string(args, key, text);
}

int ctl_policy_set(struct ctl_call *call, GError **err)
{
    owned(json_out) args = json_out_new();

    for (char **arg = call->args; *arg != NULL; arg++) {
        const char *equals = strchr(*arg, '=');
        g_autofree char *key = NULL;

        if (equals == NULL)
            return ctl_fail(err, CTL_BAD_REQUEST,
                            "\"%s\" is not of the form SWITCH=VALUE", *arg);
        key = g_strndup(*arg, (gsize)(equals - *arg));
        put_value(args, key, equals + 1);
    }
    return run_verb_members(call, "set_policy", args, err);
}
