/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"

#include <glib.h>

/*
 * The host's name servers, from resolv.conf(5).  The file is looked at when
 * somebody asks, once a second at most, and read again when it has changed, by
 * writing or by a rename: a confined gate sees both, and an idle one is not
 * woken.  Gate process only.
 */
struct resolvers;

#define RESOLVERS_MAX 8u /* all that a file may name; libc takes three */

struct resolver {
    struct ip_addr addr;
    uint32_t scope; /* interface of a link-local address; 0: none */
    uint16_t port;  /* 0: the usual one */
};

struct resolver_list {
    struct resolver server[RESOLVERS_MAX];
    size_t count;
    unsigned timeout_s; /* for one answer; 1 to 10, 5 when not given */
    unsigned attempts;  /* rounds through all servers; 1 to 5, 2 */
};

/*
 * Reads what resolv.conf says.  Lines that are not understood are skipped;
 * without any server it is the one on the local machine, as resolv.conf(5) has
 * it.
 */
void resolvers_parse(const char *text, struct resolver_list *out);

/* `path` NULL: /etc/resolv.conf. */
struct resolvers *resolvers_new(const char *path);
void resolvers_free(struct resolvers *resolvers);

/*
 * The servers now (`now_ns`: loop_now_ns()); never empty.  Valid until the next
 * call.  A file that cannot be read leaves the last ones.
 */
const struct resolver_list *resolvers_get(struct resolvers *resolvers,
                                          int64_t now_ns);
