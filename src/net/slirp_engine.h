/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "kern/loop.h"
#include "net/fwd_driver.h"
#include "net/plan.h"
#include "net/stats.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * libslirp behind one adapter: the only owner of a Slirp handle.  It joins the
 * event loop by itself; an idle instance wakes nobody.  Gate process only.
 */
struct slirp_engine;

/* The library in use, as "4.7.0". */
const char *slirp_engine_library(void);
/* The newest configuration version that we ask of it. */
unsigned slirp_engine_config_version(void);
/* True for libraries that must not see TCP segments out of order. */
bool slirp_engine_wants_order(void);

#define SLIRP_ENGINE_IF_MTU_MIN 1280u
#define SLIRP_ENGINE_IF_MTU_MAX 16384u

struct slirp_engine_config {
    struct plan plan;
    bool enable_ipv6;
    bool enable_dns;
    /*
     * The link as the stack sees it, SLIRP_ENGINE_IF_MTU_MIN to _MAX, whatever
     * the guest's MTU: with larger segments the stack's window, 64 KB at most,
     * holds too few of them, and window updates are lost.
     */
    unsigned if_mtu;
    struct ip_addr outbound, outbound6; /* AF_UNSPEC: the kernel chooses */
};

struct slirp_engine_sink {
    /* A frame for the guest; gone after the call. */
    void (*to_guest)(void *self, const uint8_t *data, size_t len);
    void *self;
};

struct slirp_engine *slirp_engine_new(struct loop *loop,
                                      const struct slirp_engine_config *config,
                                      const struct slirp_engine_sink *sink,
                                      struct stats *stats, GError **err);
void slirp_engine_free(struct slirp_engine *engine);

/* Takes one checked frame of the guest. */
void slirp_engine_input(struct slirp_engine *engine, const uint8_t *data,
                        size_t len);
/* Sockets that the stack watches, listeners included. */
size_t slirp_engine_sockets(const struct slirp_engine *engine);

/*
 * Forwards by the stack itself (driver "slirp"): both ends of one family, the
 * guest's address not the unspecified one.
 */
struct fwd_driver slirp_engine_fwd_driver(struct slirp_engine *engine);
