/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "app/option_values.h"

#include <glib.h>
#include <stdio.h>

/*
 * Options from elsewhere than the command line, for what engines cannot pass:
 * key files (GLib's form) at /etc/slipgate.conf and
 * $XDG_CONFIG_HOME/slipgate.conf, or instead of both the one of --config or
 * $SLIPGATE_CONFIG, then SLIPGATE_* variables.  The later wins; the command
 * line wins over all.  A list replaces the list before it.
 *
 * A file has the group [slipgate], and [run] for `slipgate run` alone; a key is
 * the long name of an option, a switch is true or false, the items of a list
 * are ended by ';'.
 */
#define CONFIG_COMMAND_LINE "command line"

/*
 * Fills the fields of `options` that the command line has left alone.
 * `origins` has an entry for each row of the option table: where its value is
 * from, NULL for nowhere.  Rows with a flag in `without` do not count; of the
 * files, [run] does if it is OPTION_CALL.  Texts live as long as the process.
 * 0, or -1 and what is wrong with which key of which file.
 */
int config_read(struct options *options, unsigned without, const char **origins,
                GError **err);

/* One line for each option: name, value, origin. */
void config_print(FILE *out, const struct options *options, unsigned without,
                  const char *const *origins);
