/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "bridge/spec.h"

/* What a new network has to get along with. */
struct spec_world {
    /* Who has addresses of `net` ("the network web"); NULL: nobody here. */
    const char *(*holder)(void *self, const struct ip_prefix *net);
    /* True if addresses of `net` had better be left alone, if there is choice.
     */
    bool (*avoid)(void *self, const struct ip_prefix *net);
    bool (*has_interface)(void *self, const char *name);
    void *self;
    int64_t now;        /* seconds since 1970 */
    uint8_t random[16]; /* for IPv6 (RFC 4193, 3.2) */
};

/*
 * Fills in what `spec`, which spec_check() has passed, leaves open: an id made
 * from the name, the bridge's interface, a free /24 of the pools that podman
 * and netavark use, with `ipv6` a /64 of fd00::/8, the first address of each
 * subnet as gateway.  0, or -1 and SLIPGATE_ERROR_CONFLICT that says with what,
 * or UNAVAILABLE when nothing is free; `spec` is then not to be used.
 */
int spec_complete(struct spec *spec, const struct spec_world *world,
                  GError **err);
