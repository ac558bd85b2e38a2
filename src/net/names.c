/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/names.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#define LABEL_MAX 63u
/* With the domain behind it, it must still be a name. */
#define NAME_LEN_MAX 200u

struct entry {
    char *owner, *name;
    char *folded;
    struct ip_addr addr;
};

struct names {
    GPtrArray *all;      /* of struct entry, owned */
    GHashTable *by_name; /* folded -> GPtrArray of struct entry */
    GHashTable *by_addr; /* struct ip_addr -> the same */
    struct ip_addr gateways[NAMES_SUBNETS_MAX];
    struct ip_prefix subnets[NAMES_SUBNETS_MAX];
    size_t gateway_count, subnet_count;
    unsigned turn;
};

static const char *const host_names[] = { "host.containers.internal",
                                          "host.docker.internal" };

static void entry_free(gpointer p)
{
    struct entry *entry = p;

    g_free(entry->owner);
    g_free(entry->name);
    g_free(entry->folded);
    g_free(entry);
}

static guint addr_hash(gconstpointer p)
{
    return ip_addr_hash(p);
}

static gboolean addr_equal(gconstpointer a, gconstpointer b)
{
    return ip_addr_equal(a, b);
}

struct names *names_new(void)
{
    struct names *names = g_new0(struct names, 1);

    names->all = g_ptr_array_new_with_free_func(entry_free);
    names->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                           (GDestroyNotify)g_ptr_array_unref);
    names->by_addr = g_hash_table_new_full(addr_hash, addr_equal, g_free,
                                           (GDestroyNotify)g_ptr_array_unref);
    return names;
}

void names_free(struct names *names)
{
    if (names == NULL)
        return;
    g_hash_table_destroy(names->by_name);
    g_hash_table_destroy(names->by_addr);
    g_ptr_array_unref(names->all);
    g_free(names);
}

bool names_is_valid(const char *name)
{
    size_t label = 0;

    if (strlen(name) > NAME_LEN_MAX)
        return false;
    for (; *name != '\0'; name++) {
        if (*name == '.') {
            if (label == 0)
                return false;
            label = 0;
        } else if (!(g_ascii_isalnum(*name) || *name == '-' || *name == '_') ||
                   ++label > LABEL_MAX) {
            return false;
        }
    }
    return label > 0;
}

/* --- keeping --- */

static void put_index(GHashTable *index, gconstpointer key, gpointer own_key,
                      struct entry *entry)
{
    GPtrArray *list = g_hash_table_lookup(index, key);

    if (list == NULL) {
        list = g_ptr_array_new();
        g_hash_table_insert(index, own_key, list);
    } else {
        g_free(own_key);
    }
    g_ptr_array_add(list, entry);
}

static void drop_index(GHashTable *index, gconstpointer key,
                       struct entry *entry)
{
    GPtrArray *list = g_hash_table_lookup(index, key);

    (void)g_ptr_array_remove(list, entry);
    if (list->len == 0)
        (void)g_hash_table_remove(index, key);
}

static bool has(const struct names *names, const char *owner,
                const char *folded, const struct ip_addr *addr)
{
    const GPtrArray *list = g_hash_table_lookup(names->by_name, folded);

    for (guint i = 0; list != NULL && i < list->len; i++) {
        const struct entry *entry = list->pdata[i];

        if (ip_addr_equal(&entry->addr, addr) &&
            strcmp(entry->owner, owner) == 0)
            return true;
    }
    return false;
}

int names_add(struct names *names, const char *owner, const char *name,
              const struct ip_addr *addr)
{
    g_autofree char *folded = NULL;
    struct entry *entry;

    if (!names_is_valid(name) ||
        (addr->family != AF_INET && addr->family != AF_INET6))
        return -EINVAL;
    folded = g_ascii_strdown(name, -1);
    if (has(names, owner, folded, addr))
        return 0;
    if (names->all->len >= NAMES_MAX)
        return -ENOSPC;
    entry = g_new0(struct entry, 1);
    entry->owner = g_strdup(owner);
    entry->name = g_strdup(name);
    entry->addr = *addr;
    entry->folded = g_steal_pointer(&folded);
    g_ptr_array_add(names->all, entry);
    put_index(names->by_name, entry->folded, g_strdup(entry->folded), entry);
    put_index(names->by_addr, addr, g_memdup2(addr, sizeof(*addr)), entry);
    return 0;
}

