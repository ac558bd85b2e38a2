/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>

/*
 * Listens on a SOCK_SEQPACKET UNIX socket at `path` (a stale socket there is
 * replaced), says so in the log, waits for the one peer, removes the socket
 * file and returns the connection, close-on-exec, owned by the caller.  -1 and
 * an error on failure. Blocks until the peer is there, or until a signal ends
 * the process.
 */
int seqpacket_accept_one(const char *path, GError **err);
