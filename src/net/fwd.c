/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "base/hash.h"
#include "net/fwd_internal.h"

#include <string.h>

/* --- keys --- */

static guint key_hash(gconstpointer p)
{
    return hash_bytes(p, sizeof(struct fwd_key));
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(struct fwd_key)) == 0;
}

void fwd_make_key(int proto, const struct ip_endpoint *host,
                  struct fwd_key *key)
{
    memset(key, 0, sizeof(*key));
    key->proto = proto;
    key->port = host->port;
    key->family = host->addr.family;
    if (host->addr.family == AF_INET6)
        key->addr = host->addr.v6;
    else
        memcpy(&key->addr, &host->addr.v4, sizeof(host->addr.v4));
}

/* --- the table --- */

struct fwd_table *fwd_table_new(const struct fwd_driver *const *drivers)
{
    struct fwd_table *table = g_new0(struct fwd_table, 1);

    table->drivers = drivers;
    table->forwards = g_ptr_array_new();
    table->by_key = g_hash_table_new(key_hash, key_equal);
    table->by_path = g_hash_table_new(g_str_hash, g_str_equal);
    return table;
}

void fwd_table_observe(struct fwd_table *table,
                       const struct fwd_observer *observer)
{
    table->observer = *observer;
}

void fwd_table_hide_paths(struct fwd_table *table, const char *why)
{
    table->paths_hidden = why;
}

void fwd_free_forward(struct forward *forward)
{
    g_free(forward->host_path);
    g_free(forward->network);
    g_free(forward->container);
    g_free(forward);
}

/* Takes `forward` out of the indices and stops what runs of it. */
void fwd_stop_legs(struct fwd_table *table, struct forward *forward)
{
    for (size_t i = forward->leg_count; i-- > 0;) {
        g_hash_table_remove(table->by_key, &forward->legs[i]);
        forward->driver->stop(forward->driver->self, forward->legs[i].handle);
    }
    forward->leg_count = 0;
    if (forward->host_path != NULL)
        g_hash_table_remove(table->by_path, forward->host_path);
}

void fwd_table_free(struct fwd_table *table)
{
    if (table == NULL)
        return;
    for (guint i = 0; i < table->forwards->len; i++) {
        struct forward *forward = g_ptr_array_index(table->forwards, i);

        fwd_stop_legs(table, forward);
        fwd_free_forward(forward);
    }
    g_ptr_array_free(table->forwards, TRUE);
    g_hash_table_destroy(table->by_key);
    g_hash_table_destroy(table->by_path);
    g_free(table);
}

/* --- finding and removing --- */

/* The index of `id`, or -1: ids grow along the array. */
static int index_of(const struct fwd_table *table, uint64_t id)
{
    guint low = 0, high = table->forwards->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        const struct forward *forward =
            g_ptr_array_index(table->forwards, middle);

        if (forward->entry.id == id)
            return (int)middle;
        if (forward->entry.id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

static size_t close_connections(struct forward *forward)
{
    const struct fwd_driver *driver = forward->driver;
    size_t closed = 0;

    for (size_t i = 0; i < forward->leg_count && driver->close != NULL; i++)
        closed += driver->close(driver->self, forward->legs[i].handle);
    return closed;
}

int fwd_remove(struct fwd_table *table, uint64_t id, size_t *closed,
               GError **err)
{
    int index = index_of(table, id);
    struct forward *forward;

    if (index < 0)
        return error_set(err, SLIPGATE_ERROR_NOT_FOUND,
                         "no forward has the id %" G_GUINT64_FORMAT, id);
    forward = g_ptr_array_remove_index(table->forwards, (guint)index);
    if (closed != NULL)
        *closed = close_connections(forward);
    fwd_stop_legs(table, forward);
    if (table->observer.removed != NULL)
        table->observer.removed(table->observer.self, &forward->entry);
    fwd_free_forward(forward);
    return 0;
}

size_t fwd_remove_container(struct fwd_table *table, const char *network,
                            const char *container)
{
    size_t removed = 0, closed;

    for (guint i = table->forwards->len; i-- > 0;) {
        const struct forward *forward = g_ptr_array_index(table->forwards, i);

        if (g_strcmp0(forward->network, network) != 0 ||
            g_strcmp0(forward->container, container) != 0)
            continue;
        (void)fwd_remove(table, forward->entry.id, &closed, NULL);
        removed++;
    }
    return removed;
}

size_t fwd_count(const struct fwd_table *table)
{
    return table->forwards->len;
}

const struct fwd_entry *fwd_at(const struct fwd_table *table, size_t index)
{
    const struct forward *forward = g_ptr_array_index(table->forwards, index);

    return &forward->entry;
}

const struct fwd_entry *fwd_find(const struct fwd_table *table, int proto,
                                 const struct ip_endpoint *host,
                                 bool both_families)
{
    struct fwd_key key;
    const struct fwd_leg *leg;
    const struct fwd_request *request;

    fwd_make_key(proto, host, &key);
    leg = g_hash_table_lookup(table->by_key, &key);
    if (leg == NULL)
        return NULL;
    request = &leg->forward->entry.request;
    if (request->both_families != both_families ||
        !ip_endpoint_equal(&request->rule.host, host))
        return NULL;
    return &leg->forward->entry;
}

const struct fwd_entry *fwd_find_path(const struct fwd_table *table,
                                      const char *host_path)
{
    const struct forward *forward =
        g_hash_table_lookup(table->by_path, host_path);

    return forward == NULL ? NULL : &forward->entry;
}

bool fwd_connections(const struct fwd_table *table, uint64_t id, size_t *count)
{
    int index = index_of(table, id);
    const struct forward *forward;

    if (index < 0)
        return false;
    forward = g_ptr_array_index(table->forwards, (guint)index);
    if (forward->driver->connections == NULL)
        return false;
    *count = 0;
    for (size_t i = 0; i < forward->leg_count; i++)
        *count += forward->driver->connections(forward->driver->self,
                                               forward->legs[i].handle);
    return true;
}
