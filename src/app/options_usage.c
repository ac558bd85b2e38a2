/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/options.h"

#include "app/option_table.h"

#include <stdlib.h>

/* Where the explanations begin; a longer label pushes its own away. */
#define HELP_COLUMN 25

static void usage_line(FILE *out, const struct option_spec *spec)
{
    int width = 0;

    if (spec->short_name != 0)
        width += fprintf(out, "-%c, ", spec->short_name);
    width += fprintf(out, "--%s", spec->name);
    if (spec->metavar != NULL)
        width += fprintf(out, "=%s", spec->metavar);
    fprintf(out, "%*s%s\n", MAX(HELP_COLUMN - width, 1), "", spec->help);
}

static void usage_lines(FILE *out, unsigned without)
{
    for (size_t i = 0; i < option_spec_count; i++) {
        if (!(option_specs[i].flags & (OPTION_HIDDEN | without)))
            usage_line(out, &option_specs[i]);
    }
}

void options_usage(FILE *out, const char *program)
{
    fprintf(out,
            "Usage: %s [OPTION]... PID|PATH|FD [TAPNAME]\n"
            "Connects a network namespace to the network, without "
            "privileges.\n\n",
            program);
    usage_lines(out, OPTION_RUN_ONLY);
}

void options_usage_run(FILE *out, const char *program)
{
    fprintf(out,
            "Usage: %s [OPTION]... [--] [COMMAND [ARGUMENT]...]\n"
            "Runs a command, or a shell, in a network of its own.\n\n",
            program);
    usage_lines(out, OPTION_CALL);
}

int options_report(enum options_outcome outcome, const char *program,
                   const GError *err)
{
    if (err != NULL)
        fprintf(stderr, "%s\n", err->message);
    if (outcome == OPTIONS_HELP || outcome == OPTIONS_BAD_USAGE)
        options_usage(stdout, program);
    fflush(stdout);
    return outcome == OPTIONS_HELP || outcome == OPTIONS_SHOWN ? EXIT_SUCCESS
                                                               : EXIT_FAILURE;
}

int options_report_run(enum options_outcome outcome, const char *program,
                       const GError *err)
{
    if (outcome == OPTIONS_SHOWN)
        return EXIT_SUCCESS;
    if (outcome == OPTIONS_HELP) {
        options_usage_run(stdout, program);
        fflush(stdout);
        return EXIT_SUCCESS;
    }
    if (err != NULL)
        fprintf(stderr, "%s: %s\n", program, err->message);
    fprintf(stderr, "(\"%s --help\" lists the options)\n", program);
    return OPTIONS_RUN_FAILED;
}
