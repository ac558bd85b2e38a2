/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stdbool.h>

/*
 * True if every uid of the host has a number in the caller's user namespace
 * (user_namespaces(7)), as in the initial one.  Else strangers show as the
 * overflow uid, IDMAP_OVERFLOW_UID.  Needs /proc; without it: true.
 */
bool idmap_is_whole(void);

#define IDMAP_OVERFLOW_UID 65534 /* DEFAULT_OVERFLOWUID, linux/highuid.h */
