/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

struct ip_addr ip_addr_v4(struct in_addr v4)
{
    return (struct ip_addr){ .family = AF_INET, .v4 = v4 };
}

struct ip_addr ip_addr_v6(const struct in6_addr *v6)
{
    return (struct ip_addr){ .family = AF_INET6, .v6 = *v6 };
}

struct ip_addr ip_addr_v4_host(uint32_t host_order)
{
    return ip_addr_v4((struct in_addr){ .s_addr = htonl(host_order) });
}

bool ip_addr_parse(const char *text, struct ip_addr *out)
{
    struct ip_addr a = { .family = AF_INET };

    if (inet_pton(AF_INET, text, &a.v4) != 1) {
        a.family = AF_INET6;
        if (inet_pton(AF_INET6, text, &a.v6) != 1)
            return false;
    }
    *out = a;
    return true;
}

const char *ip_addr_format(const struct ip_addr *a, char *out)
{
    const void *raw = a->family == AF_INET6 ? (const void *)&a->v6 : &a->v4;

    if (a->family == AF_UNSPEC ||
        inet_ntop(a->family, raw, out, IP_ADDR_TEXT_MAX) == NULL)
        (void)snprintf(out, IP_ADDR_TEXT_MAX, "none");
    return out;
}

const char *ip_endpoint_format(const struct ip_endpoint *e, char *out)
{
    char addr[IP_ADDR_TEXT_MAX];

    (void)snprintf(out, IP_ENDPOINT_TEXT_MAX,
                   e->addr.family == AF_INET6 ? "[%s]:%u" : "%s:%u",
                   ip_addr_format(&e->addr, addr), e->port);
    return out;
}

bool ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
    if (a->family != b->family)
        return false;
    if (a->family == AF_INET)
        return a->v4.s_addr == b->v4.s_addr;
    return a->family == AF_UNSPEC || memcmp(&a->v6, &b->v6, sizeof(a->v6)) == 0;
}

bool ip_endpoint_equal(const struct ip_endpoint *a, const struct ip_endpoint *b)
{
    return a->port == b->port && ip_addr_equal(&a->addr, &b->addr);
}

uint32_t ip_addr_hash(const struct ip_addr *a)
{
    uint32_t word[4] = { 0 };
    uint32_t hash = 0;

    if (a->family == AF_INET)
        word[0] = a->v4.s_addr;
    else if (a->family == AF_INET6)
        memcpy(word, &a->v6, sizeof(word));
    for (size_t i = 0; i < 4; i++)
        hash = (hash ^ word[i]) * 0x9e3779b1u;
    return hash ^ hash >> 15;
}

bool ip_addr_is_any(const struct ip_addr *a)
{
    if (a->family == AF_INET)
        return a->v4.s_addr == htonl(INADDR_ANY);
    return a->family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&a->v6);
}

bool ip_addr_is_loopback(const struct ip_addr *a)
{
    struct ip_addr plain = ip_addr_unmap(a);

    if (plain.family == AF_INET)
        return ntohl(plain.v4.s_addr) >> 24 == IN_LOOPBACKNET;
    return plain.family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&plain.v6);
}

bool ip_addr_in_prefix(const struct ip_addr *a, const struct ip_addr *net,
                       unsigned len)
{
    const uint8_t *x = (const uint8_t *)&a->v6;
    const uint8_t *y = (const uint8_t *)&net->v6;
    unsigned bits = len % 8;

    if (a->family != net->family || len > (a->family == AF_INET ? 32u : 128u))
        return false;
    if (memcmp(x, y, len / 8) != 0)
        return false;
    return bits == 0 || (x[len / 8] ^ y[len / 8]) >> (8 - bits) == 0;
}

struct ip_addr ip_addr_unmap(const struct ip_addr *a)
{
    struct in_addr v4;

    if (a->family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&a->v6))
        return *a;
    memcpy(&v4, &a->v6.s6_addr[12], sizeof(v4));
    return ip_addr_v4(v4);
}

socklen_t ip_endpoint_to_sockaddr(const struct ip_endpoint *e,
                                  struct sockaddr_storage *ss)
{
    struct sockaddr_in in = { .sin_family = AF_INET,
                              .sin_port = htons(e->port),
                              .sin_addr = e->addr.v4 };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
                                .sin6_port = htons(e->port),
                                .sin6_addr = e->addr.v6 };

    memset(ss, 0, sizeof(*ss));
    if (e->addr.family == AF_INET6) {
        memcpy(ss, &in6, sizeof(in6));
        return sizeof(in6);
    }
    memcpy(ss, &in, sizeof(in));
    return sizeof(in);
}

bool ip_endpoint_from_sockaddr(const struct sockaddr_storage *ss,
                               struct ip_endpoint *e)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    switch (ss->ss_family) {
    case AF_INET:
        memcpy(&in, ss, sizeof(in));
        *e =
            (struct ip_endpoint){ ip_addr_v4(in.sin_addr), ntohs(in.sin_port) };
        return true;
    case AF_INET6:
        memcpy(&in6, ss, sizeof(in6));
        *e = (struct ip_endpoint){ ip_addr_v6(&in6.sin6_addr),
                                   ntohs(in6.sin6_port) };
        return true;
    default:
        return false;
    }
}
