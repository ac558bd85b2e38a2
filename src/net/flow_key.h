/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"

#include <glib.h>

/*
 * What tells one flow from another: transport and both ends, packed so that
 * equal flows are equal bytes.  Pure.  The functions fit g_hash_table_new() for
 * structs that begin with a key.
 */
struct flow_key {
    uint64_t word[5];
};

/* Both ends are of one family. */
struct flow_key flow_key_make(int proto, const struct ip_endpoint *guest,
                              const struct ip_endpoint *peer);
guint flow_key_hash(gconstpointer key);
gboolean flow_key_equal(gconstpointer a, gconstpointer b);

/*
 * Picks one of `lanes` (a power of two) by any number.  Where there are
 * several, the even ones have IPv4 and the odd ones IPv6.
 */
static inline unsigned flow_key_lane(unsigned number, sa_family_t family,
                                     unsigned lanes)
{
    return (number << 1 | (family == AF_INET6)) & (lanes - 1);
}
