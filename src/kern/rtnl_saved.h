/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "kern/rtnl.h"

#include "base/own.h"

/*
 * What an administrator has set on an interface, to be given to another one
 * that takes its place: MAC address, MTU, whether it is up, addresses, and the
 * routes through it.  What the kernel makes of these by itself (link-local
 * addresses, routes to attached networks) is left to the kernel again.
 */
struct rtnl_saved;

/* The interface may be the guest's, who decides how many there are. */
#define RTNL_SAVED_MAX 1024u /* addresses; and as many routes */

/* NULL and an error on failure, or with more than these. */
struct rtnl_saved *rtnl_saved_take(struct rtnl *rtnl, unsigned index,
                                   GError **err);
void rtnl_saved_free(struct rtnl_saved *saved);
OWN_DEFINE(rtnl_saved)

/* 6 bytes that belong to `saved`, and the MTU. */
const uint8_t *rtnl_saved_mac(const struct rtnl_saved *saved);
uint32_t rtnl_saved_mtu(const struct rtnl_saved *saved);

/* 0; or -1 and an error, with part of it done. */
int rtnl_saved_apply(const struct rtnl_saved *saved, struct rtnl *rtnl,
                     unsigned index, GError **err);
