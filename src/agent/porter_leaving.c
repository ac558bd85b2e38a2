/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/porter_leaving.h"

#include "base/error.h"

/* The group of interfaces that wait to be deleted. */
#define CONDEMNED 0x736c6967

struct porter_leaving {
    GHashTable *names; /* of what is left; non-NULL values: in the group */
    GError *why;       /* the last try failed; NULL: it did not */
};

struct porter_leaving *porter_leaving_new(void)
{
    struct porter_leaving *leaving = g_new0(struct porter_leaving, 1);

    leaving->names =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return leaving;
}

void porter_leaving_free(struct porter_leaving *leaving)
{
    if (leaving == NULL)
        return;
    g_hash_table_destroy(leaving->names);
    g_clear_error(&leaving->why);
    g_free(leaving);
}

bool porter_leaving_add(struct porter_leaving *leaving, const char *name)
{
    if (g_hash_table_contains(leaving->names, name))
        return true;
    if (g_hash_table_size(leaving->names) >= PORTER_LEAVING_MAX)
        return false;
    g_hash_table_insert(leaving->names, g_strdup(name), NULL);
    return true;
}

/* 0: it is in the group, or not there at all. */
static int condemn(struct rtnl *relay, const char *name, GError **err)
{
    unsigned link;

    if (rtnl_link_find(relay, name, &link, err) != 0)
        return -1;
    return link == 0 ? 0 : rtnl_link_set_group(relay, link, CONDEMNED, err);
}

static void note(struct porter_leaving *leaving, GError *why)
{
    g_clear_error(&leaving->why);
    leaving->why = why;
}

static gboolean is_condemned(gpointer name, gpointer condemned, gpointer data)
{
    (void)name;
    (void)data;
    return condemned != NULL;
}

unsigned porter_leaving_work(struct porter_leaving *leaving, struct rtnl *relay)
{
    GHashTableIter iter;
    gpointer name;
    GError *why = NULL;

    if (g_hash_table_size(leaving->names) == 0)
        return 0;
    g_hash_table_iter_init(&iter, leaving->names);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        bool done = condemn(relay, name, &why) == 0;

        if (!done)
            note(leaving, g_steal_pointer(&why));
        g_hash_table_iter_replace(&iter, GINT_TO_POINTER(done ? 1 : 0));
    }
    /* Many at once take hardly longer than one. */
    if (rtnl_group_delete(relay, CONDEMNED, &why) == 0)
        (void)g_hash_table_foreach_remove(leaving->names, is_condemned, NULL);
    else
        note(leaving, why);
    return g_hash_table_size(leaving->names);
}

unsigned porter_leaving_count(const struct porter_leaving *leaving)
{
    return g_hash_table_size(leaving->names);
}

int porter_leaving_check(const struct porter_leaving *leaving, GError **err)
{
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, leaving->names);
    if (!g_hash_table_iter_next(&iter, &name, NULL))
        return 0;
    return error_set(err, SLIPGATE_ERROR_SYSTEM,
                     "the interface %s cannot be deleted%s%s",
                     (const char *)name, leaving->why != NULL ? ": " : "",
                     leaving->why != NULL ? leaving->why->message : "");
}
