/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/own.h"

#include <glib.h>
#include <stdint.h>

/*
 * Putting another interface in the place of a persistent tap that somebody made
 * before us, as RootlessKit does.  Agent process only, in the guest's
 * namespace.
 */
struct rtnl;
struct takeover;

/*
 * Attaches to the tap `name`, so that nobody else can, and takes note of what
 * is set on it.  NULL and an error when it is no tap, or another process holds
 * it (after trying for a second).  `guest` is kept by reference.
 */
struct takeover *takeover_begin(struct rtnl *guest, const char *name,
                                GError **err);
/* Lets go of the tap, which is then as it was, unless it has been replaced. */
void takeover_free(struct takeover *takeover);
OWN_DEFINE(takeover)

/* As the tap had them: 6 bytes that belong to `takeover`, and the MTU. */
const uint8_t *takeover_mac(const struct takeover *takeover);
uint32_t takeover_mtu(const struct takeover *takeover);

/*
 * Deletes the tap and gives its name, and all that was set on it, to the
 * interface `index`.  After an error the tap exists again, as it was.
 */
int takeover_replace(struct takeover *takeover, unsigned index, GError **err);
