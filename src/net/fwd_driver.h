/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"

#include <glib.h>
#include <stdbool.h>

/* One forward: a port of the host that leads to a port of the guest. */
struct fwd_rule {
    int proto; /* IPPROTO_TCP or IPPROTO_UDP */
    struct ip_endpoint host, guest;
};

/*
 * How a forward is carried.  fwd.c decides which driver takes a rule and keeps
 * ids and conflicts; a driver only starts and stops one rule.
 */
struct fwd_driver {
    const char *name; /* as the control socket spells it */
    void *self;
    /* Values only: may this driver take such a rule at all? */
    bool (*can_carry)(void *self, const struct fwd_rule *rule);
    /*
     * Returns a handle for stop(), or NULL and an error; leaves no trace when
     * it fails.  May set rule->host.port when it was 0.
     */
    void *(*start)(void *self, struct fwd_rule *rule, GError **err);
    void (*stop)(void *self, void *handle);
};
