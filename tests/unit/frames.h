/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/frame.h"

/*
 * Frames for tests, built from a description.  What is left out gets a value
 * that makes a good frame: from the guest to 192.0.2.1 (2001:db8::1 when a
 * given address is IPv6), hop limit 64, right checksums.
 */
#define FRAMES_MAX (FRAME_MAX + 64u)

struct frames_spec {
    const char *src, *dst; /* as text; the family is that of either */
    int proto;             /* IPPROTO_...; 0: TCP */
    uint16_t sport, dport;

    uint8_t hop_limit;
    uint16_t id, fragment; /* of IPv4: the whole 16-bit field */
    const uint8_t *ip_options;
    size_t ip_options_len; /* a multiple of 4 */

    uint8_t flags;
    uint32_t seq, ack;
    uint16_t window, urgent;
    const uint8_t *tcp_options;
    size_t tcp_options_len; /* a multiple of 4 */

    uint8_t type, code; /* of ICMP */

    const void *payload; /* NULL: payload_len bytes of a pattern */
    size_t payload_len;
    bool bad_checksum; /* of the transport */
};

/* The byte that stands at sequence `seq` of every pattern. */
uint8_t frames_pattern(uint32_t seq);

/* Writes the frame into `out` (FRAMES_MAX bytes) and returns its length. */
size_t frames_build(const struct frames_spec *spec, uint8_t *out);

/* Builds into `out` and parses; the test fails if that does not succeed. */
struct frame frames_parsed(const struct frames_spec *spec, uint8_t *out);

/* An ARP request of the guest for `target` (IPv4 text). */
size_t frames_build_arp(const char *target, uint8_t *out);

/*
 * A second opinion: RFC 1071 by the book, 16 bits at a time, with nothing of
 * the code under test.  True if all checksums of the frame are right; frames
 * that are not IP have none.
 */
bool frames_checksums_are_right(const uint8_t *frame, size_t len);
/* The same for the header of the IPv4 packet in `frame` alone. */
bool frames_ip_checksum_is_right(const uint8_t *frame);

struct ip_addr frames_addr(const char *text);

extern const uint8_t frames_guest_mac[6], frames_gateway_mac[6];
