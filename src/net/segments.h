/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/own.h"
#include "base/prefix.h"
#include "net/frame.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The subnets behind the tap besides the guest's own: bridges in the relay
 * namespace, and the containers on them.  Frames of containers come addressed
 * to their bridge, whose MAC address ends in the segment's number and which the
 * relay namespace lets nobody else use; frames for containers go to the tap's
 * own MAC address, and the relay namespace routes them.  Values only.
 */
struct segments;

#define SEGMENT_NETS_MAX 8

struct segment {
    uint16_t number; /* its bridge's; never 0 */
    struct ip_prefix nets[SEGMENT_NETS_MAX];
    struct ip_addr gateways[SEGMENT_NETS_MAX]; /* the bridge, in each */
    size_t count;
    bool internal;   /* nothing goes out of it */
    bool masquerade; /* its containers are shown as their gateway */
};

struct segments *segments_new(void);
void segments_free(struct segments *segments);
OWN_DEFINE(segments)

/*
 * Takes a segment in and gives it a number that is free; 0 and an error
 * (CONFLICT) when one of its subnets overlaps another's or there are too many.
 */
uint16_t segments_add(struct segments *segments, const struct segment *segment,
                      GError **err);
/* That there is none is harmless; pointers to it are void. */
void segments_remove(struct segments *segments, uint16_t number);
/* NULL: there is none. */
struct segment *segments_get(const struct segments *segments, uint16_t number);

/*
 * What follows takes NULL for no segments at all.
 * The segment that an address is in, or NULL.
 */
const struct segment *segments_of(const struct segments *segments,
                                  const struct ip_addr *addr);
/* The bridge's address of a family in the segment; NULL: it has none. */
const struct ip_addr *segment_gateway(const struct segment *segment,
                                      sa_family_t family);
bool segment_is_gateway(const struct segment *segment,
                        const struct ip_addr *addr);
/*
 * As whom a container at `to` sees a client of a forward: as itself, unless
 * `as_gateway` or it could not be answered; then as the bridge.
 */
struct ip_addr segment_client(const struct segment *segment,
                              const struct ip_addr *to,
                              const struct ip_addr *client, bool as_gateway);
/* The segment that sent the frame; NULL: the guest did. */
const struct segment *segments_sender(const struct segments *segments,
                                      const struct frame *f);
/* Nobody sends in another's name. */
bool segments_accept_source(const struct segments *segments,
                            const struct frame *f);

/* Addresses the frame of `len` bytes to the relay namespace if it is for a
   container. */
void segments_steer(const struct segments *segments, uint8_t *data, size_t len);

#define SEGMENTS_ANSWER_MAX 96u
/*
 * If the frame asks where a container is (ARP, neighbour solicitation), builds
 * the answer into `out` and returns its length; else 0.
 */
size_t segments_answer(const struct segments *segments, const uint8_t *data,
                       size_t len, uint8_t out[SEGMENTS_ANSWER_MAX]);

/*
 * Who knows which ports of the host lead to containers: where does one connect
 * to for port `port` of `proto`?  One for all segments.
 */
typedef bool (*segments_published)(void *self, int proto, sa_family_t family,
                                   uint16_t port, struct ip_endpoint *host);
void segments_set_published(struct segments *segments, segments_published find,
                            void *self);
/*
 * A container that connects to its gateway, or the guest's address `guest`,
 * means a published port of the host.  True: `host` is where that is.
 */
bool segments_find_published(const struct segments *segments,
                             const struct frame *f, const struct ip_addr *guest,
                             struct ip_endpoint *host);
