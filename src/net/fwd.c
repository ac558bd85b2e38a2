/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/fwd.h"

#include "base/error.h"

struct forward {
    struct fwd_entry entry; /* first: entries are handed out */
    const struct fwd_driver *driver;
    void *handle;
};

struct fwd_table {
    const struct fwd_driver *const *drivers;
    GPtrArray *forwards; /* of struct forward, by id */
    uint64_t last_id;
};

struct fwd_table *fwd_table_new(const struct fwd_driver *const *drivers)
{
    struct fwd_table *table = g_new0(struct fwd_table, 1);

    table->drivers = drivers;
    table->forwards = g_ptr_array_new();
    return table;
}

static void stop_forward(struct forward *forward)
{
    forward->driver->stop(forward->driver->self, forward->handle);
    g_free(forward);
}

void fwd_table_free(struct fwd_table *table)
{
    if (table == NULL)
        return;
    for (guint i = 0; i < table->forwards->len; i++)
        stop_forward(g_ptr_array_index(table->forwards, i));
    g_ptr_array_free(table->forwards, TRUE);
    g_free(table);
}

static const struct fwd_driver *pick_driver(const struct fwd_table *table,
                                            const struct fwd_rule *rule)
{
    for (size_t i = 0; table->drivers[i] != NULL; i++)
        if (table->drivers[i]->can_carry(table->drivers[i]->self, rule))
            return table->drivers[i];
    return NULL;
}

const struct fwd_entry *fwd_add(struct fwd_table *table,
                                const struct fwd_rule *rule, GError **err)
{
    const struct fwd_driver *driver = pick_driver(table, rule);
    struct fwd_rule started = *rule;
    char host[IP_ENDPOINT_TEXT_MAX], guest[IP_ENDPOINT_TEXT_MAX];
    struct forward *forward;
    void *handle;

    if (driver == NULL) {
        error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                  "nothing here can carry %s to %s",
                  ip_endpoint_format(&rule->host, host),
                  ip_endpoint_format(&rule->guest, guest));
        return NULL;
    }
    handle = driver->start(driver->self, &started, err);
    if (handle == NULL)
        return NULL;
    forward = g_new0(struct forward, 1);
    forward->entry = (struct fwd_entry){ .id = ++table->last_id,
                                         .rule = started,
                                         .driver = driver->name };
    forward->driver = driver;
    forward->handle = handle;
    g_ptr_array_add(table->forwards, forward);
    return &forward->entry;
}

int fwd_remove(struct fwd_table *table, uint64_t id, GError **err)
{
    for (guint i = 0; i < table->forwards->len; i++) {
        struct forward *forward = g_ptr_array_index(table->forwards, i);

        if (forward->entry.id != id)
            continue;
        g_ptr_array_remove_index(table->forwards, i);
        stop_forward(forward);
        return 0;
    }
    return error_set(err, SLIPGATE_ERROR_NOT_FOUND,
                     "no forward has the id %" G_GUINT64_FORMAT, id);
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
