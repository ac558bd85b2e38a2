/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/outbound.h"

#include <glib.h>

/*
 * Where flows leave as `text` asks for: a literal of `family` (AF_INET or
 * AF_INET6), or the name of an interface of this network namespace, whose
 * first address of that family is taken as it is now; link-local IPv6 ones
 * are passed over, since they mean nothing without their interface.
 * `text` NULL gives none.  0, or -1 and the error text of slirp4netns.
 */
int outbound_resolve(const char *text, sa_family_t family, struct outbound *out,
                     GError **err);
