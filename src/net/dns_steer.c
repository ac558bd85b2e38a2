/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dns_steer.h"

#include "net/checksum.h"
#include "net/dns_guest.h"

#include <string.h>

/* As long as any client waits for an answer. */
#define IDLE_NS  (60 * 1000000000LL)
#define SWEEP_MS 10000

#define IPV4_CHECKSUM 10u
#define IPV4_SOURCE   12u
#define IPV6_SOURCE   8u
#define TCP_CHECKSUM  16u

struct steered {
    struct ip_endpoint guest; /* first: what the table hashes */
    struct ip_addr server;
    int64_t used_ns;
};

struct dns_steer {
    struct loop *loop;
    const struct plan *plan;
    struct dns_forward *forward;
    GHashTable *table; /* set of struct steered */
    struct loop_timer sweep_timer;
};

static guint end_hash(gconstpointer p)
{
    const struct ip_endpoint *end = p;

    return ip_addr_hash(&end->addr) ^ end->port * 31u;
}

static gboolean end_equal(gconstpointer a, gconstpointer b)
{
    return ip_endpoint_equal(a, b);
}

static gboolean is_idle(gpointer key, gpointer value, gpointer data)
{
    const struct steered *steered = key;
    const struct dns_steer *steer = data;

    (void)value;
    return loop_now_ns(steer->loop) - steered->used_ns > IDLE_NS;
}

static void sweep(void *self)
{
    struct dns_steer *steer = self;

    (void)g_hash_table_foreach_remove(steer->table, is_idle, steer);
    if (g_hash_table_size(steer->table) > 0)
        loop_timer_in_ms(steer->loop, &steer->sweep_timer, SWEEP_MS);
}

struct dns_steer *dns_steer_new(struct loop *loop, const struct plan *plan,
                                struct dns_forward *forward)
{
    struct dns_steer *steer = g_new0(struct dns_steer, 1);

    steer->loop = loop;
    steer->plan = plan;
    steer->forward = forward;
    steer->table = g_hash_table_new_full(end_hash, end_equal, g_free, NULL);
    steer->sweep_timer = (struct loop_timer){ .expired = sweep, .self = steer };
    return steer;
}

void dns_steer_free(struct dns_steer *steer)
{
    if (steer == NULL)
        return;
    loop_timer_cancel(steer->loop, &steer->sweep_timer);
    g_hash_table_destroy(steer->table);
    g_free(steer);
}

/* --- frames --- */

/* Writes `to` over the address at `field`, which two checksums may cover. */
static void put_addr(uint8_t *field, const struct ip_addr *to,
                     uint8_t *checksum, uint8_t *other)
{
    const uint8_t *new =
        to->family == AF_INET6 ? to->v6.s6_addr : (const void *)&to->v4;
    size_t len = to->family == AF_INET6 ? sizeof(to->v6) : sizeof(to->v4);

    for (size_t i = 0; i < len; i += 2) {
        checksum_replace16(checksum, field + i, new + i);
        if (other != NULL)
            checksum_replace16(other, field + i, new + i);
    }
    memcpy(field, new, len);
}

static void readdress(uint8_t *data, size_t l4, bool source,
                      const struct ip_addr *to)
{
    uint8_t *ip = data + FRAME_ETH_LEN;
    uint8_t *tcp = data + l4 + TCP_CHECKSUM;

    if (to->family == AF_INET6)
        put_addr(ip + IPV6_SOURCE + (source ? 0 : sizeof(to->v6)), to, tcp,
                 NULL);
    else
        put_addr(ip + IPV4_SOURCE + (source ? 0 : sizeof(to->v4)), to, tcp,
                 ip + IPV4_CHECKSUM);
}

/* --- both ways --- */

bool dns_steer_is_active(const struct dns_steer *steer)
{
    return g_hash_table_size(steer->table) > 0;
}

static void begin(struct dns_steer *steer, const struct ip_endpoint *guest)
{
    struct ip_addr server;
    struct steered *steered;

    /* A port that is used again begins anew. */
    (void)g_hash_table_remove(steer->table, guest);
    if (g_hash_table_size(steer->table) >= DNS_STEER_MAX ||
        !dns_forward_replacement(steer->forward, guest->addr.family, &server))
        return;
    steered = g_new0(struct steered, 1);
    steered->guest = *guest;
    steered->server = server;
    g_hash_table_add(steer->table, steered);
    if (steer->sweep_timer.slot == 0)
        loop_timer_in_ms(steer->loop, &steer->sweep_timer, SWEEP_MS);
}

void dns_steer_to_stack(struct dns_steer *steer, struct frame *f)
{
    struct steered *steered;

    if (!dns_guest_is_resolver(steer->plan, &f->dst))
        return;
    if ((f->tcp_flags & (FRAME_SYN | FRAME_ACK)) == FRAME_SYN)
        begin(steer, &f->src);
    steered = g_hash_table_lookup(steer->table, &f->src);
    if (steered == NULL)
        return;
    steered->used_ns = loop_now_ns(steer->loop);
    readdress(f->data, f->l4, false, &steered->server);
    f->dst.addr = steered->server;
}

uint8_t *dns_steer_to_guest(struct dns_steer *steer, const struct frame *f)
{
    const struct plan *plan = steer->plan;
    const struct steered *steered;
    uint8_t *copy;

    if (f->src.port != DNS_PORT)
        return NULL;
    steered = g_hash_table_lookup(steer->table, &f->dst);
    if (steered == NULL || !ip_addr_equal(&steered->server, &f->src.addr))
        return NULL;
    copy = g_malloc(f->len);
    memcpy(copy, f->data, f->len);
    readdress(copy, f->l4, true,
              f->src.addr.family == AF_INET6 ? &plan->dns6 : &plan->dns);
    return copy;
}
