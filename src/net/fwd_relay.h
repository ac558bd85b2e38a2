/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/fwd_driver.h"
#include "net/plan.h"
#include "net/policy.h"
#include "net/relay.h"
#include "net/segments.h"
#include "net/socket_stock.h"
#include "net/stats.h"

/*
 * Forwards of TCP ports at the kernel's speed (driver "relay"): the gate
 * accepts on the host, connects to the guest from a socket of the relay
 * namespace that is bound to the client's own address, and relays.  A client on
 * the host's loopback becomes the gateway, as the guest could not answer it
 * otherwise. Gate process only.
 */
struct fwd_relay;

struct fwd_relay_config {
    const struct plan *plan;         /* kept by reference */
    const struct policy *policy;     /* kept by reference */
    struct socket_stock *stock;      /* kept by reference */
    struct relay_table *relays;      /* kept by reference */
    struct stats *stats;             /* kept by reference */
    struct budget *budget;           /* kept by reference */
    const struct segments *segments; /* kept by reference; NULL: none */
    bool ipv6;                       /* the relay namespace has it */
    void (*unheard)(void *self);     /* as in intercept.h */
    void *self;
};

/* Connections from outside that the guest has not answered yet; when more
   come, the oldest is reset. */
#define FWD_RELAY_PENDING_MAX 1024u

/* `config` is copied; `loop` must outlive it. */
struct fwd_relay *fwd_relay_new(struct loop *loop,
                                const struct fwd_relay_config *config);
/* All forwards must have been stopped. */
void fwd_relay_free(struct fwd_relay *relay);

/* Takes TCP rules whose guest address is of a family that it has, and neither
   unspecified nor a loopback one. */
struct fwd_driver fwd_relay_driver(struct fwd_relay *relay);
