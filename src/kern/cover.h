/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>

/*
 * Shows `text` as the content of the existing file `path`, through symbolic
 * links, to the caller's mount namespace alone: a file in memory is mounted on
 * it.  Needs CAP_SYS_ADMIN over a mount namespace of its own (kern/newns.h),
 * and /proc.  0, or -1 and an error with nothing changed.
 */
int cover_file(const char *path, const char *text, GError **err);
