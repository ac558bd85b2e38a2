/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"
#include "control/json.h"

/*
 * How the protocol spells values that are no numbers: words and addresses.
 */
struct word {
    const char *name; /* NULL: the end of the table */
    int value;
};

extern const struct word words_proto[];      /* IPPROTO_TCP and _UDP */
extern const struct word words_flow_proto[]; /* these, _ICMP and _ICMPV6 */
extern const struct word words_source[];     /* enum fwd_source */

/* NULL when there is none. */
const char *word_of(const struct word *words, int value);
/*
 * Reads the member as one of `words`; missing, it leaves `value` alone.  0, or
 * -1 and an error that lists the words.
 */
int values_find_word(const struct json_obj *obj, const char *key,
                     const struct word *words, int *value, GError **err);

/* Reads an IPv4 or IPv6 literal; missing or empty, it leaves `addr` alone. */
int values_find_addr(const struct json_obj *obj, const char *key,
                     struct ip_addr *addr, GError **err);
void values_put_addr(struct json_out *out, const char *key,
                     const struct ip_addr *addr);
