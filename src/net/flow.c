/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/flow.h"

#include "net/flow_key.h"
#include "net/frame_build.h"

#include <string.h>

#define NS_PER_S 1000000000LL
#define WINDOW   65535
/* How long a flow that both sides finished, or one reset, is remembered. */
#define FLOW_CLOSED_IDLE_S 60

struct flow {
    struct flow_key key; /* first: what the table hashes */
    struct ip_endpoint guest, host;
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

struct flow_table *flow_table_new(const struct flow_sink *sink,
                                  struct stats *stats)
{
    struct flow_table *table = g_new0(struct flow_table, 1);

    table->sink = *sink;
    table->stats = stats;
    table->flows =
        g_hash_table_new_full(flow_key_hash, flow_key_equal, g_free, NULL);
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

static struct flow *find(struct flow_table *table, const struct flow_key *key)
{
    struct flow *flow = table->latest;

    if (flow != NULL && flow_key_equal(flow, key))
        return flow;
    flow = g_hash_table_lookup(table->flows, key);
    if (flow != NULL)
        table->latest = flow;
    return flow;
}

/* A SYN makes the flow; one that is known starts anew. */
static struct flow *find_or_make(struct flow_table *table,
                                 const struct ip_endpoint *guest,
                                 const struct ip_endpoint *host,
                                 uint8_t tcp_flags)
{
    const struct flow_key key = flow_key_make(IPPROTO_TCP, guest, host);
    struct flow *flow = find(table, &key);
    bool opens = (tcp_flags & (FRAME_SYN | FRAME_ACK)) == FRAME_SYN;

    if (!opens)
        return flow;
    if (flow == NULL) {
        if (flow_count(table) >= FLOW_TABLE_MAX)
            return NULL;
        flow = g_new(struct flow, 1);
        *flow = (struct flow){ .key = key, .guest = *guest, .host = *host };
        g_hash_table_add(table->flows, flow);
    } else if (flow->reset || (flow->guest_fin && flow->host_fin)) {
        *flow = (struct flow){ .key = key, .guest = *guest, .host = *host };
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
    struct flow *flow = find_or_make(table, &f->src, &f->dst, f->tcp_flags);

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
    struct flow *flow = find_or_make(table, &f->dst, &f->src, f->tcp_flags);

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
    const struct flow_key key = flow_key_make(IPPROTO_TCP, &f->src, &f->dst);
    const struct flow *flow = find(table, &key);

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

static void probe(struct flow_table *table, struct flow *flow, int64_t now_ns)
{
    struct frame_path path = { .src = flow->host, .dst = flow->guest };
    uint8_t out[FRAME_SEGMENT_MAX];
    size_t len;

    memcpy(path.src_mac, flow->host_mac, sizeof(path.src_mac));
    memcpy(path.dst_mac, flow->guest_mac, sizeof(path.dst_mac));
    len = frame_put_segment(out, &path, flow->host_next - 1, flow->host_ack,
                            FRAME_ACK, WINDOW);
    flow->probes++;
    flow->probed_ns = now_ns;
    table->stats->flows_probed++;
    table->sink.to_guest(table->sink.self, out, len);
}

static void end_flow(struct flow_table *table, struct flow *flow)
{
    struct frame_path path = { .src = flow->guest, .dst = flow->host };
    uint8_t out[FRAME_SEGMENT_MAX];
    size_t len;

    memcpy(path.src_mac, flow->guest_mac, sizeof(path.src_mac));
    memcpy(path.dst_mac, flow->host_mac, sizeof(path.dst_mac));
    len = frame_put_segment(out, &path, flow->host_ack, 0, FRAME_RST, 0);
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
