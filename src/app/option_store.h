/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "app/option_table.h"

#include <glib.h>

/*
 * Reads `value` (NULL for a switch) as the row `spec` says and stores it in its
 * field of `options`; not for OPTION_HELP and OPTION_VERSION.  Texts are kept
 * by reference.  0, or -1 and the row's error text.
 */
int option_store(struct options *options, const struct option_spec *spec,
                 const char *value, GError **err);
