/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/run_verb.h"

#include "ctl/print.h"

void run_verb_print_json(const struct json_value *value)
{
    g_autofree char *text = json_text(value);

    printf("%s\n", text);
}

static int run(struct ctl_call *call, const char *verb,
               const struct json_out *args, bool silent, GError **err)
{
    struct json_obj ret;
    owned(json_value) answer = talk_call(call->talk, verb, args, -1, &ret, err);

    if (answer == NULL)
        return -1;
    if (call->json)
        run_verb_print_json(ret.value);
    else if (!silent)
        print_members(stdout, &ret);
    return 0;
}

int run_verb_members(struct ctl_call *call, const char *verb,
                     const struct json_out *args, GError **err)
{
    return run(call, verb, args, false, err);
}

int run_verb_silent(struct ctl_call *call, const char *verb,
                    const struct json_out *args, GError **err)
{
    return run(call, verb, args, true, err);
}
