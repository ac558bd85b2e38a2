/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dns_upstream.h"

#include "base/log.h"
#include "net/dns_upstream_internal.h"

/* A server that nobody asks any more loses its sockets, and some time later
   what is known of it. */
#define IDLE_NS   (30 * 1000000000LL)
#define FORGET_NS (600 * 1000000000LL)
#define SWEEP_MS  10000

/* --- servers --- */

static bool is_same(const struct resolver *a, const struct resolver *b)
{
    return ip_addr_equal(&a->addr, &b->addr) && a->scope == b->scope &&
           a->port == b->port;
}

static void sweep(void *self)
{
    struct dns_upstreams *upstreams = self;
    int64_t now_ns = loop_now_ns(upstreams->loop);
    GList *link = upstreams->all.head;

    while (link != NULL) {
        struct dns_upstream *upstream = link->data;
        int64_t idle_ns = now_ns - upstream->used_ns;
        GList *this = link;

        link = link->next;
        if (upstream->users > 0 || idle_ns < IDLE_NS)
            continue;
        dns_ports_close(upstream);
        if (upstream->ports > 0 || idle_ns < FORGET_NS)
            continue;
        g_queue_delete_link(&upstreams->all, this);
        g_free(upstream);
    }
    if (upstreams->all.head != NULL)
        loop_timer_in_ms(upstreams->loop, &upstreams->sweep_timer, SWEEP_MS);
}

struct dns_upstream *dns_upstream_ref(struct dns_upstreams *upstreams,
                                      const struct resolver *address)
{
    struct dns_upstream *upstream;

    for (GList *l = upstreams->all.head; l != NULL; l = l->next) {
        upstream = l->data;
        if (is_same(&upstream->address, address)) {
            upstream->users++;
            upstream->used_ns = loop_now_ns(upstreams->loop);
            return upstream;
        }
    }
    upstream = g_new0(struct dns_upstream, 1);
    upstream->upstreams = upstreams;
    upstream->address = *address;
    upstream->users = 1;
    upstream->used_ns = loop_now_ns(upstreams->loop);
    g_queue_push_tail(&upstreams->all, upstream);
    if (upstreams->sweep_timer.slot == 0)
        loop_timer_in_ms(upstreams->loop, &upstreams->sweep_timer, SWEEP_MS);
    return upstream;
}

void dns_upstream_unref(struct dns_upstream *upstream)
{
    upstream->users--;
}

const struct resolver *dns_upstream_address(const struct dns_upstream *upstream)
{
    return &upstream->address;
}

static int64_t now(const struct dns_upstream *upstream)
{
    return loop_now_ns(upstream->upstreams->loop);
}

bool dns_upstream_is_up(const struct dns_upstream *upstream)
{
    return !upstream->down;
}

void dns_upstream_note_answer(struct dns_upstream *upstream)
{
    upstream->answered_ns = now(upstream);
    upstream->down = false;
}

void dns_upstream_note_failure(struct dns_upstream *upstream)
{
    char text[IP_ADDR_TEXT_MAX];

    if (!upstream->down)
        LOG_LIMITED("the name server %s does not answer",
                    ip_addr_format(&upstream->address.addr, text));
    upstream->down = true;
    upstream->probed_ns = now(upstream);
}

void dns_upstream_note_silence(struct dns_upstream *upstream, int64_t since_ns)
{
    /* It may be one name that takes long. */
    if (upstream->answered_ns < since_ns)
        dns_upstream_note_failure(upstream);
}

bool dns_upstream_wants_probe(struct dns_upstream *upstream)
{
    if (!upstream->down ||
        now(upstream) - upstream->probed_ns < DNS_UPSTREAM_PROBE_NS)
        return false;
    upstream->probed_ns = now(upstream);
    return true;
}

/* --- life --- */

struct dns_upstreams *dns_upstreams_new(struct loop *loop,
                                        struct budget *budget,
                                        const struct dns_upstream_sink *sink)
{
    struct dns_upstreams *upstreams = g_new0(struct dns_upstreams, 1);

    upstreams->loop = loop;
    upstreams->budget = budget;
    upstreams->sink = *sink;
    upstreams->buffers = g_malloc((size_t)DNS_PORT_BATCH * DNS_PORT_REPLY_MAX);
    upstreams->sweep_timer =
        (struct loop_timer){ .expired = sweep, .self = upstreams };
    g_queue_init(&upstreams->all);
    return upstreams;
}

void dns_upstreams_free(struct dns_upstreams *upstreams)
{
    struct dns_upstream *upstream;

    if (upstreams == NULL)
        return;
    loop_timer_cancel(upstreams->loop, &upstreams->sweep_timer);
    while ((upstream = g_queue_pop_head(&upstreams->all)) != NULL) {
        dns_ports_close(upstream);
        g_free(upstream);
    }
    g_free(upstreams->buffers);
    g_free(upstreams);
}
