/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * True if every uid of the host has a number in the caller's user namespace
 * (user_namespaces(7)), as in the initial one.  Else strangers show as the
 * overflow uid, IDMAP_OVERFLOW_UID.  Needs /proc; without it: true.
 */
bool idmap_is_whole(void);

#define IDMAP_OVERFLOW_UID 65534 /* DEFAULT_OVERFLOWUID, linux/highuid.h */

/*
 * To be called right after unshare(2) of a user namespace: there `uid` and
 * `gid` are the caller's ids of before, `outer_uid` and `outer_gid`, and there
 * are no others.  0, or -1 and an error.
 */
int idmap_set(uid_t uid, gid_t gid, uid_t outer_uid, gid_t outer_gid,
              GError **err);
