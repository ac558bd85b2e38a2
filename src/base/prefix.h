/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"

/*
 * Networks in CIDR notation and the order of addresses in them, as values:
 * IPv4 and IPv6 alike.  An address of another family is in no prefix.
 */
struct ip_prefix {
    struct ip_addr addr; /* all bits beyond `len` are zero */
    unsigned len;        /* 0 to 32 or 128 */
};

#define IP_PREFIX_TEXT_MAX (IP_ADDR_TEXT_MAX + sizeof("/128"))

/* How many bits an address of the family has. */
unsigned ip_family_bits(sa_family_t family);

/*
 * "10.89.0.0/24" or "fd00::/64"; false leaves `out` alone.  Bits set beyond the
 * length are dropped, and told in `*exact`, which may be NULL.
 */
bool ip_prefix_parse(const char *text, struct ip_prefix *out, bool *exact);
/* Writes into `out` (IP_PREFIX_TEXT_MAX bytes) and returns it. */
const char *ip_prefix_format(const struct ip_prefix *prefix, char *out);

/* Never true for two families. */
bool ip_prefix_equal(const struct ip_prefix *a, const struct ip_prefix *b);
bool ip_prefix_contains(const struct ip_prefix *prefix,
                        const struct ip_addr *addr);
/* Does one of them contain the other? */
bool ip_prefix_overlap(const struct ip_prefix *a, const struct ip_prefix *b);
/* The network that `addr` is in: its first `len` bits. */
struct ip_prefix ip_prefix_of(const struct ip_addr *addr, unsigned len);
/* The highest address: of IPv4, where there are more than two, the broadcast.
 */
struct ip_addr ip_prefix_last(const struct ip_prefix *prefix);

/* The address after this one; the lowest of all after the highest of all. */
struct ip_addr ip_addr_next(const struct ip_addr *addr);
struct ip_addr ip_addr_previous(const struct ip_addr *addr);
/* Below, at or above zero, as memcmp(3); only for one family. */
int ip_addr_compare(const struct ip_addr *a, const struct ip_addr *b);