void names_remove(struct names *names, const char *owner)
{
    for (guint i = names->all->len; i-- > 0;) {
        struct entry *entry = names->all->pdata[i];

        if (strcmp(entry->owner, owner) != 0)
            continue;
        drop_index(names->by_name, entry->folded, entry);
        drop_index(names->by_addr, &entry->addr, entry);
        (void)g_ptr_array_remove_index(names->all, i);
    }
}

size_t names_count(const struct names *names)
{
    return names->all->len;
}

void names_add_gateway(struct names *names, const struct ip_addr *gateway)
{
    if (names->gateway_count < NAMES_SUBNETS_MAX)
        names->gateways[names->gateway_count++] = *gateway;
}

void names_add_subnet(struct names *names, const struct ip_prefix *subnet)
{
    if (names->subnet_count < NAMES_SUBNETS_MAX)
        names->subnets[names->subnet_count++] = *subnet;
}

/* --- finding --- */

static bool is_host_name(const char *folded)
{
    for (size_t i = 0; i < G_N_ELEMENTS(host_names); i++)
        if (strcmp(folded, host_names[i]) == 0)
            return true;
    return false;
}

/* Takes the domain off; false: it is not below it. */
static bool cut_domain(char *folded)
{
    size_t len = strlen(folded), cut = strlen(NAMES_DOMAIN);

    if (len < cut || strcmp(folded + len - cut, NAMES_DOMAIN) != 0)
        return false;
    if (len == cut) {
        folded[0] = '\0';
        return true;
    }
    if (folded[len - cut - 1] != '.')
        return false;
    folded[len - cut - 1] = '\0';
    return true;
}

static void take(const struct ip_addr *addr, sa_family_t family,
                 struct ip_addr *out, size_t *count)
{
    if (addr->family == AF_UNSPEC || *count >= NAMES_ANSWER_MAX ||
        (family != AF_UNSPEC && addr->family != family))
        return;
    for (size_t i = 0; i < *count; i++)
        if (ip_addr_equal(&out[i], addr))
            return;
    out[(*count)++] = *addr;
}

static void take_all(struct names *names, const GPtrArray *list,
                     sa_family_t family, struct ip_addr *out, size_t *count)
{
    guint first = list->len > 1 ? names->turn++ % list->len : 0;

    for (guint i = 0; i < list->len; i++) {
        const struct entry *entry = list->pdata[(first + i) % list->len];

        take(&entry->addr, family, out, count);
    }
}

enum names_result names_find(struct names *names, const char *name,
                             sa_family_t family, bool host_allowed,
                             struct ip_addr *out, size_t *count)
{
    g_autofree char *folded = g_ascii_strdown(name, -1);
    const GPtrArray *list = g_hash_table_lookup(names->by_name, folded);
    bool ours;

    *count = 0;
    if (list == NULL && is_host_name(folded)) {
        if (!host_allowed || names->gateway_count == 0)
            return NAMES_NONE;
        for (size_t i = 0; i < names->gateway_count; i++)
            take(&names->gateways[i], family, out, count);
        return NAMES_FOUND;
    }
    ours = list == NULL && cut_domain(folded);
    if (ours)
        list = g_hash_table_lookup(names->by_name, folded);
    if (list == NULL)
        return ours ? NAMES_NONE : NAMES_FOREIGN;
    take_all(names, list, family, out, count);
    return NAMES_FOUND;
}

static bool is_ours(const struct names *names, const struct ip_addr *addr)
{
    for (size_t i = 0; i < names->subnet_count; i++)
        if (ip_prefix_contains(&names->subnets[i], addr))
            return true;
    return false;
}

enum names_result names_find_addr(const struct names *names,
                                  const struct ip_addr *addr, const char **out,
                                  size_t *count)
{
    const GPtrArray *list = g_hash_table_lookup(names->by_addr, addr);

    *count = 0;
    if (list == NULL)
        return is_ours(names, addr) ? NAMES_NONE : NAMES_FOREIGN;
    for (guint i = 0; i < list->len && *count < NAMES_ANSWER_MAX; i++) {
        const struct entry *entry = list->pdata[i];

        out[(*count)++] = entry->name;
    }
    return NAMES_FOUND;
}
