/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "app/option_values.h"

#include <glib.h>
#include <stdio.h>

/*
 * The words behind the options: whom to serve, and the name of the interface.
 * For options.c.
 */

/* A line that begins with "WARNING: "; `notices` NULL: nobody wants to know. */
void options_notice(FILE *notices, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/*
 * By `options->netns_type` a process, a path or a descriptor.  0; or -1, with
 * an error or, when there are too few, without.
 */
int options_read_netns(struct options *options, int count, char **args,
                       FILE *notices, GError **err);
/*
 * The socket's path.  `origins` says of each row whether it was given: some go
 * with a namespace only.
 */
int options_read_bess(struct options *options, int count, char **args,
                      const char *const *origins, GError **err);
