/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "kern/loop.h"
#include "net/budget.h"
#include "net/fwd_driver.h"
#include "net/outbound.h"
#include "net/plan.h"
#include "net/stats.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * libslirp behind one adapter: the only owner of a Slirp handle.  An idle
 * instance wakes nobody.  Gate process only.
 */
struct slirp_engine;

/* The library in use, as "4.7.0". */
const char *slirp_engine_library(void);
/* The newest configuration version that we ask of it. */
unsigned slirp_engine_config_version(void);
/* True for libraries that must not see TCP segments out of order. */
bool slirp_engine_wants_order(void);

/*
 * Largest IP packet that the stack builds from a stream.  Its window is 64 KB
 * and no more: with large segments too few of them fit, and window updates are
 * held back until a timer of the guest or of the stack runs out.
 */
#define SLIRP_ENGINE_SEGMENT_MIN 1280u
#define SLIRP_ENGINE_SEGMENT_MAX 16384u
/*
 * For a link that cuts what it is given.  Seven segments fit into the window.
 * And the stack, which gives a connection two buffers of 128 KB, makes each a
 * whole number of payloads soon after: these are 8 KB, so the buffers stay as
 * they are.  For IPv6 that takes a packet of 20 bytes more.
 */
#define SLIRP_ENGINE_SEGMENT_CUT 8232u

/*
 * Largest IP packet that it takes, of either family: more than any link of the
 * guest delivers, and what its own limit for an interface is.
 */
#define SLIRP_ENGINE_TAKES_MAX 65521u

/* Where the stack's IPv6 router is on the link. */
#define SLIRP_ENGINE_ROUTER_MAC6           \
    {                                      \
        0x52, 0x56, 0x00, 0x00, 0x00, 0x02 \
    }

struct slirp_engine_config {
    struct plan plan;
    /* SLIRP_ENGINE_SEGMENT_MIN to _MAX, whatever the guest's MTU. */
    unsigned segment;
    /* The link cuts: packets of IPv6 may have the payload that IPv4's have. */
    bool cut;
    struct outbound outbound, outbound6;
    struct budget *budget; /* kept by reference */
    /* One of several: the first one speaks for the router. */
    bool secondary;
};

struct slirp_engine_sink {
    /* A frame for the guest; gone after the call. */
    void (*to_guest)(void *self, const uint8_t *data, size_t len);
    void *self;
};

/*
 * `config` and `sink` are copied; `loop` and `stats` must outlive it.  NULL and
 * an error when libslirp cannot be had as the plan wants it.
 */
struct slirp_engine *slirp_engine_new(struct loop *loop,
                                      const struct slirp_engine_config *config,
                                      const struct slirp_engine_sink *sink,
                                      struct stats *stats, GError **err);
/* Closes all sockets of the stack. */
void slirp_engine_free(struct slirp_engine *engine);

/* Does what is due; once per turn, before the wait. */
void slirp_engine_run(struct slirp_engine *engine);

/* Takes one checked frame of the guest. */
void slirp_engine_input(struct slirp_engine *engine, const uint8_t *data,
                        size_t len);
/*
 * Has the stack bytes of the guest that the host's socket `fd`, which is one of
 * its streams, could not take so far?
 */
bool slirp_engine_is_behind(struct slirp_engine *engine, int fd);
/* Sockets that the stack has open, listeners included. */
size_t slirp_engine_sockets(const struct slirp_engine *engine);
/*
 * The socket that the stack made last, if it made one since this was asked, or
 * -1: inside a call of the engine it belongs to the frame at hand.
 */
int slirp_engine_new_socket(struct slirp_engine *engine);

/*
 * Forwards by the stack itself (driver "slirp"): both ends of one family (a
 * UNIX socket is of IPv4's), the guest's address not the unspecified one.
 */
struct fwd_driver slirp_engine_fwd_driver(struct slirp_engine *engine);
