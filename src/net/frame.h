/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A view of one Ethernet frame: where its headers are, and what they say.
 * Nothing is copied; the view is valid as long as the bytes are.  Pure.
 */
#define FRAME_ETH_LEN       14u
#define FRAME_IPV4_LEN      20u
#define FRAME_IPV6_LEN      40u
#define FRAME_FRAGMENT6_LEN 8u
#define FRAME_TCP_LEN       20u
#define FRAME_UDP_LEN       8u
#define FRAME_ICMP_LEN      8u
#define FRAME_ARP_LEN       28u /* for IPv4 on Ethernet (RFC 826) */
/* An Ethernet header and the largest IP packet. */
#define FRAME_MAX (FRAME_ETH_LEN + 65535u)

/* TCP flags as in byte 13 of the header (RFC 9293 3.1). */
enum frame_tcp_flag {
    FRAME_FIN = 0x01,
    FRAME_SYN = 0x02,
    FRAME_RST = 0x04,
    FRAME_PSH = 0x08,
    FRAME_ACK = 0x10,
    FRAME_URG = 0x20,
};

struct flow;

struct frame {
    uint8_t *data;
    size_t len; /* after frame_parse(): cut to what the IP header says */
    uint16_t ethertype;
    uint8_t proto;  /* IPPROTO_...; 0 for frames that are not IP */
    bool fragment;  /* a part of a packet, see net/reasm.h */
    bool options;   /* IPv4 header longer than 20 bytes */
    size_t l4;      /* offset of the transport header; 0: none parsed */
    size_t payload; /* offset of the transport's data */
    struct ip_endpoint src, dst; /* ports are 0 unless TCP or UDP */
    uint8_t tcp_flags;
    uint32_t tcp_seq, tcp_ack;
    uint16_t tcp_window;
    uint16_t tcp_mss;  /* its receiver takes no more at once; 0: not known */
    struct flow *flow; /* see flow_look_up(); NULL: none is known */
};

enum frame_defect {
    FRAME_GOOD,
    FRAME_TOO_SHORT,     /* a header does not fit */
    FRAME_BAD_LENGTH,    /* a length field contradicts the frame */
    FRAME_BAD_VERSION,   /* IP version or header length is impossible */
    FRAME_BAD_ETHERTYPE, /* neither ARP nor IPv4 nor IPv6 */
    FRAME_DEFECT_COUNT
};

/*
 * Parses `len` bytes at `data`.  ARP frames have ethertype only.  Fragments and
 * transports other than TCP, UDP and the family's own ICMP have addresses and
 * `proto`, but no `l4`.  IPv6 extension headers are not walked (nothing behind
 * us does). Anything but FRAME_GOOD leaves `out` undefined.
 */
enum frame_defect frame_parse(uint8_t *data, size_t len, struct frame *out);

/* Bytes of transport data. */
static inline size_t frame_payload_len(const struct frame *f)
{
    return f->l4 == 0 ? 0 : f->len - f->payload;
}

/* Header fields in network order, wherever they lie. */
static inline uint16_t frame_get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t frame_get32(const uint8_t *p)
{
    return (uint32_t)frame_get16(p) << 16 | frame_get16(p + 2);
}

static inline void frame_put16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void frame_put32(uint8_t *p, uint32_t v)
{
    frame_put16(p, (uint16_t)(v >> 16));
    frame_put16(p + 2, (uint16_t)v);
}
