/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/usage.h"

#include "ctl/table.h"

static void put_command(FILE *out, const struct ctl_command *command)
{
    fprintf(out, "  %s%s%s\n      %s\n", command->name,
            *command->args != '\0' ? " " : "", command->args, command->help);
}

static void put_option(FILE *out, const struct ctl_option_spec *spec)
{
    g_autofree char *text =
        g_strdup_printf("--%s%s%s", spec->name, spec->metavar ? "=" : "",
                        spec->metavar ? spec->metavar : "");

    fprintf(out, "  %-22s %s\n", text, spec->help);
}

void usage_print(FILE *out)
{
    fprintf(out, "Usage: slipgatectl [OPTION]... COMMAND\n"
                 "Looks at a running slipgate, and changes it.\n\n"
                 "Commands:\n");
    for (size_t i = 0; i < ctl_command_count; i++)
        put_command(out, &ctl_commands[i]);
    fprintf(out, "\nOptions:\n");
    for (size_t i = 0; i < CTL_OPTION_END; i++)
        put_option(out, &ctl_options[i]);
    fprintf(out, "\nExit status: 0 done, 1 failed, 2 bad request, 3 not found, "
                 "4 conflict,\n5 denied, 6 unavailable, 7 no slipgate "
                 "answers.\n");
}
