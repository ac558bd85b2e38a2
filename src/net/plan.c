/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/plan.h"

#include "base/error.h"
#include "base/parse.h"

#include <arpa/inet.h>
#include <string.h>

#define OCTET_REFUSED 256u
#define PREFIX_MIN    1u
#define PREFIX_MAX                                            \
    25u /* the guest is net+100, so the net holds 128 or more \
         */

enum offset {
    OFFSET_GATEWAY = 2,
    OFFSET_DNS = 3,
    OFFSET_DHCP_START = 15,
    OFFSET_DHCP_END = 30,
    OFFSET_GUEST = 100,
};

/* Where some programs read an octal number, and others a decimal one. */
static bool is_ambiguous(const char *number)
{
    return number[0] == '0' && g_ascii_isdigit(number[1]);
}

/* Four numbers; the caller judges octets above 255, as ambiguous ones are. */
static bool parse_quad(const char **cursor, unsigned octets[4])
{
    for (int i = 0; i < 4; i++) {
        const char *number;

        if (i > 0 && !parse_literal(cursor, "."))
            return false;
        number = *cursor;
        if (!parse_uint(cursor, 99999, &octets[i]))
            return false;
        if (is_ambiguous(number))
            octets[i] = OCTET_REFUSED;
    }
    return true;
}

static int parse_cidr(const char *cidr, uint32_t *network, unsigned *len,
                      GError **err)
{
    const char *p = cidr;
    unsigned octets[4];

    if (!parse_quad(&p, octets) || !parse_literal(&p, "/") || is_ambiguous(p) ||
        !parse_uint(&p, 9999, len) || !parse_end(p))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "invalid CIDR: %s",
                         cidr);
    *network = 0;
    for (int i = 0; i < 4; i++) {
        if (octets[i] > 255)
            return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                             "invalid network address: %.*s",
                             (int)strcspn(cidr, "/"), cidr);
        *network = *network << 8 | octets[i];
    }
    if (*len < PREFIX_MIN || *len > PREFIX_MAX)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "prefix length needs to be %u-%u", PREFIX_MIN,
                         PREFIX_MAX);
    return 0;
}

static void plan_ipv6(struct plan *plan)
{
    bool ok = ip_addr_parse("fd00::", &plan->network6) &&
              ip_addr_parse("fd00::2", &plan->gateway6) &&
              ip_addr_parse("fd00::3", &plan->dns6) &&
              ip_addr_parse("fd00::100", &plan->guest6) &&
              ip_addr_parse("fe80::2", &plan->router6);

    g_assert(ok);
    plan->prefix_len6 = 64;
}

int plan_init(struct plan *plan, const char *cidr, GError **err)
{
    uint32_t network = 0, mask;
    unsigned len;
    char text[IP_ADDR_TEXT_MAX];
    struct ip_addr base;

    if (parse_cidr(cidr, &network, &len, err) < 0)
        return -1;
    mask = ~(uint32_t)0 << (32 - len);
    base = ip_addr_v4_host(network & mask);
    if ((network & ~mask) != 0)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "CIDR needs to be a network address like %s/%u, "
                         "not like %s",
                         ip_addr_format(&base, text), len, cidr);
    *plan = (struct plan){
        .network = base,
        .netmask = ip_addr_v4_host(mask),
        .gateway = ip_addr_v4_host(network + OFFSET_GATEWAY),
        .dns = ip_addr_v4_host(network + OFFSET_DNS),
        .dhcp_start = ip_addr_v4_host(network + OFFSET_DHCP_START),
        .dhcp_end = ip_addr_v4_host(network + OFFSET_DHCP_END),
        .guest = ip_addr_v4_host(network + OFFSET_GUEST),
        .prefix_len = len,
    };
    plan_ipv6(plan);
    return 0;
}
