/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/own.h"
#include "bridge/spec.h"

/*
 * The addresses of one network: who has which.  Pure, any process.
 */
struct leases;

/* `spec` is complete, kept by reference, and outlives the leases. */
struct leases *leases_new(const struct spec *spec);
void leases_free(struct leases *leases);
OWN_DEFINE(leases)

/*
 * Takes this very address.  0, or -1 and BAD_REQUEST when it is in no subnet or
 * is no machine's, CONFLICT with the holder's name when it is taken.
 */
int leases_take(struct leases *leases, const struct ip_addr *addr,
                const char *holder, GError **err);
/*
 * Takes the next free address of the subnet's lease range, round robin, so that
 * one that was let go is not given out again soon.  0, or -1 and UNAVAILABLE
 * when all are taken.
 */
int leases_pick(struct leases *leases, size_t subnet, const char *holder,
                struct ip_addr *out, GError **err);
/* Lets one go; harmless when nobody has it. */
void leases_drop(struct leases *leases, const struct ip_addr *addr);
/* NULL: nobody has it. */
const char *leases_holder(const struct leases *leases,
                          const struct ip_addr *addr);
size_t leases_count(const struct leases *leases);

/*
 * The MAC address that goes with an address: locally administered, and the same
 * each time, so that nobody's neighbour table is wrong after a restart.
 */
void lease_mac(const struct ip_addr *addr, uint8_t mac[6]);
