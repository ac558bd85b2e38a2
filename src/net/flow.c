/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/flow.h"

#include "net/checksum.h"

#include <string.h>

#define NS_PER_S 1000000000LL
/* How long a flow that both sides finished, or one reset, is remembered. */
#define FLOW_CLOSED_IDLE_S 60
#define SEGMENT_MAX        (FRAME_ETH_LEN + FRAME_IPV6_LEN + FRAME_TCP_LEN)

struct flow_key {
    struct ip_endpoint guest, host;
};

struct flow {
    struct flow_key key; /* compared and hashed as bytes */
    uint8_t guest_mac[6], host_mac[6];
    bool guest_fin, host_fin, reset;
    uint8_t probes;
    bool guest_next_known, host_next_known;
    uint32_t guest_next; /* sequence that the guest sends next */
    uint32_t host_next;  /* sequence that the stack sends next */
    uint32_t host_ack;   /* what the stack has acknowledged */
    uint32_t window;     /* and how much more it takes */
    int64_t last_ns;     /* last frame of the guest */
    int64_t probed_ns;
};

struct flow_table {
    struct flow_sink sink;
    struct stats *stats;
    GHashTable *flows;   /* set of struct flow */
    struct flow *latest; /* one-entry cache */
};

static guint key_hash(gconstpointer p)
{
    const uint8_t *bytes = p;
    guint32 hash = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < sizeof(struct flow_key); i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return hash;
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(struct flow_key)) == 0;
}

struct flow_table *flow_table_new(const struct flow_sink *sink,
                                  struct stats *stats)
{
    struct flow_table *table = g_new0(struct flow_table, 1);

    table->sink = *sink;
    table->stats = stats;
    table->flows = g_hash_table_new_full(key_hash, key_equal, g_free, NULL);
    return table;
}

void flow_table_free(struct flow_table *table)
{
    if (table == NULL)
        return;
    g_hash_table_destroy(table->flows);
    g_free(table);
}

size_t flow_count(const struct flow_table *table)
{
    return g_hash_table_size(table->flows);
}

/* Padding and unused address bytes must be zero: keys are compared as bytes. */
static void make_key(const struct ip_endpoint *guest,
                     const struct ip_endpoint *host, struct flow_key *key)
{
    memset(key, 0, sizeof(*key));
    key->guest.addr.family = guest->addr.family;
    key->host.addr.family = host->addr.family;
    key->guest.port = guest->port;
    key->host.port = host->port;
    if (guest->addr.family == AF_INET6) {
        key->guest.addr.v6 = guest->addr.v6;
        key->host.addr.v6 = host->addr.v6;
    } else {
        key->guest.addr.v4 = guest->addr.v4;
        key->host.addr.v4 = host->addr.v4;
    }
}

static struct flow *find(struct flow_table *table, const struct flow_key *key)
{
    struct flow *flow = table->latest;

    if (flow != NULL && key_equal(flow, key))
        return flow;
    flow = g_hash_table_lookup(table->flows, key);
    if (flow != NULL)
        table->latest = flow;
    return flow;
}

/* A SYN makes the flow; one that is known starts anew. */
static struct flow *find_or_make(struct flow_table *table,
                                 const struct flow_key *key, uint8_t tcp_flags)
{
    struct flow *flow = find(table, key);
    bool opens = (tcp_flags & (FRAME_SYN | FRAME_ACK)) == FRAME_SYN;

    if (!opens)
        return flow;
    if (flow == NULL) {
        if (flow_count(table) >= FLOW_TABLE_MAX)
            return NULL;
        flow = g_new0(struct flow, 1);
        flow->key = *key;
        g_hash_table_add(table->flows, flow);
    } else if (flow->reset || (flow->guest_fin && flow->host_fin)) {
        memset(flow, 0, sizeof(*flow));
        flow->key = *key;
    }
    table->latest = flow;
    return flow;
}

static uint32_t sequence_len(const struct frame *f)
{
    return (uint32_t)frame_payload_len(f) + ((f->tcp_flags & FRAME_SYN) != 0) +
           ((f->tcp_flags & FRAME_FIN) != 0);
}

