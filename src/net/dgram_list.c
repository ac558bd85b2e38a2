/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dgram_internal.h"

static struct flow_info info_of(const struct dgram_flow *flow)
{
    const struct dgram_socket *socket = flow->socket;

    return (struct flow_info){
        .id = flow->id,
        .proto = socket != NULL ? socket->proto : IPPROTO_UDP,
        .inbound = socket != NULL && socket->forward,
        .carrier = socket != NULL ? "udp" : "slirp",
        .guest = flow->guest,
        .peer = flow->peer,
        .bytes_from_guest = flow->bytes_from_guest,
        .bytes_to_guest = flow->bytes_to_guest,
        .started_ns = flow->started_ns,
        .last_ns = flow->last_ns,
        .fd = socket != NULL ? socket->watch.fd : -1,
    };
}

void dgram_tell_opened(const struct dgram *dgram, const struct dgram_flow *flow)
{
    const struct flow_observer *observer = dgram->config.observer;
    const struct flow_info info = info_of(flow);

    if (observer != NULL)
        observer->opened(observer->self, &info);
}

void dgram_tell_closed(const struct dgram *dgram, const struct dgram_flow *flow)
{
    const struct flow_observer *observer = dgram->config.observer;
    const struct flow_info info = info_of(flow);

    if (observer != NULL)
        observer->closed(observer->self, &info,
                         flow->stopped ? FLOW_END_STOPPED : FLOW_END_IDLE);
}

size_t dgram_count(const struct dgram *dgram)
{
    return g_hash_table_size(dgram->flows);
}

void dgram_each(struct dgram *dgram, flow_visit visit, void *self)
{
    for (const GList *link = dgram->by_age.head; link != NULL;
         link = link->next) {
        const struct flow_info info = info_of(link->data);

        visit(self, &info);
    }
}

size_t dgram_end_matching(struct dgram *dgram, flow_match match, void *self)
{
    size_t ended = 0;

    for (GList *link = dgram->by_age.head; link != NULL;) {
        struct dgram_flow *flow = link->data;
        const struct flow_info info = info_of(flow);

        link = link->next;
        /* The stack keeps the sockets that are its own. */
        if (flow->socket == NULL || !match(self, &info))
            continue;
        flow->stopped = true;
        dgram_flow_free(dgram, flow);
        ended++;
    }
    return ended;
}
