/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "app/option_values.h"

#include <glib.h>

/*
 * A control socket that a file or the environment names serves many helpers, so
 * its path may have: %t, $XDG_RUNTIME_DIR; %u, the user's id; %i, the inode
 * number of the network namespace, which whoever has that can look up; and %%.
 * Replaces it in `options` if it is such a path; *text owns it then, to be
 * freed with g_free().  0, or -1 and what cannot be had.
 */
int options_expand(struct options *options, char **text, GError **err);
