/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Whom the guest sees as the client. */
enum fwd_source {
    FWD_SOURCE_KEEP,    /* the client itself, as far as the guest can answer */
    FWD_SOURCE_GATEWAY, /* the plan's gateway */
};

/* One forward: a port of the host that leads to a port of the guest. */
struct fwd_rule {
    int proto;                      /* IPPROTO_TCP or IPPROTO_UDP */
    struct ip_endpoint host, guest; /* host.addr.family AF_UNSPEC: see below */
    /* A UNIX stream socket to listen on instead of `host`; NULL: none.  Valid
       until stop(). */
    const char *host_path;
    /* A socket that is bound to `host_path` already, lent until start() is
       done; NULL: make one, and remove its file in the end. */
    const int *host_socket;
    enum fwd_source source;
};

/*
 * How a forward is carried.  fwd.c decides which driver takes a rule and keeps
 * ids and conflicts; a driver only starts and stops one rule.
 */
struct fwd_driver {
    const char *name; /* as the control socket spells it */
    void *self;
    /*
     * Values only: may this driver take such a rule at all?  Any combination
     * may be asked for: ends of two families, a guest address on its loopback,
     * a `host_path`, either source.
     */
    bool (*can_carry)(void *self, const struct fwd_rule *rule);
    /*
     * Returns a handle for stop(), or NULL and an error; leaves no trace when
     * it fails.  Sets rule->host.port when it was 0.
     */
    void *(*start)(void *self, struct fwd_rule *rule, GError **err);
    /* Established connections go on. */
    void (*stop)(void *self, void *handle);

    /* What follows may be NULL: this driver does not know. */
    /* Established connections of this forward now. */
    size_t (*connections)(void *self, const void *handle);
    /* Resets them; returns how many there were.  stop() may follow. */
    size_t (*close)(void *self, void *handle);
};
