/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/* Shared by the bridge/networks*.c only. */
#include "bridge/lease.h"
#include "bridge/networks.h"

struct port {
    struct net_attachment attachment; /* first: attachments are handed out */
    struct network *network;
    void *handle; /* the driver's */
};

struct network {
    struct spec spec;
    struct leases *leases;
    GPtrArray *ports; /* of struct port */
    void *handle;     /* the driver's */
};

struct networks {
    struct networks_config config;
    GPtrArray *list;          /* of struct network */
    GHashTable *by_name;      /* name -> struct network */
    GHashTable *by_interface; /* the bridge's name -> struct network */
    GHashTable *by_port;      /* the driver's handle -> struct port */
    char *holder;             /* the text of the last answer about addresses */
};

/* Tells the observer, if there is one; `attachment` may be NULL. */
void networks_tell(const struct networks *networks, enum networks_change change,
                   const struct network *network,
                   const struct net_attachment *attachment);
/* NULL and NOT_FOUND. */
struct network *networks_lookup(const struct networks *networks,
                                const char *name, GError **err);
/* Takes it out of everything, its interface and its addresses too. */
void networks_unplug(struct networks *networks, struct port *port, bool gone);
void networks_free_port(struct port *port);
