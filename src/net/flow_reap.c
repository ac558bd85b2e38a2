/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/flow_internal.h"
#include "net/frame_build.h"

#include <string.h>

#define NS_PER_S 1000000000LL
/* How long a flow that both sides finished, or one reset, is remembered. */
#define FLOW_CLOSED_IDLE_S 60

static void probe(struct flow_table *table, struct flow *flow, int64_t now_ns)
{
    struct frame_path path = { .src = flow->host, .dst = flow->guest };
    uint8_t out[FRAME_SEGMENT_MAX];
    size_t len;

    memcpy(path.src_mac, flow->host_mac, sizeof(path.src_mac));
    memcpy(path.dst_mac, flow->guest_mac, sizeof(path.dst_mac));
    len = frame_put_segment(out, &path, flow->host_next - 1, flow->host_ack,
                            FRAME_ACK, flow->window);
    flow->probes++;
    flow->probed_ns = now_ns;
    table->stats->flows_probed++;
    table->sink.to_guest(table->sink.self, out, len);
}

/*
 * A reset for a stack that has not answered yet would be lost on it: it has to
 * wait for the sequence that the stack expects.
 */
static void end_flow(struct flow_table *table, struct flow *flow)
{
    struct frame_path path = { .src = flow->guest, .dst = flow->host };
    uint8_t out[FRAME_SEGMENT_MAX];
    size_t len;

    memcpy(path.src_mac, flow->guest_mac, sizeof(path.src_mac));
    memcpy(path.dst_mac, flow->host_mac, sizeof(path.dst_mac));
    len = frame_put_segment(out, &path, flow->host_ack, 0, FRAME_RST, 0);
    flow->reset = true;
    flow->end_due = !flow->host_ack_known;
    flow_give_stack(table, out, len);
}

/* The same in the other direction. */
static void reset_guest(struct flow_table *table, const struct flow *flow)
{
    struct frame_path path = { .src = flow->host, .dst = flow->guest };
    uint8_t out[FRAME_SEGMENT_MAX];
    size_t len;

    memcpy(path.src_mac, flow->host_mac, sizeof(path.src_mac));
    memcpy(path.dst_mac, flow->guest_mac, sizeof(path.dst_mac));
    len = frame_put_segment(out, &path, flow->host_next, flow->host_ack,
                            FRAME_RST | FRAME_ACK, 0);
    table->sink.to_guest(table->sink.self, out, len);
}

/* True when the flow may be forgotten. */
static bool reap_one(struct flow_table *table, struct flow *flow,
                     int64_t now_ns)
{
    int64_t idle_ns = now_ns - flow->last_ns;
    bool half = flow->guest_fin || flow->host_fin;
    int64_t limit_s = half ? FLOW_HALF_CLOSED_IDLE_S : FLOW_ESTABLISHED_IDLE_S;

    if (flow->end_due && flow->host_ack_known)
        end_flow(table, flow);
    if (flow_is_closed(flow))
        return idle_ns > FLOW_CLOSED_IDLE_S * NS_PER_S;
    if (!flow->host_next_known) /* a SYN without an answer so far */
        return idle_ns > FLOW_CLOSED_IDLE_S * NS_PER_S;
    if (idle_ns < limit_s * NS_PER_S)
        return false;
    if (now_ns - flow->probed_ns < FLOW_HALF_CLOSED_IDLE_S * NS_PER_S)
        return false;
    if (flow->probes < FLOW_PROBES_MAX) {
        probe(table, flow, now_ns);
        return false;
    }
    table->stats->flows_reaped++;
    flow_note_end(table, flow, FLOW_END_IDLE);
    end_flow(table, flow);
    return false;
}

/* Ending a flow passes frames, which must not meet a running iterator. */
static GPtrArray *all_flows(const struct flow_table *table)
{
    GPtrArray *all = g_ptr_array_sized_new((guint)flow_count(table));
    GHashTableIter iter;
    gpointer flow;

    g_hash_table_iter_init(&iter, table->flows);
    while (g_hash_table_iter_next(&iter, &flow, NULL))
        g_ptr_array_add(all, flow);
    return all;
}

void flow_table_reap(struct flow_table *table, int64_t now_ns)
{
    g_autoptr(GPtrArray) all = all_flows(table);

    for (guint i = 0; i < all->len; i++) {
        struct flow *flow = g_ptr_array_index(all, i);

        if (!reap_one(table, flow, now_ns))
            continue;
        flow_note_end(table, flow, FLOW_END_IDLE);
        flow_forget(table, flow);
    }
}

bool flow_is_over(struct flow_table *table, const struct frame *f)
{
    const struct flow *flow = flow_find_anew(table, f);

    return flow != NULL && !flow->reset && flow->host_fin &&
           flow_knows_guest_end(flow) && flow->guest_ack == flow->host_next;
}

int flow_lingers(struct flow_table *table, const struct frame *f)
{
    const struct flow *flow = flow_find_anew(table, f);

    return flow->host_first ? flow->fd : -1;
}

void flow_finish(struct flow_table *table, const struct frame *f)
{
    struct flow *flow = flow_find_anew(table, f);

    if (flow->host_first)
        end_flow(table, flow);
    flow_forget(table, flow);
}

/* --- listing, and ending on demand --- */

void flow_each(struct flow_table *table, flow_visit visit, void *self)
{
    g_autoptr(GPtrArray) all = all_flows(table);

    for (guint i = 0; i < all->len; i++) {
        const struct flow *flow = g_ptr_array_index(all, i);
        const struct flow_info info = flow_info_of(flow);

        if (!flow_is_closed(flow))
            visit(self, &info);
    }
}

size_t flow_end_matching(struct flow_table *table, flow_match match, void *self)
{
    g_autoptr(GPtrArray) all = all_flows(table);
    size_t ended = 0;

    for (guint i = 0; i < all->len; i++) {
        struct flow *flow = g_ptr_array_index(all, i);
        const struct flow_info info = flow_info_of(flow);

        if (!match(self, &info))
            continue;
        if (flow_is_closed(flow)) {
            /* The stack may see it otherwise. */
            end_flow(table, flow);
            continue;
        }
        flow_note_end(table, flow, FLOW_END_STOPPED);
        reset_guest(table, flow);
        end_flow(table, flow);
        ended++;
    }
    return ended;
}
