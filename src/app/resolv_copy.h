/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/own.h"

#include <glib.h>

/*
 * How a gate in an empty root goes on knowing the host's name servers.  Whoever
 * manages resolv.conf replaces it by a rename, which is seen by way of its
 * directory only, and that is often /etc.  So the gate is shown a copy, and a
 * process outside keeps it fresh: the copier, a child that follows one file
 * and writes one other.  It holds no capability, listens to nobody and ends
 * with the gate.
 */
struct resolv_copy;

/* Starts the copier of `path`, in the namespaces of now.  NULL and an error. */
struct resolv_copy *resolv_copy_start(const char *path, GError **err);
/*
 * Lets it keep a copy as "resolv.conf" in the directory `dir_fd`, which stays
 * the caller's.  When this returns, the copy is there, if the file is.  Once.
 * 0, or -1 and an error.
 */
int resolv_copy_into(struct resolv_copy *copy, int dir_fd, GError **err);
/* Readable when the copier is gone: the copy is no longer kept. */
int resolv_copy_fd(const struct resolv_copy *copy);
/* Ends the copier; the copy stays. */
void resolv_copy_free(struct resolv_copy *copy);
OWN_DEFINE(resolv_copy)
