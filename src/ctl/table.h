/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "ctl/command.h"

extern const struct ctl_option_spec ctl_options[CTL_OPTION_END];
extern const struct ctl_command ctl_commands[];
extern const size_t ctl_command_count;

/*
 * The command that `args` begin with; `*used` is how many words it has.  NULL:
 * there is none.
 */
const struct ctl_command *ctl_command_find(char **args, int *used);
