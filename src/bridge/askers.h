/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"
#include "net/names.h"

#include <stddef.h>

/*
 * Which networks' names a container may ask for: those of all networks that it
 * is in, whichever of its name servers it asks.  Gate process only.
 */
struct askers;

/* Knows the tables by reference: leave before a table is freed. */
struct askers *askers_new(void);
void askers_free(struct askers *askers);

/* `container` is in the network of `table`, with these addresses. */
void askers_join(struct askers *askers, const char *container,
                 struct names *table, const struct ip_addr *addrs,
                 size_t count);
/* Not any more; harmless if it was not. */
void askers_leave(struct askers *askers, const char *container,
                  const struct names *table);

/*
 * The table number `index` that whoever has the address `client` may ask,
 * besides `own`; NULL: there are no more.
 */
struct names *askers_also(const struct askers *askers, const struct names *own,
                          const struct ip_addr *client, size_t index);
