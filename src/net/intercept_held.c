/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/intercept_internal.h"

#include "base/hash.h"
#include "base/log.h"
#include "net/relay.h"

#include <string.h>
#include <unistd.h>

/* How long an entry may stay in a state: as long as Linux itself tries to
   connect; as long as a guest that gave up would not be heard; until no copy of
   the SYN can be on its way. */
static const int64_t lifetime_ns[HELD_STATE_COUNT] = {
    [HELD_CONNECTING] = 130 * 1000000000LL,
    [HELD_INJECTED] = 5 * 1000000000LL,
    [HELD_JOINED] = 1 * 1000000000LL,
};

#define SWEEP_MS 250

static guint ends_hash(gconstpointer p)
{
    return hash_bytes(p, sizeof(struct held_ends));
}

static gboolean ends_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(struct held_ends)) == 0;
}

static void copy_endpoint(struct ip_endpoint *to,
                          const struct ip_endpoint *from)
{
    to->port = from->port;
    to->addr.family = from->addr.family;
    if (from->addr.family == AF_INET6)
        to->addr.v6 = from->addr.v6;
    else
        to->addr.v4 = from->addr.v4;
}

void held_ends_make(struct held_ends *ends, const struct ip_endpoint *guest,
                    const struct ip_endpoint *peer)
{
    memset(ends, 0, sizeof(*ends));
    copy_endpoint(&ends->guest, guest);
    copy_endpoint(&ends->peer, peer);
}

void held_enter_state(struct held_syn *entry, enum held_state state)
{
    struct intercept *in = entry->intercept;

    g_queue_unlink(&in->queues[entry->state], &entry->link);
    entry->state = state;
    entry->since_ns = loop_now_ns(in->loop);
    g_queue_push_tail_link(&in->queues[state], &entry->link);
}

/* Both descriptors of the flow to be, until the relay counts them. */
void held_count_descriptors(struct intercept *in, int sign)
{
    in->config.budget->used[BUDGET_RELAY] +=
        (unsigned)(sign * RELAY_SIDE_COUNT);
}

void held_free(struct held_syn *entry)
{
    struct intercept *in = entry->intercept;

    g_queue_unlink(&in->queues[entry->state], &entry->link);
    if (entry->state != HELD_JOINED)
        held_count_descriptors(in, -1);
    if (entry->host_fd >= 0) {
        loop_forget(in->loop, &entry->watch);
        (void)close(entry->host_fd);
    }
    (void)g_hash_table_remove(in->entries, &entry->ends);
    g_free(entry);
}

static void sweep(void *self)
{
    struct intercept *in = self;
    int64_t now_ns = loop_now_ns(in->loop);

    for (size_t state = 0; state < HELD_STATE_COUNT; state++) {
        GQueue *queue = &in->queues[state];
        struct held_syn *entry;

        while ((entry = g_queue_peek_head(queue)) != NULL &&
               now_ns - entry->since_ns > lifetime_ns[state])
            held_free(entry);
    }
    if (g_hash_table_size(in->entries) > 0)
        loop_timer_in_ms(in->loop, &in->sweep_timer, SWEEP_MS);
}

size_t intercept_pending(const struct intercept *in)
{
    return in->queues[HELD_CONNECTING].length +
           in->queues[HELD_INJECTED].length;
}

void intercept_drop_held(struct intercept *in)
{
    static const enum held_state held[] = { HELD_CONNECTING, HELD_INJECTED };
    struct held_syn *entry;

    for (size_t i = 0; i < G_N_ELEMENTS(held); i++)
        while ((entry = g_queue_peek_head(&in->queues[held[i]])) != NULL)
            held_free(entry);
}

/* Room for one more. */
static void held_forget_oldest(struct intercept *in)
{
    while (intercept_pending(in) >= INTERCEPT_PENDING_MAX) {
        struct held_syn *oldest = g_queue_peek_head(&in->queues[HELD_INJECTED]);

        if (oldest == NULL)
            oldest = g_queue_peek_head(&in->queues[HELD_CONNECTING]);
        in->stats->syns_dropped++;
        LOG_LIMITED("more than %u connections of the guest are being opened: "
                    "forgetting the oldest",
                    INTERCEPT_PENDING_MAX);
        held_free(oldest);
    }
}

struct held_syn *held_add(struct intercept *in, const struct held_ends *ends)
{
    struct held_syn *entry;

    held_forget_oldest(in);
    entry = g_new0(struct held_syn, 1);
    memcpy(&entry->ends, ends, sizeof(*ends)); /* padding as well */
    entry->intercept = in;
    entry->host_fd = -1;
    entry->since_ns = loop_now_ns(in->loop);
    entry->link.data = entry;
    g_queue_push_tail_link(&in->queues[HELD_CONNECTING], &entry->link);
    (void)g_hash_table_add(in->entries, entry);
    if (in->sweep_timer.slot == 0)
        loop_timer_in_ms(in->loop, &in->sweep_timer, SWEEP_MS);
    held_count_descriptors(in, +1);
    return entry;
}

void held_init(struct intercept *in)
{
    in->entries = g_hash_table_new(ends_hash, ends_equal);
    in->sweep_timer = (struct loop_timer){ .expired = sweep, .self = in };
}

void held_clear(struct intercept *in)
{
    for (size_t state = 0; state < HELD_STATE_COUNT; state++)
        while (in->queues[state].head != NULL)
            held_free(in->queues[state].head->data);
    g_hash_table_destroy(in->entries);
    loop_timer_cancel(in->loop, &in->sweep_timer);
}
