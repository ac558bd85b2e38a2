/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/lease.h"

#include "base/error.h"

#include <string.h>

struct leases {
    const struct spec *spec;
    GHashTable *taken; /* text of the address -> holder, both owned */
    struct ip_addr last[SPEC_SUBNETS_MAX]; /* given out; AF_UNSPEC: none yet */
};

struct leases *leases_new(const struct spec *spec)
{
    struct leases *leases = g_new0(struct leases, 1);

    leases->spec = spec;
    leases->taken =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return leases;
}

void leases_free(struct leases *leases)
{
    if (leases == NULL)
        return;
    g_hash_table_destroy(leases->taken);
    g_free(leases);
}

const char *leases_holder(const struct leases *leases,
                          const struct ip_addr *addr)
{
    char text[IP_ADDR_TEXT_MAX];

    return g_hash_table_lookup(leases->taken, ip_addr_format(addr, text));
}

size_t leases_count(const struct leases *leases)
{
    return g_hash_table_size(leases->taken);
}

void leases_drop(struct leases *leases, const struct ip_addr *addr)
{
    char text[IP_ADDR_TEXT_MAX];

    g_hash_table_remove(leases->taken, ip_addr_format(addr, text));
}

static void put(struct leases *leases, const struct ip_addr *addr,
                const char *holder)
{
    char text[IP_ADDR_TEXT_MAX];

    g_hash_table_insert(leases->taken, g_strdup(ip_addr_format(addr, text)),
                        g_strdup(holder));
}

/* The lowest and the highest that a machine can have. */
static void bounds(const struct ip_prefix *net, struct ip_addr *first,
                   struct ip_addr *last)
{
    *first = ip_addr_next(&net->addr);
    *last = ip_prefix_last(net);
    if (net->addr.family == AF_INET)
        *last = ip_addr_previous(last);
}

static int check(const struct leases *leases, const struct ip_addr *addr,
                 GError **err)
{
    const struct spec_subnet *subnet = spec_subnet_of(leases->spec, addr);
    struct ip_addr first, last;
    char text[IP_ADDR_TEXT_MAX];
    const char *holder;

    if (subnet == NULL)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "the address %s is outside the subnets of the network "
                         "%s",
                         ip_addr_format(addr, text), leases->spec->name);
    bounds(&subnet->net, &first, &last);
    if (ip_addr_compare(addr, &first) < 0 || ip_addr_compare(addr, &last) > 0)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "the address %s is that of the network %s itself",
                         ip_addr_format(addr, text), leases->spec->name);
    if (ip_addr_equal(addr, &subnet->gateway))
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "the address %s is the gateway of the network %s",
                         ip_addr_format(addr, text), leases->spec->name);
    holder = leases_holder(leases, addr);
    if (holder != NULL)
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "the container %s has the address %s", holder,
                         ip_addr_format(addr, text));
    return 0;
}

int leases_take(struct leases *leases, const struct ip_addr *addr,
                const char *holder, GError **err)
{
    if (check(leases, addr, err) != 0)
        return -1;
    put(leases, addr, holder);
    return 0;
}

static void range_of(const struct spec_subnet *subnet, struct ip_addr *first,
                     struct ip_addr *last)
{
    bounds(&subnet->net, first, last);
    if (subnet->lease_first.family != AF_UNSPEC)
        *first = subnet->lease_first;
    if (subnet->lease_last.family != AF_UNSPEC)
        *last = subnet->lease_last;
}

/* Each step but the last meets a taken address: the search is as long as the
   table at most. */
int leases_pick(struct leases *leases, size_t subnet, const char *holder,
                struct ip_addr *out, GError **err)
{
    const struct spec_subnet *from = &leases->spec->subnets[subnet];
    struct ip_addr first, last, begin, addr;
    char text[IP_PREFIX_TEXT_MAX];

    range_of(from, &first, &last);
    begin = leases->last[subnet].family == AF_UNSPEC ||
                    ip_addr_equal(&leases->last[subnet], &last)
                ? first
                : ip_addr_next(&leases->last[subnet]);
    addr = begin;
    do {
        if (!ip_addr_equal(&addr, &from->gateway) &&
            leases_holder(leases, &addr) == NULL) {
            put(leases, &addr, holder);
            *out = leases->last[subnet] = addr;
            return 0;
        }
        addr = ip_addr_equal(&addr, &last) ? first : ip_addr_next(&addr);
    } while (!ip_addr_equal(&addr, &begin));
    return error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                     "all addresses of the subnet %s of the network %s are "
                     "taken",
                     ip_prefix_format(&from->net, text), leases->spec->name);
}

void lease_mac(const struct ip_addr *addr, uint8_t mac[6])
{
    const uint8_t *bytes = addr->v6.s6_addr;

    mac[0] = 0x52;
    mac[1] = 0x73;
    memcpy(&mac[2], addr->family == AF_INET ? bytes : bytes + 12, 4);
}
