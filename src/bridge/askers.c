/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/askers.h"

#include <glib.h>

/* One container in one network. */
struct seat {
    struct names *table;
    GPtrArray *addrs; /* texts: keys of by_addr */
};

struct askers {
    GHashTable *by_name; /* container -> GPtrArray of struct seat */
    GHashTable *by_addr; /* address -> the same GPtrArray */
};

static void free_seat(void *data)
{
    struct seat *seat = data;

    g_ptr_array_free(seat->addrs, TRUE);
    g_free(seat);
}

static void free_seats(void *data)
{
    g_ptr_array_free(data, TRUE);
}

struct askers *askers_new(void)
{
    struct askers *askers = g_new(struct askers, 1);

    askers->by_name =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_seats);
    askers->by_addr =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return askers;
}

void askers_free(struct askers *askers)
{
    if (askers == NULL)
        return;
    g_hash_table_destroy(askers->by_addr);
    g_hash_table_destroy(askers->by_name);
    g_free(askers);
}

void askers_join(struct askers *askers, const char *container,
                 struct names *table, const struct ip_addr *addrs, size_t count)
{
    GPtrArray *seats = g_hash_table_lookup(askers->by_name, container);
    struct seat *seat = g_new(struct seat, 1);

    if (seats == NULL) {
        seats = g_ptr_array_new_with_free_func(free_seat);
        g_hash_table_insert(askers->by_name, g_strdup(container), seats);
    }
    *seat = (struct seat){ table, g_ptr_array_new_with_free_func(g_free) };
    g_ptr_array_add(seats, seat);
    for (size_t i = 0; i < count; i++) {
        char text[IP_ADDR_TEXT_MAX];

        (void)ip_addr_format(&addrs[i], text);
        g_ptr_array_add(seat->addrs, g_strdup(text));
        g_hash_table_insert(askers->by_addr, g_strdup(text), seats);
    }
}

static struct seat *find_seat(const GPtrArray *seats, const struct names *table)
{
    for (guint i = 0; seats != NULL && i < seats->len; i++) {
        struct seat *seat = g_ptr_array_index(seats, i);

        if (seat->table == table)
            return seat;
    }
    return NULL;
}

void askers_leave(struct askers *askers, const char *container,
                  const struct names *table)
{
    GPtrArray *seats = g_hash_table_lookup(askers->by_name, container);
    struct seat *seat = find_seat(seats, table);

    if (seat == NULL)
        return;
    for (guint i = 0; i < seat->addrs->len; i++)
        g_hash_table_remove(askers->by_addr, g_ptr_array_index(seat->addrs, i));
    g_ptr_array_remove(seats, seat);
    if (seats->len == 0)
        g_hash_table_remove(askers->by_name, container);
}

struct names *askers_also(const struct askers *askers, const struct names *own,
                          const struct ip_addr *client, size_t index)
{
    char text[IP_ADDR_TEXT_MAX];
    const GPtrArray *seats =
        g_hash_table_lookup(askers->by_addr, ip_addr_format(client, text));

    for (guint i = 0; seats != NULL && i < seats->len; i++) {
        const struct seat *seat = g_ptr_array_index(seats, i);

        if (seat->table != own && index-- == 0)
            return seat->table;
    }
    return NULL;
}
