/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/flow_key.h"

#include <string.h>

struct flow_key flow_key_make(int proto, const struct ip_endpoint *guest,
                              const struct ip_endpoint *peer)
{
    struct flow_key key = { { 0 } };
    size_t len = guest->addr.family == AF_INET6 ? sizeof(struct in6_addr)
                                                : sizeof(struct in_addr);

    memcpy(&key.word[0], &guest->addr.v6, len);
    memcpy(&key.word[2], &peer->addr.v6, len);
    key.word[4] = (uint64_t)guest->port << 48 | (uint64_t)peer->port << 32 |
                  (uint64_t)guest->addr.family << 8 | (uint8_t)proto;
    return key;
}

guint flow_key_hash(gconstpointer p)
{
    const struct flow_key *key = p;
    uint64_t hash = 0;

    /* The multiplier of Knuth's multiplicative hashing, for 64 bits. */
    for (size_t i = 0; i < G_N_ELEMENTS(key->word); i++) {
        hash = (hash ^ key->word[i]) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return (guint)hash;
}

gboolean flow_key_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(struct flow_key)) == 0;
}
