/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/prefix.h"

#include "base/parse.h"

#include <glib.h>
#include <string.h>

unsigned ip_family_bits(sa_family_t family)
{
    return family == AF_INET6 ? 128 : 32;
}

static size_t bytes_of(const struct ip_addr *addr)
{
    return ip_family_bits(addr->family) / 8;
}

/* Both members of the union begin at its first byte. */
static uint8_t *raw(struct ip_addr *addr)
{
    return addr->v6.s6_addr;
}

/* Sets all bits from `len` on to `on`. */
static struct ip_addr fill(const struct ip_addr *addr, unsigned len, bool on)
{
    struct ip_addr out = *addr;
    size_t count = bytes_of(addr);

    for (size_t i = 0; i < count; i++) {
        unsigned kept = len > 8 * i ? MIN(len - 8 * (unsigned)i, 8u) : 0;
        uint8_t rest = (uint8_t)(0xffu >> kept);

        if (on)
            raw(&out)[i] = (uint8_t)(raw(&out)[i] | rest);
        else
            raw(&out)[i] = (uint8_t)(raw(&out)[i] & (uint8_t)~rest);
    }
    return out;
}

struct ip_prefix ip_prefix_of(const struct ip_addr *addr, unsigned len)
{
    return (struct ip_prefix){ fill(addr, len, false), len };
}

struct ip_addr ip_prefix_last(const struct ip_prefix *prefix)
{
    return fill(&prefix->addr, prefix->len, true);
}

bool ip_prefix_parse(const char *text, struct ip_prefix *out, bool *exact)
{
    const char *slash = strchr(text, '/');
    g_autofree char *head = NULL;
    struct ip_addr addr;
    unsigned len;

    if (slash == NULL || slash - text >= IP_ADDR_TEXT_MAX)
        return false;
    head = g_strndup(text, (gsize)(slash - text));
    slash++;
    if (!ip_addr_parse(head, &addr) ||
        !parse_uint(&slash, ip_family_bits(addr.family), &len) ||
        !parse_end(slash))
        return false;
    *out = ip_prefix_of(&addr, len);
    if (exact != NULL)
        *exact = ip_addr_equal(&addr, &out->addr);
    return true;
}

const char *ip_prefix_format(const struct ip_prefix *prefix, char *out)
{
    char addr[IP_ADDR_TEXT_MAX];

    (void)g_snprintf(out, IP_PREFIX_TEXT_MAX, "%s/%u",
                     ip_addr_format(&prefix->addr, addr), prefix->len);
    return out;
}

bool ip_prefix_equal(const struct ip_prefix *a, const struct ip_prefix *b)
{
    return a->len == b->len && ip_addr_equal(&a->addr, &b->addr);
}

bool ip_prefix_contains(const struct ip_prefix *prefix,
                        const struct ip_addr *addr)
{
    return ip_addr_in_prefix(addr, &prefix->addr, prefix->len);
}

bool ip_prefix_overlap(const struct ip_prefix *a, const struct ip_prefix *b)
{
    return ip_prefix_contains(a, &b->addr) || ip_prefix_contains(b, &a->addr);
}

struct ip_addr ip_addr_next(const struct ip_addr *addr)
{
    struct ip_addr out = *addr;

    for (size_t i = bytes_of(addr); i-- > 0;)
        if (++raw(&out)[i] != 0)
            break;
    return out;
}

struct ip_addr ip_addr_previous(const struct ip_addr *addr)
{
    struct ip_addr out = *addr;

    for (size_t i = bytes_of(addr); i-- > 0;)
        if (raw(&out)[i]-- != 0)
            break;
    return out;
}

int ip_addr_compare(const struct ip_addr *a, const struct ip_addr *b)
{
    return memcmp(&a->v6, &b->v6, bytes_of(a));
}
