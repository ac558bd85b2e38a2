/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/reasm.h"

#include "net/checksum.h"

#include <glib.h>
#include <string.h>

#define UNIT         8u /* fragment offsets count these */
#define UNITS_MAX    (65536u / UNIT)
#define HEADERS_LEN  (FRAME_ETH_LEN + FRAME_IPV4_LEN)
#define HEADERS6_LEN (FRAME_ETH_LEN + FRAME_IPV6_LEN)
#define KEY_LEN      40u

struct packet {
    bool used;
    uint8_t key[KEY_LEN]; /* addresses, id, protocol, version; zeros */
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

static bool is_v6(const struct frame *f)
{
    return f->src.addr.family == AF_INET6;
}

static void make_key(const struct frame *f, uint8_t key[KEY_LEN])
{
    const uint8_t *ip = f->data + FRAME_ETH_LEN;

    memset(key, 0, KEY_LEN);
    if (is_v6(f)) {
        memcpy(key, ip + 8, 32);
        memcpy(key + 32, ip + FRAME_IPV6_LEN + 4, 4);
        key[KEY_LEN - 1] = 6;
        return;
    }
    memcpy(key, ip + 12, 8);
    memcpy(key + 8, ip + 4, 2);
    key[10] = ip[9];
    key[KEY_LEN - 1] = 4;
}

/* What a fragment says of itself. */
struct piece {
    size_t headers; /* bytes before the data of the whole packet */
    const uint8_t *data;
    size_t from, len;
    bool more;
};

static struct piece read_piece(const struct frame *f)
{
    const uint8_t *ip = f->data + FRAME_ETH_LEN;
    const uint8_t *fragment = ip + FRAME_IPV6_LEN;
    uint16_t field;

    if (is_v6(f)) {
        field = frame_get16(fragment + 2);
        return (struct piece){
            .headers = HEADERS6_LEN,
            .data = fragment + FRAME_FRAGMENT6_LEN,
            .from = field & 0xfff8u,
            .len = f->len - HEADERS6_LEN - FRAME_FRAGMENT6_LEN,
            .more = (field & 1) != 0,
        };
    }
    field = frame_get16(ip + 6);
    return (struct piece){
        .headers = HEADERS_LEN,
        .data = f->data + HEADERS_LEN,
        .from = (size_t)(field & 0x1fff) * UNIT,
        .len = f->len - HEADERS_LEN,
        .more = (field & 0x2000) != 0,
    };
}

static void discard(struct reasm *reasm, struct packet *p)
{
    p->used = false;
    reasm->stats->drop_fragment++;
}

static struct packet *start(struct packet *p, const uint8_t key[KEY_LEN],
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
    uint8_t key[KEY_LEN];
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
    const struct piece piece = read_piece(f);
    size_t end = piece.from + piece.len;

    if (piece.len == 0 || FRAME_ETH_LEN + 65535 < piece.headers + end ||
        (piece.more && piece.len % UNIT != 0) || !fits(p, end, piece.more) ||
        !claim(p, piece.from, piece.len))
        return false;
    p->reach = MAX(p->reach, end);
    if (!piece.more)
        p->total = end;
    if (piece.from == 0) {
        memcpy(p->frame, f->data, piece.headers);
        if (is_v6(f)) /* what the packet carries */
            p->frame[FRAME_ETH_LEN + 6] = f->data[HEADERS6_LEN];
    }
    memcpy(p->frame + piece.headers + piece.from, piece.data, piece.len);
    return true;
}

/* Makes the headers those of the whole packet; returns the frame's length. */
static size_t finish(struct packet *p, bool v6)
{
    uint8_t *ip = p->frame + FRAME_ETH_LEN;

    if (v6) {
        frame_put16(ip + 4, (uint16_t)p->total);
        return HEADERS6_LEN + p->total;
    }
    frame_put16(ip + 2, (uint16_t)(FRAME_IPV4_LEN + p->total));
    frame_put16(ip + 6, 0);
    checksum_set_ipv4(ip);
    return HEADERS_LEN + p->total;
}

uint8_t *reasm_put(struct reasm *reasm, const struct frame *f, int64_t now_ns,
                   size_t *len)
{
    struct packet *p = find(reasm, f, now_ns);

    if (!add(p, f)) {
        discard(reasm, p);
        return NULL;
    }
    if (p->total == 0 || p->filled != p->total)
        return NULL;
    p->used = false;
    *len = finish(p, is_v6(f));
    reasm->stats->packets_reassembled++;
    return p->frame;
}
