/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/frame.h"

/*
 * The Internet checksum (RFC 1071).  Sums are partial: add pieces of even
 * length in any order, then fold.  Values are in network byte order in memory,
 * as they are stored in headers.  Pure.
 */
uint64_t checksum_add(uint64_t sum, const void *data, size_t len);
/* The sum folded to 16 bits, not complemented. */
uint16_t checksum_fold(uint64_t sum);
/* The pseudo-header of `f` (its IP addresses, proto) for `l4_len` bytes. */
uint64_t checksum_pseudo(const struct frame *f, size_t l4_len);

/* Writes the IPv4 header checksum of the header at `ip`. */
void checksum_set_ipv4(uint8_t *ip);
/* Writes the checksum of the TCP, UDP or ICMPv6 packet at f->l4 to f->len. */
void checksum_set_l4(struct frame *f, size_t field_offset);
/* Is that of the TCP, UDP, ICMP or ICMPv6 packet of `f` right, or left out
   where it may be? */
bool checksum_is_right(const struct frame *f);
/*
 * Corrects the checksum field at `field` for two bytes at an even offset that
 * change from `from` to `to` (as they stand in memory; RFC 1624).
 */
void checksum_replace16(uint8_t *field, const uint8_t from[2],
                        const uint8_t to[2]);
