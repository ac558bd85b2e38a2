/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/spec_complete.h"

#include "base/error.h"

#include <string.h>

/* Where free networks are looked for, in this order. */
static const char *const pools[] = { "10.89.0.0/16", "10.90.0.0/15",
                                     "10.92.0.0/14", "10.96.0.0/11",
                                     "10.128.0.0/9" };
#define POOL_LEN  24
#define POOL_LEN6 64
/* Of 2^40, one is free soon, unless the random bytes are none. */
#define POOL_TRIES6   256
#define INTERFACE_MAX 100000

static bool is_free(const struct spec_world *world, const struct ip_prefix *net)
{
    return world->holder(world->self, net) == NULL &&
           !world->avoid(world->self, net);
}

/* The network right behind `net`. */
static struct ip_prefix after(const struct ip_prefix *net)
{
    struct ip_addr last = ip_prefix_last(net), next = ip_addr_next(&last);

    return ip_prefix_of(&next, net->len);
}

static bool pick(const struct spec_world *world, struct ip_prefix *out)
{
    for (size_t i = 0; i < G_N_ELEMENTS(pools); i++) {
        struct ip_prefix pool = { .len = 0 }, net;

        (void)ip_prefix_parse(pools[i], &pool, NULL);
        net = ip_prefix_of(&pool.addr, POOL_LEN);
        for (; ip_prefix_contains(&pool, &net.addr); net = after(&net)) {
            if (is_free(world, &net)) {
                *out = net;
                return true;
            }
        }
    }
    return false;
}

/* 0xfd, 40 random bits, subnet 0: RFC 4193, 3.1. */
static bool pick6(const struct spec_world *world, struct ip_prefix *out)
{
    struct ip_addr addr = { .family = AF_INET6 };

    addr.v6.s6_addr[0] = 0xfd;
    memcpy(&addr.v6.s6_addr[1], world->random, 5);
    for (int i = 0; i < POOL_TRIES6; i++) {
        *out = ip_prefix_of(&addr, POOL_LEN6);
        if (is_free(world, out))
            return true;
        addr.v6.s6_addr[5]++;
    }
    return false;
}

static bool has_family(const struct spec *spec, sa_family_t family)
{
    for (size_t i = 0; i < spec->subnet_count; i++)
        if (spec->subnets[i].net.addr.family == family)
            return true;
    return false;
}

static int add_subnet(struct spec *spec, const struct spec_world *world,
                      bool (*find)(const struct spec_world *,
                                   struct ip_prefix *),
                      GError **err)
{
    struct spec_subnet subnet = { .net.len = 0 };

    if (spec->subnet_count == SPEC_SUBNETS_MAX)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "a network has at most %d subnets", SPEC_SUBNETS_MAX);
    if (!find(world, &subnet.net))
        return error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                         "no subnet is free for the network %s: name one",
                         spec->name);
    spec->subnets[spec->subnet_count++] = subnet;
    return 0;
}

static int fill_subnets(struct spec *spec, const struct spec_world *world,
                        GError **err)
{
    bool wants_ipv6 = spec->ipv6;

    spec->ipv6 = spec->ipv6 || has_family(spec, AF_INET6);
    if (spec->subnet_count == 0 && add_subnet(spec, world, pick, err) != 0)
        return -1;
    if (wants_ipv6 && !has_family(spec, AF_INET6))
        return add_subnet(spec, world, pick6, err);
    return 0;
}

static int check_free(const struct spec *spec, const struct spec_world *world,
                      GError **err)
{
    char text[IP_PREFIX_TEXT_MAX];

    for (size_t i = 0; i < spec->subnet_count; i++) {
        const struct ip_prefix *net = &spec->subnets[i].net;
        const char *holder = world->holder(world->self, net);

        if (holder != NULL)
            return error_set(err, SLIPGATE_ERROR_CONFLICT,
                             "the subnet %s overlaps with %s",
                             ip_prefix_format(net, text), holder);
    }
    return 0;
}

/* A network keeps its id when it is made again, as engines like it. */
static void make_id(struct spec *spec)
{
    g_autofree char *id =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, spec->name, -1);

    (void)g_strlcpy(spec->id, id, sizeof(spec->id));
}

static int make_interface(struct spec *spec, const struct spec_world *world,
                          GError **err)
{
    if (spec->interface[0] != '\0') {
        if (!world->has_interface(world->self, spec->interface))
            return 0;
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "another network has the interface %s",
                         spec->interface);
    }
    for (int i = 0; i < INTERFACE_MAX; i++) {
        (void)g_snprintf(spec->interface, sizeof(spec->interface), "br%d", i);
        if (!world->has_interface(world->self, spec->interface))
            return 0;
    }
    return error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                     "no name is free for the bridge of %s", spec->name);
}

int spec_complete(struct spec *spec, const struct spec_world *world,
                  GError **err)
{
    if (check_free(spec, world, err) != 0 ||
        fill_subnets(spec, world, err) != 0 ||
        make_interface(spec, world, err) != 0)
        return -1;
    for (size_t i = 0; i < spec->subnet_count; i++) {
        struct spec_subnet *subnet = &spec->subnets[i];

        if (subnet->gateway.family == AF_UNSPEC)
            subnet->gateway = ip_addr_next(&subnet->net.addr);
    }
    if (spec->id[0] == '\0')
        make_id(spec);
    if (spec->created == 0)
        spec->created = world->now;
    /* What was filled in may not go with the rest. */
    return spec_check(spec, err);
}
