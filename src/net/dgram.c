/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dgram_internal.h"

#include <string.h>

struct dgram *dgram_new(struct loop *loop, const struct dgram_config *config)
{
    struct dgram *dgram = g_new0(struct dgram, 1);

    dgram->loop = loop;
    dgram->config = *config;
    dgram->flows = g_hash_table_new(flow_key_hash, flow_key_equal);
    dgram->forwarded = g_hash_table_new(flow_key_hash, flow_key_equal);
    dgram->clients = g_hash_table_new(flow_key_hash, flow_key_equal);
    dgram->sockets = g_hash_table_new(flow_key_hash, flow_key_equal);
    g_queue_init(&dgram->by_age);
    g_queue_init(&dgram->fwd_by_age);
    /* Untouched until used: no resident memory. */
    dgram->buffers = g_malloc(DGRAM_BATCH * DGRAM_BUFFER);
    dgram->hold.data = g_malloc(DGRAM_HOLD_MAX);
    return dgram;
}

void dgram_free(struct dgram *dgram)
{
    struct dgram_flow *flow;

    if (dgram == NULL)
        return;
    dgram->config.observer = NULL;
    while ((flow = g_queue_peek_head(&dgram->by_age)) != NULL)
        dgram_flow_free(dgram, flow);
    g_hash_table_destroy(dgram->flows);
    g_hash_table_destroy(dgram->forwarded);
    g_hash_table_destroy(dgram->clients);
    g_hash_table_destroy(dgram->sockets);
    g_free(dgram->buffers);
    g_free(dgram->hold.data);
    g_free(dgram);
}

/* --- towards the guest --- */

void dgram_frame(struct dgram *dgram, const uint8_t *data, size_t len)
{
    static const struct virtio_net_hdr nothing_to_do;

    (void)dgram->config.sink.frame(dgram->config.sink.self, &nothing_to_do,
                                   data, len);
}

struct ip_endpoint dgram_visible(const struct dgram *dgram,
                                 const union dgram_addr *real,
                                 sa_family_t family)
{
    const struct plan *plan = dgram->config.plan;
    struct sockaddr_storage ss;
    struct ip_endpoint e = { .port = 0 };

    memcpy(&ss, real, sizeof(*real));
    (void)ip_endpoint_from_sockaddr(&ss, &e);
    if (e.addr.family != family || ip_addr_is_loopback(&e.addr) ||
        (family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&e.addr.v6)))
        e.addr = family == AF_INET6 ? plan->gateway6 : plan->gateway;
    return e;
}
