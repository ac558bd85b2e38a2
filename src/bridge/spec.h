/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/prefix.h"
#include "bridge/label.h"

#include <glib.h>
#include <net/if.h>

/*
 * The definition of a bridge network, with the words of netavark's network
 * JSON, as values.  What a definition leaves open is filled in once, by
 * spec_complete(), and then constant but for what spec_check_update() lets
 * pass.  Pure, any process.
 */
#define SPEC_SUBNETS_MAX 8
#define SPEC_ROUTES_MAX  16
#define SPEC_DNS_MAX     8
#define SPEC_LABELS_MAX  64
#define SPEC_ID_LEN      64 /* hex digits */

/* Which other networks a network exchanges packets with. */
enum spec_isolate {
    SPEC_ISOLATE_STRICT, /* none */
    SPEC_ISOLATE_TRUE,   /* those that are not isolated at all */
    SPEC_ISOLATE_FALSE,  /* those that do not object */
};

struct spec_subnet {
    struct ip_prefix net;
    struct ip_addr gateway; /* AF_UNSPEC: to be filled in, or none */
    /* What leases are taken from; AF_UNSPEC: from the first or to the last. */
    struct ip_addr lease_first, lease_last;
};

/* A route that containers get besides the default one. */
struct spec_route {
    struct ip_prefix destination;
    struct ip_addr gateway;
    uint32_t metric; /* 0: the network's */
};

struct spec {
    char name[LABEL_NAME_MAX + 1];
    char id[SPEC_ID_LEN + 1]; /* "": to be filled in */
    char interface[IFNAMSIZ]; /* of the bridge; "": to be filled in */
    struct spec_subnet subnets[SPEC_SUBNETS_MAX];
    size_t subnet_count; /* 0: to be filled in */
    struct spec_route routes[SPEC_ROUTES_MAX];
    size_t route_count;
    struct ip_addr dns_servers[SPEC_DNS_MAX]; /* upstream; none: the host's */
    size_t dns_server_count;
    bool ipv6;
    bool internal; /* no way out */
    bool dns;      /* names are served */
    bool masquerade;
    bool icc;              /* its containers may talk to each other */
    bool no_default_route; /* its containers get none */
    enum spec_isolate isolate;
    unsigned mtu;    /* 0: the tap's */
    unsigned metric; /* of its containers' routes */
    int64_t created; /* seconds since 1970; 0: now */
    char **labels;   /* key, value, ..., NULL; NULL: none */
};

#define SPEC_METRIC_DEFAULT 100u
#define SPEC_MTU_MIN        1280u /* what IPv6 asks of a link: RFC 8200, 5 */
#define SPEC_MTU_MAX        65520u

/* The defaults; nothing to be freed yet. */
void spec_init(struct spec *spec);
void spec_clear(struct spec *spec);
/* `to` need not be initialised. */
void spec_copy(struct spec *to, const struct spec *from);

/*
 * What a definition must be, looked at alone; it may be incomplete.  0, or -1
 * with SLIPGATE_ERROR_BAD_REQUEST and what is wrong with which part.
 */
int spec_check(const struct spec *spec, GError **err);

/*
 * True when a request for `asked` is satisfied by the network `made`: all that
 * is said in `asked` is so.  What is to be filled in is not said; `created` and
 * labels do not count.
 */
bool spec_matches(const struct spec *asked, const struct spec *made);

/*
 * Checks that `wanted` differs from `made` only in what may change while a
 * network is in use: upstream servers, labels, isolation, talk among its
 * containers, and masquerading.  0, or -1 and BAD_REQUEST.
 */
int spec_check_update(const struct spec *made, const struct spec *wanted,
                      GError **err);

/* The subnet that `addr` is in, or NULL. */
const struct spec_subnet *spec_subnet_of(const struct spec *spec,
                                         const struct ip_addr *addr);
/* True when two networks exchange packets. */
bool spec_connects(const struct spec *a, const struct spec *b);
