/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/spec.h"

#include "base/error.h"

#include <string.h>

void spec_init(struct spec *spec)
{
    *spec = (struct spec){ .dns = true,
                           .masquerade = true,
                           .icc = true,
                           .isolate = SPEC_ISOLATE_STRICT,
                           .metric = SPEC_METRIC_DEFAULT };
}

void spec_clear(struct spec *spec)
{
    g_strfreev(spec->labels);
    spec->labels = NULL;
}

void spec_copy(struct spec *to, const struct spec *from)
{
    *to = *from;
    to->labels = g_strdupv(from->labels);
}

const struct spec_subnet *spec_subnet_of(const struct spec *spec,
                                         const struct ip_addr *addr)
{
    for (size_t i = 0; i < spec->subnet_count; i++)
        if (ip_prefix_contains(&spec->subnets[i].net, addr))
            return &spec->subnets[i];
    return NULL;
}

bool spec_connects(const struct spec *a, const struct spec *b)
{
    if (a->internal || b->internal)
        return false;
    if (a->isolate == SPEC_ISOLATE_STRICT || b->isolate == SPEC_ISOLATE_STRICT)
        return false;
    return a->isolate == SPEC_ISOLATE_FALSE || b->isolate == SPEC_ISOLATE_FALSE;
}

/* --- checks --- */

static int bad(GError **err, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static int bad(GError **err, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "%s", text);
}

/* Where no container can live. */
static bool is_special(const struct ip_prefix *net)
{
    static const char *const specials[] = { "0.0.0.0/8",      "127.0.0.0/8",
                                            "169.254.0.0/16", "224.0.0.0/3",
                                            "::/8",           "fe80::/10",
                                            "ff00::/8" };

    for (size_t i = 0; i < G_N_ELEMENTS(specials); i++) {
        struct ip_prefix special;

        if (ip_prefix_parse(specials[i], &special, NULL) &&
            ip_prefix_overlap(net, &special))
            return true;
    }
    return false;
}

/* An address that one machine of the subnet can have. */
static bool is_host(const struct ip_prefix *net, const struct ip_addr *addr)
{
    struct ip_addr last = ip_prefix_last(net);

    return ip_prefix_contains(net, addr) && !ip_addr_equal(addr, &net->addr) &&
           !(net->addr.family == AF_INET && ip_addr_equal(addr, &last));
}

static int check_inside(const struct spec_subnet *subnet,
                        const struct ip_addr *addr, const char *what,
                        GError **err)
{
    char text[IP_ADDR_TEXT_MAX], net[IP_PREFIX_TEXT_MAX];

    if (addr->family == AF_UNSPEC || is_host(&subnet->net, addr))
        return 0;
    return bad(err, "the %s %s is not an address inside the subnet %s", what,
               ip_addr_format(addr, text), ip_prefix_format(&subnet->net, net));
}

static int check_range(const struct spec_subnet *subnet, GError **err)
{
    char net[IP_PREFIX_TEXT_MAX];

    if (check_inside(subnet, &subnet->lease_first, "start of the lease range",
                     err) != 0 ||
        check_inside(subnet, &subnet->lease_last, "end of the lease range",
                     err) != 0)
        return -1;
    if (subnet->lease_first.family != AF_UNSPEC &&
        subnet->lease_last.family != AF_UNSPEC &&
        ip_addr_compare(&subnet->lease_first, &subnet->lease_last) > 0)
        return bad(err,
                   "the lease range of the subnet %s ends before it begins",
                   ip_prefix_format(&subnet->net, net));
    return 0;
}

static int check_subnet(const struct spec_subnet *subnet, GError **err)
{
    const struct ip_prefix *net = &subnet->net;
    unsigned bits = ip_family_bits(net->addr.family);
    char text[IP_PREFIX_TEXT_MAX];

    if (net->len > bits - 2)
        return bad(err, "the subnet %s is too small: the longest prefix is /%u",
                   ip_prefix_format(net, text), bits - 2);
    if (is_special(net))
        return bad(err, "the subnet %s holds addresses that no machine has",
                   ip_prefix_format(net, text));
    if (check_inside(subnet, &subnet->gateway, "gateway", err) != 0)
        return -1;
    return check_range(subnet, err);
}

static int check_subnets(const struct spec *spec, GError **err)
{
    char one[IP_PREFIX_TEXT_MAX], other[IP_PREFIX_TEXT_MAX];

    for (size_t i = 0; i < spec->subnet_count; i++) {
        if (check_subnet(&spec->subnets[i], err) != 0)
            return -1;
        for (size_t j = 0; j < i; j++)
            if (ip_prefix_overlap(&spec->subnets[i].net, &spec->subnets[j].net))
                return bad(err, "the subnets %s and %s overlap",
                           ip_prefix_format(&spec->subnets[j].net, one),
                           ip_prefix_format(&spec->subnets[i].net, other));
    }
    return 0;
}

static int check_routes(const struct spec *spec, GError **err)
{
    char text[IP_PREFIX_TEXT_MAX], addr[IP_ADDR_TEXT_MAX];

    for (size_t i = 0; i < spec->route_count; i++) {
        const struct spec_route *route = &spec->routes[i];

        if (route->gateway.family != route->destination.addr.family)
            return bad(err, "the route to %s needs a gateway of its family",
                       ip_prefix_format(&route->destination, text));
        /* Without subnets, nobody knows yet what will be inside. */
        if (spec->subnet_count > 0 &&
            spec_subnet_of(spec, &route->gateway) == NULL)
            return bad(err, "the gateway %s of the route to %s is in no subnet",
                       ip_addr_format(&route->gateway, addr),
                       ip_prefix_format(&route->destination, text));
    }
    return 0;
}

