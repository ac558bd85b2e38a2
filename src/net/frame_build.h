/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/frame.h"

/* Headers of frames of our own.  Pure. */
struct frame_path {
    uint8_t dst_mac[6], src_mac[6];
    struct ip_endpoint src, dst; /* of one family */
};

/* The way back: what an answer to `f` takes. */
struct frame_path frame_path_back(const struct frame *f);

/* Bytes of the Ethernet and IP headers for addresses of `family`. */
size_t frame_headers_len(sa_family_t family);

/*
 * Writes the Ethernet and IP headers for a transport packet of `l4_len` bytes
 * to `out` (frame_headers_len() bytes); ports are not looked at.  IPv4: not to
 * be fragmented.
 */
void frame_put_headers(uint8_t *out, const struct frame_path *path, int proto,
                       size_t l4_len);

/* Room for frame_put_segment(). */
#define FRAME_SEGMENT_MAX (FRAME_ETH_LEN + FRAME_IPV6_LEN + FRAME_TCP_LEN)

/* A bare TCP segment.  Returns the frame's length. */
size_t frame_put_segment(uint8_t *out, const struct frame_path *path,
                         uint32_t seq, uint32_t ack, uint8_t flags,
                         uint16_t window);

/* Room for frame_put_icmp(): what an ICMPv6 error may be (RFC 4443 2.4). */
#define FRAME_ICMP_ERROR_MAX (FRAME_ETH_LEN + 1280u)

/* The second word of an error's header is `info`: a pointer or an MTU. */
struct frame_icmp {
    uint8_t type, code;
    uint32_t info;
};

/*
 * An ICMP or ICMPv6 error from path->src.  Quotes of the IP packet at `packet`
 * what fits: enough for any transport header.  Returns the frame's length.
 */
size_t frame_put_icmp(uint8_t *out, const struct frame_path *path,
                      const struct frame_icmp *error, const uint8_t *packet,
                      size_t len);

/* Writes the checksum of the whole ICMP packet, as of `family`. */
void frame_set_icmp_checksum(uint8_t *frame, sa_family_t family, size_t l4_len);
