/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "app/option_table.h"

#include <glib.h>
#include <stdbool.h>

/* Who is told of each key; it refuses a value with -1 and the reason. */
struct config_reader {
    int (*take)(void *self, const struct option_spec *spec, const char *text,
                const char *origin, GError **err);
    void *self;
    bool with_run; /* the group [run] too */
};

/* True if the option may stand in a file, and so in the environment. */
bool config_file_may_have(const struct option_spec *spec);

/*
 * Reads one file (app/config.h).  If it is not there that is no error unless it
 * `must` be.  0, or -1 and an error that names the file.
 */
int config_file_read(const struct config_reader *reader, const char *path,
                     bool must, GError **err);
