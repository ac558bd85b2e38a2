/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "app/option_values.h"
#include "base/want.h"

#include <glib.h>
#include <stdio.h>

enum options_outcome {
    OPTIONS_RUN,       /* `options` is whole and checked */
    OPTIONS_HELP,      /* usage to stdout, exit 0 */
    OPTIONS_SHOWN,     /* all is said already, exit 0 */
    OPTIONS_VERSION,   /* version to stdout, exit 0 */
    OPTIONS_BAD_USAGE, /* `err`, if set, to stderr, usage to stdout, exit 1 */
    OPTIONS_REFUSED,   /* `err` to stderr, exit 1 */
};

/*
 * Fills `options` from the command line as getopt_long(3) reads it; `argv` is
 * permuted.  Warnings go to `notices`, flushed, complaints of getopt to
 * stderr.  `err` may stay unset with OPTIONS_BAD_USAGE: nothing to add.
 * Looks at the file system for --userns-path and PATH, changes nothing.
 */
enum options_outcome options_parse(struct options *options, int argc,
                                   char **argv, FILE *notices, GError **err);

/*
 * The same for `slipgate run`, with argv[0] being what complaints begin with:
 * the options that need no guest, other defaults, and behind them `command`,
 * which may be empty.  Tells of no experiments.
 */
enum options_outcome options_parse_run(struct options *options, int argc,
                                       char **argv, char ***command,
                                       GError **err);

/* The same for `slipgate bridge`, which takes no arguments. */
enum options_outcome options_parse_bridge(struct options *options, int argc,
                                          char **argv, GError **err);

/* `program` is argv[0] as it came. */
void options_usage(FILE *out, const char *program);
void options_usage_run(FILE *out, const char *program);
void options_usage_bridge(FILE *out, const char *program);

/*
 * Tells the user what an outcome other than OPTIONS_RUN and OPTIONS_VERSION
 * has to tell, on the streams named above; returns the exit status.
 */
int options_report(enum options_outcome outcome, const char *program,
                   const GError *err);

/* The same for options_parse_run(), with nothing but help on stdout. */
#define OPTIONS_RUN_FAILED 125
int options_report_run(enum options_outcome outcome, const char *program,
                       const GError *err);

/* How much confinement is wanted: tried, unless the options say otherwise. */
enum want options_want_sandbox(const struct options *options);
enum want options_want_seccomp(const struct options *options);
/* And for `slipgate bridge`, with 1. */
int options_report_bridge(enum options_outcome outcome, const char *program,
                          const GError *err);
