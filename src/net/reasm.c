/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/reasm.h"

#include "net/checksum.h"

#include <glib.h>
#include <string.h>

#define UNIT        8u /* fragment offsets count these */
#define UNITS_MAX   (65536u / UNIT)
#define HEADERS_LEN (FRAME_ETH_LEN + FRAME_IPV4_LEN)

struct packet {
    bool used;
    uint8_t key[12]; /* addresses, id, protocol, a zero */
    int64_t since_ns;
    size_t total; /* payload bytes, 0 until the last fragment is here */
    size_t filled;
    size_t reach;   /* end of the farthest fragment */
    uint8_t *frame; /* FRAME_MAX bytes, kept for reuse */
    uint8_t have[UNITS_MAX / 8];
};

struct reasm {
    struct stats *stats;
    struct packet slots[REASM_SLOTS];
};

struct reasm *reasm_new(struct stats *stats)
{
    struct reasm *reasm = g_new0(struct reasm, 1);

    reasm->stats = stats;
    return reasm;
}

void reasm_free(struct reasm *reasm)
{
    if (reasm == NULL)
        return;
    for (size_t i = 0; i < REASM_SLOTS; i++)
        g_free(reasm->slots[i].frame);
    g_free(reasm);
}

static void make_key(const struct frame *f, uint8_t key[12])
{
    const uint8_t *ip = f->data + FRAME_ETH_LEN;

    memcpy(key, ip + 12, 8);
    memcpy(key + 8, ip + 4, 2);
    key[10] = ip[9];
    key[11] = 0;
}

static void discard(struct reasm *reasm, struct packet *p)
{
    p->used = false;
    reasm->stats->drop_fragment++;
}

static struct packet *start(struct packet *p, const uint8_t key[12],
                            int64_t now_ns)
{
    if (p->frame == NULL)
        p->frame = g_malloc(FRAME_MAX);
    p->used = true;
    memcpy(p->key, key, sizeof(p->key));
    p->since_ns = now_ns;
    p->total = 0;
    p->filled = 0;
    p->reach = 0;
    memset(p->have, 0, sizeof(p->have));
    return p;
}

static struct packet *find(struct reasm *reasm, const struct frame *f,
                           int64_t now_ns)
{
    uint8_t key[12];
    struct packet *pick = NULL;

    make_key(f, key);
    for (size_t i = 0; i < REASM_SLOTS; i++) {
        struct packet *p = &reasm->slots[i];

        if (p->used && now_ns - p->since_ns > REASM_TIMEOUT_S * 1000000000LL)
            discard(reasm, p);
        if (p->used && memcmp(p->key, key, sizeof(key)) == 0)
            return p;
        if (pick == NULL ||
            (pick->used && (!p->used || p->since_ns < pick->since_ns)))
            pick = p;
    }
    if (pick->used)
        discard(reasm, pick);
    return start(pick, key, now_ns);
}

/* Marks the units of [from, from + len); false if one is there already. */
static bool claim(struct packet *p, size_t from, size_t len)
{
    size_t end = (from + len + UNIT - 1) / UNIT;

    for (size_t u = from / UNIT; u < end; u++)
        if ((p->have[u / 8] & 1u << u % 8) != 0)
            return false;
    for (size_t u = from / UNIT; u < end; u++)
        p->have[u / 8] |= (uint8_t)(1u << u % 8);
    p->filled += len;
    return true;
}

/* One end only, and nothing beyond it: then "filled" means "without a hole". */
static bool fits(const struct packet *p, size_t end, bool more)
{
    if (more)
        return p->total == 0 || end <= p->total;
    return p->total == 0 && end >= p->reach;
}

static bool add(struct packet *p, const struct frame *f)
{
    const uint8_t *ip = f->data + FRAME_ETH_LEN;
    uint16_t field = frame_get16(ip + 6);
    size_t from = (size_t)(field & 0x1fff) * UNIT;
    size_t len = f->len - HEADERS_LEN, end = from + len;
    bool more = (field & 0x2000) != 0;

    if (len == 0 || end > 65535 - FRAME_IPV4_LEN || (more && len % UNIT != 0) ||
        !fits(p, end, more) || !claim(p, from, len))
        return false;
    p->reach = MAX(p->reach, end);
    if (!more)
        p->total = end;
    if (from == 0)
        memcpy(p->frame, f->data, HEADERS_LEN);
    memcpy(p->frame + HEADERS_LEN + from, f->data + HEADERS_LEN, len);
    return true;
}

uint8_t *reasm_put(struct reasm *reasm, const struct frame *f, int64_t now_ns,
                   size_t *len)
{
    struct packet *p = find(reasm, f, now_ns);
    uint8_t *ip;

    if (!add(p, f)) {
        discard(reasm, p);
        return NULL;
    }
    if (p->total == 0 || p->filled != p->total)
        return NULL;
    p->used = false;
    ip = p->frame + FRAME_ETH_LEN;
    frame_put16(ip + 2, (uint16_t)(FRAME_IPV4_LEN + p->total));
    frame_put16(ip + 6, 0);
    checksum_set_ipv4(ip);
    *len = HEADERS_LEN + p->total;
    reasm->stats->packets_reassembled++;
    return p->frame;
}
