/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/fwd_driver.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The registry of port forwards: ids from 1, never reused, and the choice of
 * the driver that carries each.  No sockets of its own.  Gate process only.
 */
struct fwd_table;

struct fwd_entry {
    uint64_t id;
    struct fwd_rule rule;
    const char *driver; /* its name */
};

/* `drivers`: best first, kept by reference, NULL-terminated. */
struct fwd_table *fwd_table_new(const struct fwd_driver *const *drivers);
/* Stops all forwards. */
void fwd_table_free(struct fwd_table *table);

/* Starts a forward; returns its entry (owned by the table), or NULL and err. */
const struct fwd_entry *fwd_add(struct fwd_table *table,
                                const struct fwd_rule *rule, GError **err);
/* 0, or -1 with SLIPGATE_ERROR_NOT_FOUND. */
int fwd_remove(struct fwd_table *table, uint64_t id, GError **err);

size_t fwd_count(const struct fwd_table *table);
/* In order of ids; `index` < fwd_count(). */
const struct fwd_entry *fwd_at(const struct fwd_table *table, size_t index);
