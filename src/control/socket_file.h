/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/own.h"

/*
 * A listening UNIX stream socket (unix(7)) and the file that names it.  Gate
 * process, at start, before confinement.
 */
struct socket_file;

/*
 * Makes a non-blocking listening socket at `path`, with mode 0600 whatever the
 * umask.  A socket that is there already is replaced, alive or not: an engine
 * that restarts a container starts the next helper before the last one is
 * gone.  Anything else at that place is left alone and is an error.
 */
struct socket_file *socket_file_listen(const char *path, GError **err);

/*
 * For a process that no other follows: 0 when nobody listens at `path`, or -1
 * with SLIPGATE_ERROR_CONFLICT and who does, or why that cannot be told.  A
 * race with another start is the caller's.
 */
int socket_file_check_free(const char *path, GError **err);

/*
 * Closes the socket and removes the file, if it is still the one made here.
 * This goes by a descriptor of the directory that was opened at the start, so
 * it works after the mount namespace has changed; a landlock ruleset must leave
 * LANDLOCK_ACCESS_FS_REMOVE_FILE on that directory.
 */
void socket_file_free(struct socket_file *file);
OWN_DEFINE(socket_file)

/* The listening descriptor; it stays the file's. */
int socket_file_fd(const struct socket_file *file);
/* The directory that holds the file, likewise. */
int socket_file_dir_fd(const struct socket_file *file);
