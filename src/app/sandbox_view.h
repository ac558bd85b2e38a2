/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/own.h"
#include "kern/jail_mount.h"

/*
 * What the confined gate still sees of the host's files: what name resolution
 * needs.  libslirp reads /etc/resolv.conf again whenever it has changed, and
 * whoever manages it replaces it by a rename, which is only seen by way of its
 * directory.  So:
 *  - a plain file in /etc: the directory /etc;
 *  - a link to a file elsewhere: a link in place of the link, and that file's
 *    directory, so that /etc itself stays hidden;
 *  - where that directory holds more than name resolution (a home, /run itself,
 *    a user's run time directory), or the file is a mount of its own (as in
 *    containers, where it is written in place): the file alone.
 * /etc/hosts and /etc/nsswitch.conf come along where they exist.
 */
struct sandbox_view;

/* Looks at the file `resolv_conf` now; never fails, but may find nothing. */
struct sandbox_view *sandbox_view_new(const char *resolv_conf);
void sandbox_view_free(struct sandbox_view *view);
OWN_DEFINE(sandbox_view)

/* For jail_mount_root(); belongs to the view. */
const struct jail_mount_item *sandbox_view_items(
    const struct sandbox_view *view, size_t *count);
/* The paths among them that can be read, for landlock; as above. */
const char *const *sandbox_view_readable(const struct sandbox_view *view,
                                         size_t *count);
