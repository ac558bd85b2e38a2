/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/options.h"

#include "app/option_table.h"
#include "app/version.h"

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

static void usage_lines(FILE *out, unsigned without, unsigned with)
{
    for (size_t i = 0; i < option_spec_count; i++) {
        unsigned flags = option_specs[i].flags;

        if (!(flags & OPTION_HIDDEN) && (!(flags & without) || (flags & with)))
            usage_line(out, &option_specs[i]);
    }
}

static const char commands[] =
    "\nOr one of these, each with --help of its own:\n"
    "slipgate run [COMMAND]   run a command, or a shell, in a network of its "
    "own\n"
    "slipgate bridge          serve bridge networks for containers\n"
    "slipgate doctor          tell what this machine offers, and how to get "
    "the rest\n";

void options_usage(FILE *out, const char *program)
{
    fprintf(out,
            "Usage: %s [OPTION]... PID|PATH|FD [TAPNAME]\n"
            "Connects a network namespace to the network, without "
            "privileges.\n\n",
            program);
    usage_lines(out, OPTION_RUN_ONLY, 0);
    if (!version_is_compatible_name(program))
        fputs(commands, out);
}

void options_usage_run(FILE *out, const char *program)
{
    fprintf(out,
            "Usage: %s [OPTION]... [--] [COMMAND [ARGUMENT]...]\n"
            "Runs a command, or a shell, in a network of its own.\n\n",
            program);
    usage_lines(out, OPTION_CALL, 0);
}

void options_usage_bridge(FILE *out, const char *program)
{
    fprintf(out,
            "Usage: %s --api-socket=PATH [OPTION]...\n"
            "Serves bridge networks for containers, without a guest.\n\n",
            program);
    usage_lines(out, OPTION_CALL | OPTION_NO_BRIDGE, OPTION_BRIDGE);
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

static int report(enum options_outcome outcome, const char *program,
                  void (*usage)(FILE *out, const char *program), int failed,
                  const GError *err)
{
    if (outcome == OPTIONS_SHOWN)
        return EXIT_SUCCESS;
    if (outcome == OPTIONS_HELP) {
        usage(stdout, program);
        fflush(stdout);
        return EXIT_SUCCESS;
    }
    if (err != NULL)
        fprintf(stderr, "%s: %s\n", program, err->message);
    fprintf(stderr, "(\"%s --help\" lists the options)\n", program);
    return failed;
}

int options_report_run(enum options_outcome outcome, const char *program,
                       const GError *err)
{
    return report(outcome, program, options_usage_run, OPTIONS_RUN_FAILED, err);
}

int options_report_bridge(enum options_outcome outcome, const char *program,
                          const GError *err)
{
    return report(outcome, program, options_usage_bridge, EXIT_FAILURE, err);
}
