/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/flow_internal.h"
#include "net/tcp_mss.h"

#include <string.h>

struct flow_table *flow_table_new(const struct flow_sink *sink,
                                  struct stats *stats)
{
    struct flow_table *table = g_new0(struct flow_table, 1);

    table->sink = *sink;
    table->stats = stats;
    table->lanes = 1;
    table->flows =
        g_hash_table_new_full(flow_key_hash, flow_key_equal, g_free, NULL);
    return table;
}

void flow_table_observe(struct flow_table *table,
                        const struct flow_observer *observer)
{
    table->observer = observer;
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

struct flow *flow_find_anew(struct flow_table *table, const struct frame *f)
{
    const struct flow_key key = flow_key_make(IPPROTO_TCP, &f->src, &f->dst);

    return find(table, &key);
}

struct flow *flow_find(struct flow_table *table, const struct frame *f)
{
    return f->flow != NULL ? f->flow : flow_find_anew(table, f);
}

void flow_look_up(struct flow_table *table, struct frame *f)
{
    f->flow = flow_find_anew(table, f);
}

struct flow_info flow_info_of(const struct flow *flow)
{
    return (struct flow_info){
        .id = flow->id,
        .proto = IPPROTO_TCP,
        .inbound = flow->inbound,
        .carrier = "slirp",
        .guest = flow->guest,
        .peer = flow->host,
        .bytes_from_guest = flow->bytes_from_guest,
        .bytes_to_guest = flow->bytes_to_guest,
        .started_ns = flow->started_ns,
        .last_ns = flow->last_ns,
        .fd = flow->fd,
    };
}

static void tell_opened(struct flow_table *table, const struct flow *flow)
{
    const struct flow_observer *observer = table->observer;
    const struct flow_info info = flow_info_of(flow);

    if (observer != NULL)
        observer->opened(observer->self, &info);
}

void flow_note_end(struct flow_table *table, struct flow *flow,
                   enum flow_end how)
{
    const struct flow_observer *observer = table->observer;
    const struct flow_info info = flow_info_of(flow);

    if (flow->ended)
        return;
    flow->ended = true;
    flow->link.data = flow;
    g_queue_push_tail_link(&table->ended, &flow->link);
    if (observer != NULL)
        observer->closed(observer->self, &info, how);
}

void flow_forget(struct flow_table *table, struct flow *flow)
{
    if (flow->ended)
        g_queue_unlink(&table->ended, &flow->link);
    if (table->latest == flow)
        table->latest = NULL;
    g_hash_table_remove(table->flows, flow);
}

void flow_give_stack(struct flow_table *table, uint8_t *data, size_t len)
{
    table->entrusted = true;
    table->sink.from_guest(table->sink.self, data, len);
    table->entrusted = false;
}

static void tell_if_closed(struct flow_table *table, struct flow *flow)
{
    if (flow_is_closed(flow))
        flow_note_end(table, flow,
                      flow->reset ? FLOW_END_RESET : FLOW_END_CLOSED);
}

static bool opens(const struct frame *f)
{
    return (f->tcp_flags & (FRAME_SYN | FRAME_ACK)) == FRAME_SYN;
}

static uint8_t lane_of(const struct flow_table *table,
                       const struct flow_key *key, sa_family_t family)
{
    return (uint8_t)flow_key_lane(flow_key_hash(key), family, table->lanes);
}

bool flow_has_room(const struct flow_table *table)
{
    return flow_count(table) < FLOW_TABLE_MAX ||
           (table->ended.length > 0 && !table->entrusted);
}

static void make_room(struct flow_table *table)
{
    if (flow_count(table) >= FLOW_TABLE_MAX)
        flow_forget(table, table->ended.head->data);
}

static bool starts(const struct flow *flow, const struct frame *f)
{
    return opens(f) && (flow == NULL || flow_is_closed(flow));
}

/* `flow` is the one that is over and starts anew, or NULL. */
static struct flow *open_flow(struct flow_table *table, struct flow *flow,
                              const struct frame *f, bool from_guest,
                              int64_t now_ns)
{
    const struct ip_endpoint *guest = from_guest ? &f->src : &f->dst;
    const struct ip_endpoint *host = from_guest ? &f->dst : &f->src;
    const struct flow_key key = flow_key_make(IPPROTO_TCP, guest, host);
    bool is_new = flow == NULL;

    if (is_new && !flow_has_room(table))
        return NULL;
    if (is_new) {
        make_room(table);
        flow = g_new(struct flow, 1);
    } else if (flow->ended) {
        g_queue_unlink(&table->ended, &flow->link);
    }
    *flow = (struct flow){
        .key = key,
        .guest = *guest,
        .host = *host,
        .inbound = !from_guest,
        .lane = lane_of(table, &key, guest->addr.family),
        .fd = -1,
        .id = ++table->stats->flows_opened,
        .started_ns = now_ns,
    };
    if (is_new)
        g_hash_table_add(table->flows, flow);
    table->latest = flow;
    tell_opened(table, flow);
    return flow;
}

void flow_table_set_lanes(struct flow_table *table, unsigned lanes)
{
    table->lanes = lanes;
}

unsigned flow_lane(struct flow_table *table, const struct frame *f)
{
    const struct flow *flow = flow_find(table, f);
    struct flow_key key;

    if (flow != NULL)
        return flow->lane;
    key = flow_key_make(IPPROTO_TCP, &f->src, &f->dst);
    return lane_of(table, &key, f->src.addr.family);
}

void flow_note_lane(struct flow_table *table, const struct frame *f,
                    unsigned lane)
{
    const struct flow_key key = flow_key_make(IPPROTO_TCP, &f->dst, &f->src);
    struct flow *flow = opens(f) ? find(table, &key) : NULL;

    if (flow != NULL)
        flow->lane = (uint8_t)lane;
}

void flow_note_socket(struct flow_table *table, const struct frame *f,
                      bool from_guest, int fd)
{
    const struct ip_endpoint *guest = from_guest ? &f->src : &f->dst;
    const struct ip_endpoint *host = from_guest ? &f->dst : &f->src;
    const struct flow_key key = flow_key_make(IPPROTO_TCP, guest, host);
    struct flow *flow = opens(f) ? find(table, &key) : NULL;

    if (flow != NULL)
        flow->fd = fd;
}

int flow_ended_by(struct flow_table *table, const struct frame *f)
{
    const struct flow *flow = flow_find(table, f);

    if (flow == NULL || !flow->guest_fin || !flow->host_fin || flow->reset ||
        (f->tcp_flags & (FRAME_ACK | FRAME_RST)) != FRAME_ACK ||
        f->tcp_ack != flow->host_next)
        return -1;
    return flow->fd;
}

int flow_finished_second(struct flow_table *table, const struct frame *f)
{
    const struct flow *flow = flow_find(table, f);

    if (flow == NULL || !flow->host_fin || flow->reset ||
        (f->tcp_flags & (FRAME_FIN | FRAME_SYN | FRAME_RST)) != FRAME_FIN)
        return -1;
    return flow->fd;
}

bool flow_is_known(struct flow_table *table, const struct frame *f)
{
    const struct flow *flow = flow_find(table, f);

    return flow != NULL && !flow_is_closed(flow);
}

bool flow_goes_on(struct flow_table *table, const struct frame *f)
{
    const struct flow *flow = flow_find(table, f);

    return flow != NULL && (flow->inbound || !flow_is_closed(flow));
}

static uint32_t sequence_len(const struct frame *f)
{
    return (uint32_t)frame_payload_len(f) + ((f->tcp_flags & FRAME_SYN) != 0) +
           ((f->tcp_flags & FRAME_FIN) != 0);
}

/* A reset is made of what the guest sent, true or not: no news of the stack. */
static void note_progress(struct flow *flow, const struct frame *f)
{
    uint32_t end = f->tcp_seq + sequence_len(f);

    if ((f->tcp_flags & FRAME_RST) != 0)
        return;
    if (!flow->host_next_known || (f->tcp_flags & FRAME_SYN) != 0 ||
        flow_after(end, flow->host_next))
        flow->host_next = end;
    flow->host_next_known = true;
    if ((f->tcp_flags & FRAME_ACK) == 0)
        return;
    flow->host_ack = f->tcp_ack;
    flow->host_ack_known = true;
    flow->window = f->tcp_window;
}

/* The stack takes no reset from beyond its window. */
static bool is_valid_reset(const struct flow *flow, const struct frame *f)
{
    return (f->tcp_flags & FRAME_RST) != 0 &&
           (!flow->host_ack_known ||
            !flow_after(f->tcp_seq, flow->host_ack + flow->window));
}

void flow_from_guest(struct flow_table *table, const struct frame *f,
                     int64_t now_ns)
{
    struct flow *flow = flow_find(table, f);

    if (starts(flow, f))
        flow = open_flow(table, flow, f, true, now_ns);
    if (flow == NULL)
        return;
    memcpy(flow->guest_mac, f->data + 6, 6);
    memcpy(flow->host_mac, f->data, 6);
    flow->last_ns = now_ns;
    flow->probes = 0;
    flow->bytes_from_guest += frame_payload_len(f);
    flow->reset |= is_valid_reset(flow, f);
    if ((f->tcp_flags & FRAME_FIN) != 0) {
        flow->guest_fin = true;
        flow->guest_end = f->tcp_seq + sequence_len(f);
    }
    if ((f->tcp_flags & FRAME_ACK) != 0)
        flow->guest_ack = f->tcp_ack;
    if ((f->tcp_flags & FRAME_SYN) != 0)
        flow->guest_mss = tcp_mss_of(f);
    tell_if_closed(table, flow);
}

uint16_t flow_to_guest(struct flow_table *table, const struct frame *f,
                       int64_t now_ns)
{
    const struct flow_key key = flow_key_make(IPPROTO_TCP, &f->dst, &f->src);
    struct flow *flow = find(table, &key);

    if (starts(flow, f))
        flow = open_flow(table, flow, f, false, now_ns);
    if (flow == NULL)
        return 0;
    if (flow->last_ns == 0 || frame_payload_len(f) > 0)
        flow->last_ns = now_ns;
    flow->bytes_to_guest += frame_payload_len(f);
    memcpy(flow->guest_mac, f->data, 6);
    memcpy(flow->host_mac, f->data + 6, 6);
    flow->reset |= (f->tcp_flags & FRAME_RST) != 0;
    note_progress(flow, f);
    if ((f->tcp_flags & FRAME_FIN) != 0 && !flow->host_fin) {
        flow->host_first = !flow_knows_guest_end(flow);
        flow->host_fin = true;
    }
    tell_if_closed(table, flow);
    return flow->guest_mss;
}
