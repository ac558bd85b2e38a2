/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dgram_internal.h"

#define NS_PER_S 1000000000LL
#define PORT_DNS 53

struct dgram_flow *dgram_find(struct dgram *dgram, const struct flow_key *key)
{
    struct dgram_flow *flow = dgram->latest;

    if (flow != NULL && flow_key_equal(flow, key))
        return flow;
    flow = g_hash_table_lookup(dgram->flows, key);
    if (flow != NULL)
        dgram->latest = flow;
    return flow;
}

/*
 * A server of the guest that listens on all its addresses may answer from
 * another one than was asked; then the port and the client tell the flow.
 */
static struct flow_key any_key(int proto, const struct ip_endpoint *guest,
                               const struct ip_endpoint *peer)
{
    const struct ip_endpoint any = { .addr.family = guest->addr.family,
                                     .port = guest->port };

    return flow_key_make(proto, &any, peer);
}

struct dgram_flow *dgram_find_for_guest(struct dgram *dgram, int proto,
                                        const struct ip_endpoint *guest,
                                        const struct ip_endpoint *peer)
{
    struct flow_key key = flow_key_make(proto, guest, peer);
    struct dgram_flow *flow = dgram_find(dgram, &key);

    if (flow != NULL || g_hash_table_size(dgram->forwarded) == 0)
        return flow;
    key = any_key(proto, guest, peer);
    return g_hash_table_lookup(dgram->forwarded, &key);
}

static bool is_of_forward(const struct dgram_flow *flow)
{
    return flow->socket != NULL && flow->socket->forward;
}

static void make_youngest(GQueue *queue, GList *link)
{
    if (queue->tail == link)
        return;
    g_queue_unlink(queue, link);
    g_queue_push_tail_link(queue, link);
}

void dgram_flow_used(struct dgram *dgram, struct dgram_flow *flow,
                     int64_t now_ns)
{
    flow->last_ns = now_ns;
    make_youngest(&dgram->by_age, &flow->by_age);
    if (is_of_forward(flow))
        make_youngest(&dgram->fwd_by_age, &flow->fwd_by_age);
}

void dgram_flow_free(struct dgram *dgram, struct dgram_flow *flow)
{
    struct dgram_socket *socket = flow->socket;

    if (dgram->hold.flow == flow)
        dgram_flush(dgram);
    if (dgram->latest == flow)
        dgram->latest = NULL;
    dgram_tell_closed(dgram, flow);
    g_queue_unlink(&dgram->by_age, &flow->by_age);
    g_hash_table_remove(dgram->flows, flow);
    if (is_of_forward(flow)) {
        g_queue_unlink(&dgram->fwd_by_age, &flow->fwd_by_age);
        if (g_hash_table_lookup(dgram->forwarded, &flow->any_key) == flow)
            g_hash_table_remove(dgram->forwarded, &flow->any_key);
        g_hash_table_remove(dgram->clients, &flow->client_key);
    }
    g_free(flow);
    if (socket != NULL && --socket->flows == 0 && !socket->forward)
        dgram_socket_close(socket);
}

bool dgram_give_way(struct dgram *dgram, bool to_client, int64_t now_ns)
{
    GQueue *queue = to_client ? &dgram->fwd_by_age : &dgram->by_age;
    struct dgram_flow *oldest = g_queue_peek_head(queue);

    if (oldest == NULL || now_ns - oldest->last_ns < DGRAM_SAFE_S * NS_PER_S)
        return false;
    dgram->config.stats->flows_evicted++;
    dgram_flow_free(dgram, oldest);
    return true;
}

static void index_forwarded(struct dgram *dgram, struct dgram_flow *flow)
{
    flow->any_key = any_key(IPPROTO_UDP, &flow->guest, &flow->peer);
    flow->client_key = dgram_client_key(flow->socket, &flow->real);
    g_hash_table_replace(dgram->forwarded, &flow->any_key, flow);
    g_hash_table_replace(dgram->clients, &flow->client_key, flow);
    g_queue_push_tail_link(&dgram->fwd_by_age, &flow->fwd_by_age);
}

struct dgram_flow *dgram_flow_new(struct dgram *dgram,
                                  struct dgram_socket *socket,
                                  const struct ip_endpoint *guest,
                                  const struct ip_endpoint *peer,
                                  const union dgram_addr *real)
{
    int proto = socket != NULL ? socket->proto : IPPROTO_UDP;
    struct dgram_flow *flow = g_new0(struct dgram_flow, 1);

    flow->key = flow_key_make(proto, guest, peer);
    flow->socket = socket;
    flow->guest = *guest;
    flow->peer = *peer;
    if (real != NULL)
        flow->real = *real;
    flow->id = ++dgram->config.stats->flows_opened;
    flow->started_ns = loop_now_ns(dgram->loop);
    flow->last_ns = flow->started_ns;
    flow->by_age.data = flow->fwd_by_age.data = flow;
    if (socket != NULL)
        socket->flows++;
    g_hash_table_add(dgram->flows, flow);
    g_queue_push_tail_link(&dgram->by_age, &flow->by_age);
    if (is_of_forward(flow))
        index_forwarded(dgram, flow);
    dgram->latest = flow;
    dgram_tell_opened(dgram, flow);
    return flow;
}

static int64_t idle_limit_s(const struct dgram_flow *flow)
{
    if (flow->socket != NULL && flow->socket->proto != IPPROTO_UDP)
        return DGRAM_ECHO_IDLE_S;
    if (flow->peer.port == PORT_DNS && flow->answered)
        return DGRAM_ANSWERED_NAME_S;
    return DGRAM_IDLE_S;
}

void dgram_reap(struct dgram *dgram, int64_t now_ns)
{
    GList *link = dgram->by_age.head;

    while (link != NULL) {
        struct dgram_flow *flow = link->data;
        int64_t idle_ns = now_ns - flow->last_ns;

        if (idle_ns < DGRAM_ANSWERED_NAME_S * NS_PER_S)
            break; /* the shortest of them; the rest is younger */
        link = link->next;
        if (idle_ns >= idle_limit_s(flow) * NS_PER_S)
            dgram_flow_free(dgram, flow);
    }
}
