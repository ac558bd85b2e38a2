/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/fwd_driver.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The registry of port forwards: ids from 1, never reused, the choice of the
 * driver that carries each, and what one entry may stand for: several ports in
 * a row, and both families.  No sockets of its own.  Gate process only.
 */
struct fwd_table;

struct fwd_request {
    struct fwd_rule rule; /* host.port 0: the kernel picks; texts are copied */
    /* Both families: `rule` is for 0.0.0.0, and [::] leads to `guest6`. */
    bool both_families;
    struct ip_addr guest6;
    /* Ports in a row, from host.port to guest.port on; 0 counts as 1. */
    unsigned range;
    const char *driver; /* its name; NULL: the best that can */
    /* Who is there, in the words of bridge networks, if it is a container of
       one; copied.  NULL: nobody. */
    const char *network, *container;
};

struct fwd_entry {
    uint64_t id;
    struct fwd_request request; /* as started: with the port and the driver */
};

/* Who wants to know; the entry is valid during the call only. */
struct fwd_observer {
    void (*added)(void *self, const struct fwd_entry *entry);
    void (*removed)(void *self, const struct fwd_entry *entry);
    void *self;
};

/* `drivers`: best first, kept by reference, NULL-terminated. */
struct fwd_table *fwd_table_new(const struct fwd_driver *const *drivers);
/* Stops all forwards; the observer is not told. */
void fwd_table_free(struct fwd_table *table);
/* One observer, copied. */
void fwd_table_observe(struct fwd_table *table,
                       const struct fwd_observer *observer);
/*
 * From now on no path of the host can be listened on, `why` (kept by
 * reference) says why not.
 */
void fwd_table_hide_paths(struct fwd_table *table, const char *why);

/*
 * Starts a forward, all of it or none; returns its entry (owned by the table),
 * or NULL and an error.  One driver carries all of an entry.
 */
const struct fwd_entry *fwd_add(struct fwd_table *table,
                                const struct fwd_request *request,
                                GError **err);
/*
 * 0, or -1 with SLIPGATE_ERROR_NOT_FOUND.  With `closed` its connections are
 * ended, too, and counted there.
 */
int fwd_remove(struct fwd_table *table, uint64_t id, size_t *closed,
               GError **err);

/*
 * Removes all that lead to this container, and ends their connections; returns
 * how many forwards there were.
 */
size_t fwd_remove_container(struct fwd_table *table, const char *network,
                            const char *container);

/* Entries; one that stands for many ports or both families is one. */
size_t fwd_count(const struct fwd_table *table);
/* In order of ids; `index` < fwd_count(). */
const struct fwd_entry *fwd_at(const struct fwd_table *table, size_t index);
/*
 * The entry that listens at this first end, as it was asked for: an entry for
 * both families is only found with `both_families`.  NULL: none.
 */
const struct fwd_entry *fwd_find(const struct fwd_table *table, int proto,
                                 const struct ip_endpoint *host,
                                 bool both_families);
const struct fwd_entry *fwd_find_path(const struct fwd_table *table,
                                      const char *host_path);
/* Established connections through it; false when its driver does not know. */
bool fwd_connections(const struct fwd_table *table, uint64_t id, size_t *count);
