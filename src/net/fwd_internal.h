/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/* Shared by the net/fwd.c and net/fwd_start.c only. */
#include "net/fwd.h"

/* What only one forward can listen on, compared as bytes. */
struct fwd_key {
    int proto;
    uint16_t port;
    sa_family_t family;
    struct in6_addr addr;
};

/* One rule of a driver. */
struct fwd_leg {
    struct fwd_key key; /* first: legs are found by it */
    struct forward *forward;
    void *handle;
};

struct forward {
    struct fwd_entry entry; /* first: entries are handed out */
    const struct fwd_driver *driver;
    char *host_path, *network, *container;
    size_t leg_count;
    struct fwd_leg legs[];
};

struct fwd_table {
    const struct fwd_driver *const *drivers;
    struct fwd_observer observer;
    const char *paths_hidden; /* why; NULL: they are not */
    GPtrArray *forwards;      /* of struct forward, by id */
    GHashTable *by_key;       /* set of struct fwd_leg */
    GHashTable *by_path;      /* host_path -> struct forward */
    uint64_t last_id;
};

/* Fills padding as well: keys are compared byte by byte. */
void fwd_make_key(int proto, const struct ip_endpoint *host,
                  struct fwd_key *key);
/* Stops what runs of `forward`, and takes it out of the indices. */
void fwd_stop_legs(struct fwd_table *table, struct forward *forward);
void fwd_free_forward(struct forward *forward);
