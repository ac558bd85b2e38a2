/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "ctl/command.h"

/*
 * A verb whose result is printed as it is: with --json as one line of JSON,
 * else one member per line, or not at all.  `args` may be NULL.
 */
int run_verb_members(struct ctl_call *call, const char *verb,
                     const struct json_out *args, GError **err);
int run_verb_silent(struct ctl_call *call, const char *verb,
                    const struct json_out *args, GError **err);

/* One line of JSON on stdout. */
void run_verb_print_json(const struct json_value *value);
