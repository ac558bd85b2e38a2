/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* An IPv4 or IPv6 address as a value; family AF_UNSPEC: none.  Network order.
 */
struct ip_addr {
    sa_family_t family;
    union {
        struct in_addr v4;
        struct in6_addr v6;
    };
};

/* An address with a port in host order. */
struct ip_endpoint {
    struct ip_addr addr;
    uint16_t port;
};

#define IP_ADDR_TEXT_MAX     INET6_ADDRSTRLEN
#define IP_ENDPOINT_TEXT_MAX (INET6_ADDRSTRLEN + sizeof("[]:65535"))

/* From the forms of the C library, in network order. */
struct ip_addr ip_addr_v4(struct in_addr v4);
struct ip_addr ip_addr_v6(const struct in6_addr *v6);
/* The IPv4 address `host_order` as text would name it: 0x0a000202 is 10.0.2.2.
 */
struct ip_addr ip_addr_v4_host(uint32_t host_order);

/* Literal addresses only, no names, no zones; false leaves `out` alone. */
bool ip_addr_parse(const char *text, struct ip_addr *out);
/* Writes into `out` (IP_ADDR_TEXT_MAX bytes) and returns it. */
const char *ip_addr_format(const struct ip_addr *a, char *out);
/* "1.2.3.4:5" or "[::1]:5"; `out` has IP_ENDPOINT_TEXT_MAX bytes. */
const char *ip_endpoint_format(const struct ip_endpoint *e, char *out);

/* By family and value: ::ffff:1.2.3.4 is not 1.2.3.4, see ip_addr_unmap(). */
bool ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b);
bool ip_endpoint_equal(const struct ip_endpoint *a,
                       const struct ip_endpoint *b);
/* For hash tables: equal addresses have equal values. */
uint32_t ip_addr_hash(const struct ip_addr *a);
/* 0.0.0.0 or ::. */
bool ip_addr_is_any(const struct ip_addr *a);
/*
 * 127.0.0.0/8, ::1, and the IPv4-mapped spelling of the former.
 * The unspecified address is not one, although connect(2) takes it for one.
 */
bool ip_addr_is_loopback(const struct ip_addr *a);
/* True if the first `len` bits of `a` and `net` agree (same family). */
bool ip_addr_in_prefix(const struct ip_addr *a, const struct ip_addr *net,
                       unsigned len);
/* ::ffff:1.2.3.4 becomes 1.2.3.4; anything else is returned unchanged. */
struct ip_addr ip_addr_unmap(const struct ip_addr *a);

/* Fills `ss` and returns the length that connect(2) and bind(2) want. */
socklen_t ip_endpoint_to_sockaddr(const struct ip_endpoint *e,
                                  struct sockaddr_storage *ss);
/* False when `ss` is neither AF_INET nor AF_INET6. */
bool ip_endpoint_from_sockaddr(const struct sockaddr_storage *ss,
                               struct ip_endpoint *e);
