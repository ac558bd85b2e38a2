/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>

/*
 * UNIX stream sockets that we bind for a gate which sees no paths.  The file
 * stays when the gate ends, as nobody is left to remove it.
 */

/* Bound to `path`, mode 0600; one that a gate left there is replaced.  The
   caller owns it.  -1 and an error. */
int bound_socket_make(const char *path, GError **err);
/* Removes the file, if it is a socket on which nobody listens any more. */
void bound_socket_remove(const char *path);