static bool is_id(const char *text)
{
    return strspn(text, "0123456789abcdef") == SPEC_ID_LEN;
}

/* Names that stand beside the bridges already, or will. */
static bool is_ours(const char *interface)
{
    static const char *const ours[] = { "all", "default", "lo",
                                        "r0",  "tap1",    NULL };

    return g_strv_contains(ours, interface) ||
           (g_str_has_prefix(interface, "port") &&
            interface[4 + strspn(interface + 4, "0123456789")] == '\0');
}

static bool has_ipv6(const struct spec *spec)
{
    for (size_t i = 0; i < spec->subnet_count; i++)
        if (spec->subnets[i].net.addr.family == AF_INET6)
            return true;
    return spec->ipv6;
}

static int check_words(const struct spec *spec, GError **err)
{
    if (!label_is_name(spec->name, LABEL_NAME_MAX))
        return bad(err,
                   "\"%s\" is no name for a network: 1 to %d letters, digits, "
                   "'_', '.' and '-', the first a letter or a digit",
                   spec->name, LABEL_NAME_MAX);
    if (spec->id[0] != '\0' && !is_id(spec->id))
        return bad(err, "the id \"%s\" is not %d hex digits in lower case",
                   spec->id, SPEC_ID_LEN);
    if (spec->interface[0] != '\0' && !label_is_interface(spec->interface))
        return bad(err, "\"%s\" is no name for an interface", spec->interface);
    if (is_ours(spec->interface))
        return bad(err, "no bridge may have the name %s", spec->interface);
    return 0;
}

int spec_check(const struct spec *spec, GError **err)
{
    if (check_words(spec, err) != 0 || check_subnets(spec, err) != 0 ||
        check_routes(spec, err) != 0)
        return -1;
    if (spec->mtu != 0 &&
        (spec->mtu < SPEC_MTU_MIN || spec->mtu > SPEC_MTU_MAX))
        return bad(err, "an MTU of %u is not from %u to %u", spec->mtu,
                   SPEC_MTU_MIN, SPEC_MTU_MAX);
    return 0;
}

/* --- equality --- */

static bool same_or_open(const struct ip_addr *asked,
                         const struct ip_addr *made)
{
    return asked->family == AF_UNSPEC || ip_addr_equal(asked, made);
}

static bool subnet_matches(const struct spec_subnet *asked,
                           const struct spec_subnet *made)
{
    return ip_prefix_equal(&asked->net, &made->net) &&
           same_or_open(&asked->gateway, &made->gateway) &&
           ip_addr_equal(&asked->lease_first, &made->lease_first) &&
           ip_addr_equal(&asked->lease_last, &made->lease_last);
}

/* Those that were filled in stand behind those that were asked for. */
static bool subnets_match(const struct spec *asked, const struct spec *made)
{
    if (asked->subnet_count > made->subnet_count)
        return false;
    for (size_t i = 0; i < asked->subnet_count; i++)
        if (!subnet_matches(&asked->subnets[i], &made->subnets[i]))
            return false;
    return has_ipv6(asked) == made->ipv6;
}

static bool lists_match(const struct spec *asked, const struct spec *made)
{
    if (asked->route_count != made->route_count ||
        asked->dns_server_count != made->dns_server_count)
        return false;
    for (size_t i = 0; i < asked->route_count; i++) {
        const struct spec_route *a = &asked->routes[i], *b = &made->routes[i];

        if (!ip_prefix_equal(&a->destination, &b->destination) ||
            !ip_addr_equal(&a->gateway, &b->gateway) || a->metric != b->metric)
            return false;
    }
    for (size_t i = 0; i < asked->dns_server_count; i++)
        if (!ip_addr_equal(&asked->dns_servers[i], &made->dns_servers[i]))
            return false;
    return true;
}

static bool text_or_open(const char *asked, const char *made)
{
    return asked[0] == '\0' || strcmp(asked, made) == 0;
}

bool spec_matches(const struct spec *asked, const struct spec *made)
{
    return strcmp(asked->name, made->name) == 0 &&
           text_or_open(asked->id, made->id) &&
           text_or_open(asked->interface, made->interface) &&
           subnets_match(asked, made) && lists_match(asked, made) &&
           asked->internal == made->internal && asked->dns == made->dns &&
           asked->masquerade == made->masquerade && asked->icc == made->icc &&
           asked->no_default_route == made->no_default_route &&
           asked->isolate == made->isolate && asked->mtu == made->mtu &&
           asked->metric == made->metric;
}

int spec_check_update(const struct spec *made, const struct spec *wanted,
                      GError **err)
{
    struct spec same = *wanted;

    same.isolate = made->isolate;
    same.icc = made->icc;
    same.masquerade = made->masquerade;
    memcpy(same.dns_servers, made->dns_servers, sizeof(same.dns_servers));
    same.dns_server_count = made->dns_server_count;
    if (spec_check(wanted, err) != 0)
        return -1;
    if (spec_matches(&same, made))
        return 0;
    return bad(err, "only the servers, the labels, isolation, icc and "
                    "masquerading of a network that is there can change");
}
