/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>

/*
 * The copier's whole life (app/resolv_copy.h), in the child that was forked for
 * it: waits for a directory over `socket`, makes the copy and says so, then
 * follows `path` until the other end is closed.  Does not return.
 */
G_NORETURN void resolv_copier(int socket, const char *path);

/* One byte each: the directory comes with the first, the second answers. */
#define RESOLV_COPIER_BYTES 1
