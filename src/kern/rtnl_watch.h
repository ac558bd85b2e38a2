/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <stdbool.h>

/*
 * News of interfaces (RTNLGRP_LINK in rtnetlink(7)).  The descriptor hears of
 * the network namespace where it was opened, whoever holds it, and needs no
 * privilege.
 */

/* Non-blocking and close-on-exec; the caller owns it.  -1 and an error. */
int rtnl_watch_open(GError **err);

/*
 * Reads all news that are there; true if one says that the interface `name` was
 * deleted.  News that were lost (the buffer was full) count as no such news.
 */
bool rtnl_watch_deleted(int fd, const char *name);

/*
 * Reads all news that are there, and calls `deleted` with the index of each
 * interface that was deleted.  False: news were lost, any may be gone.
 */
bool rtnl_watch_each_deleted(int fd,
                             void (*deleted)(void *self, unsigned index),
                             void *self);
