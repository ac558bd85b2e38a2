/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/replies.h"

#include <string.h>

#define SLOTS 4096u /* a power of two */

struct reply {
    uint8_t guest[18], peer[18]; /* address and port as bytes */
    int64_t noted_ns;            /* 0: empty */
};

struct replies {
    struct reply slots[SLOTS];
};

struct replies *replies_new(void)
{
    return g_new0(struct replies, 1);
}

void replies_free(struct replies *replies)
{
    g_free(replies);
}

void replies_clear(struct replies *replies)
{
    memset(replies, 0, sizeof(*replies));
}

static void pack(const struct ip_endpoint *e, uint8_t out[18])
{
    memset(out, 0, 18);
    memcpy(out, &e->addr.v6, e->addr.family == AF_INET6 ? 16 : 4);
    frame_put16(out + 16, e->port);
}

static size_t make(struct reply *key, const struct ip_endpoint *guest,
                   const struct ip_endpoint *peer)
{
    guint32 hash = 2166136261u; /* FNV-1a */

    pack(guest, key->guest);
    pack(peer, key->peer);
    for (size_t i = 0; i < sizeof(key->guest); i++)
        hash = ((hash ^ key->guest[i]) * 16777619u ^ key->peer[i]) * 16777619u;
    return hash & (SLOTS - 1);
}

void replies_note(struct replies *replies, const struct frame *f,
                  int64_t now_ns)
{
    struct reply key = { .noted_ns = now_ns };

    replies->slots[make(&key, &f->dst, &f->src)] = key;
}

bool replies_expects(const struct replies *replies, const struct frame *f,
                     int64_t now_ns)
{
    struct reply key;
    const struct reply *slot = &replies->slots[make(&key, &f->src, &f->dst)];

    return slot->noted_ns != 0 &&
           now_ns - slot->noted_ns < REPLIES_TIMEOUT_S * 1000000000LL &&
           memcmp(slot->guest, key.guest, sizeof(key.guest)) == 0 &&
           memcmp(slot->peer, key.peer, sizeof(key.peer)) == 0;
}
