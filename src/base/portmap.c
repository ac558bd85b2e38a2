/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/portmap.h"

#include "base/error.h"
#include "base/parse.h"

#include <string.h>

#define PORT_MAX 65535u

/* PORT or FIRST-LAST. */
static bool parse_ports(const char **cursor, uint16_t *first, unsigned *count)
{
    const char *p = *cursor;
    unsigned low, high;

    if (!parse_uint(&p, PORT_MAX, &low))
        return false;
    high = low;
    if (parse_literal(&p, "-") && !parse_uint(&p, PORT_MAX, &high))
        return false;
    if (high < low)
        return false;
    *first = (uint16_t)low;
    *count = high - low + 1;
    *cursor = p;
    return true;
}

/* The text up to `end`, taken as an address of `family`. */
static bool parse_addr(const char **cursor, const char *end, sa_family_t family,
                       struct ip_addr *out)
{
    g_autofree char *text = NULL;
    struct ip_addr addr;

    if (end == NULL)
        return false;
    text = g_strndup(*cursor, (gsize)(end - *cursor));
    if (!ip_addr_parse(text, &addr) || addr.family != family)
        return false;
    *out = ip_addr_unmap(&addr);
    *cursor = end + 1;
    return true;
}

/* "[ADDR]:", "A.D.D.R:", "*:" or nothing; false: no address at all. */
static bool parse_host(const char **cursor, struct portmap *map)
{
    const char *p = *cursor;

    map->host = ip_addr_v4_host(INADDR_ANY);
    if (parse_literal(&p, "*:")) {
        map->both_families = true;
    } else if (parse_literal(&p, "[")) {
        if (!parse_addr(&p, strchr(p, ']'), AF_INET6, &map->host) ||
            !parse_literal(&p, ":"))
            return false;
    } else if (p[strspn(p, "0123456789-")] != ':' &&
               !parse_addr(&p, strchr(p, ':'), AF_INET, &map->host)) {
        return false;
    }
    *cursor = p;
    return true;
}

static bool parse_proto(const char **cursor, int *proto)
{
    *proto = IPPROTO_TCP;
    if (parse_literal(cursor, "/udp"))
        *proto = IPPROTO_UDP;
    else
        (void)parse_literal(cursor, "/tcp");
    return parse_end(*cursor);
}

int portmap_parse(const char *text, struct portmap *out, GError **err)
{
    struct portmap map = { 0 };
    const char *p = text;
    unsigned guest_range;
    bool has_host = parse_host(&p, &map);

    if (!has_host && strchr(text, ':') != NULL)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "\"%s\" does not begin with an address or a port",
                         text);
    if (!has_host || !parse_ports(&p, &map.host_port, &map.range) ||
        !parse_literal(&p, ":") ||
        !parse_ports(&p, &map.guest_port, &guest_range) ||
        map.guest_port == 0 || !parse_proto(&p, &map.proto))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "\"%s\" is not of the form "
                         "[ADDR:]HOSTPORT[-END]:GUESTPORT[-END][/tcp|udp]",
                         text);
    if (map.host_port == 0 && map.range == 1)
        map.range = guest_range;
    if (map.range != guest_range)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "\"%s\" leads %u ports to %u", text, map.range,
                         guest_range);
    *out = map;
    return 0;
}