static bool after(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

static void advance(uint32_t *next, bool *known, const struct frame *f)
{
    uint32_t end = f->tcp_seq + sequence_len(f);

    if (!*known || (f->tcp_flags & FRAME_SYN) != 0 || after(end, *next))
        *next = end;
    *known = true;
}

void flow_from_guest(struct flow_table *table, const struct frame *f,
                     int64_t now_ns)
{
    struct flow_key key;
    struct flow *flow;

    make_key(&f->src, &f->dst, &key);
    flow = find_or_make(table, &key, f->tcp_flags);
    if (flow == NULL)
        return;
    memcpy(flow->guest_mac, f->data + 6, 6);
    memcpy(flow->host_mac, f->data, 6);
    flow->last_ns = now_ns;
    flow->probes = 0;
    flow->reset |= (f->tcp_flags & FRAME_RST) != 0;
    flow->guest_fin |= (f->tcp_flags & FRAME_FIN) != 0;
    advance(&flow->guest_next, &flow->guest_next_known, f);
}

void flow_to_guest(struct flow_table *table, const struct frame *f,
                   int64_t now_ns)
{
    struct flow_key key;
    struct flow *flow;

    make_key(&f->dst, &f->src, &key);
    flow = find_or_make(table, &key, f->tcp_flags);
    if (flow == NULL)
        return;
    if (flow->last_ns == 0 || frame_payload_len(f) > 0)
        flow->last_ns = now_ns;
    memcpy(flow->guest_mac, f->data, 6);
    memcpy(flow->host_mac, f->data + 6, 6);
    flow->reset |= (f->tcp_flags & FRAME_RST) != 0;
    flow->host_fin |= (f->tcp_flags & FRAME_FIN) != 0;
    advance(&flow->host_next, &flow->host_next_known, f);
    if ((f->tcp_flags & FRAME_ACK) != 0) {
        flow->host_ack = f->tcp_ack;
        flow->window = f->tcp_window;
    }
}

bool flow_is_out_of_order(struct flow_table *table, const struct frame *f)
{
    struct flow_key key;
    const struct flow *flow;

    make_key(&f->src, &f->dst, &key);
    flow = find(table, &key);
    if (flow == NULL || !flow->guest_next_known ||
        (f->tcp_flags & (FRAME_SYN | FRAME_RST)) != 0 || sequence_len(f) == 0)
        return false;
    if (after(f->tcp_seq, flow->guest_next))
        return true;
    /* One byte more: the window probe of a full window. */
    return flow->host_next_known &&
           after(f->tcp_seq + (uint32_t)frame_payload_len(f),
                 flow->host_ack + flow->window + 1);
}

/* --- probing and ending --- */

static size_t build_segment(const struct ip_endpoint *src,
                            const struct ip_endpoint *dst,
                            const uint8_t src_mac[6], const uint8_t dst_mac[6],
                            uint32_t seq, uint32_t ack, uint8_t flags,
                            uint8_t out[SEGMENT_MAX])
{
    bool v6 = src->addr.family == AF_INET6;
    size_t l4 = FRAME_ETH_LEN + (v6 ? FRAME_IPV6_LEN : FRAME_IPV4_LEN);
    uint8_t *ip = out + FRAME_ETH_LEN, *tcp = out + l4;
    struct frame f;

    memset(out, 0, SEGMENT_MAX);
    memcpy(out, dst_mac, 6);
    memcpy(out + 6, src_mac, 6);
    frame_put16(out + 12, v6 ? 0x86dd : 0x0800);
    ip[0] = v6 ? 0x60 : 0x45;
    frame_put16(ip + (v6 ? 4 : 2),
                v6 ? FRAME_TCP_LEN : FRAME_IPV4_LEN + FRAME_TCP_LEN);
    ip[v6 ? 6 : 9] = IPPROTO_TCP;
    ip[v6 ? 7 : 8] = 64;
    memcpy(ip + (v6 ? 8 : 12), &src->addr.v6, v6 ? 16 : 4);
    memcpy(ip + (v6 ? 24 : 16), &dst->addr.v6, v6 ? 16 : 4);
    if (!v6)
        checksum_set_ipv4(ip);
    frame_put16(tcp, src->port);
    frame_put16(tcp + 2, dst->port);
    frame_put32(tcp + 4, seq);
    frame_put32(tcp + 8, ack);
    tcp[12] = FRAME_TCP_LEN / 4 << 4;
    tcp[13] = flags;
    frame_put16(tcp + 14, 65535);
    if (frame_parse(out, l4 + FRAME_TCP_LEN, &f) != FRAME_GOOD)
        return 0;
    checksum_set_l4(&f, 16);
    return f.len;
}

static void probe(struct flow_table *table, struct flow *flow, int64_t now_ns)
{
    uint8_t out[SEGMENT_MAX];
    size_t len = build_segment(
        &flow->key.host, &flow->key.guest, flow->host_mac, flow->guest_mac,
        flow->host_next - 1, flow->host_ack, FRAME_ACK, out);

    flow->probes++;
    flow->probed_ns = now_ns;
    table->stats->flows_probed++;
    table->sink.to_guest(table->sink.self, out, len);
}

static void end_flow(struct flow_table *table, struct flow *flow)
{
    uint8_t out[SEGMENT_MAX];
    size_t len =
        build_segment(&flow->key.guest, &flow->key.host, flow->guest_mac,
                      flow->host_mac, flow->host_ack, 0, FRAME_RST, out);

    table->stats->flows_reaped++;
    flow->reset = true;
    table->sink.from_guest(table->sink.self, out, len);
}

/* True when the flow may be forgotten. */
static bool reap_one(struct flow_table *table, struct flow *flow,
                     int64_t now_ns)
{
    int64_t idle_ns = now_ns - flow->last_ns;
    bool half = flow->guest_fin || flow->host_fin;
    int64_t limit_s = half ? FLOW_HALF_CLOSED_IDLE_S : FLOW_ESTABLISHED_IDLE_S;

    if (flow->reset || (flow->guest_fin && flow->host_fin))
        return idle_ns > FLOW_CLOSED_IDLE_S * NS_PER_S;
    if (!flow->host_next_known) /* a SYN without an answer so far */
        return idle_ns > FLOW_CLOSED_IDLE_S * NS_PER_S;
    if (idle_ns < limit_s * NS_PER_S)
        return false;
    if (now_ns - flow->probed_ns < FLOW_HALF_CLOSED_IDLE_S * NS_PER_S)
        return false;
    if (flow->probes >= FLOW_PROBES_MAX)
        end_flow(table, flow);
    else
        probe(table, flow, now_ns);
    return false;
}

void flow_table_reap(struct flow_table *table, int64_t now_ns)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    GHashTableIter iter;
    gpointer flow;

    /* Ending a flow passes frames, which must not meet a running iterator. */
    g_hash_table_iter_init(&iter, table->flows);
    while (g_hash_table_iter_next(&iter, &flow, NULL))
        g_ptr_array_add(all, flow);
    for (guint i = 0; i < all->len; i++) {
        flow = g_ptr_array_index(all, i);
        if (!reap_one(table, flow, now_ns))
            continue;
        if (table->latest == flow)
            table->latest = NULL;
        g_hash_table_remove(table->flows, flow);
    }
}
