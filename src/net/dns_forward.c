/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dns_forward.h"

#include "base/log.h"
#include "net/dns_call.h"
#include "net/dns_upstream.h"

#include <errno.h>
#include <string.h>

/* A server gets this long at least, however many there are. */
#define WAIT_MIN_MS     1000u
#define CALLS_OF_CLIENT 32u

/* Whose questions are counted together. */
struct client {
    struct ip_addr addr; /* first: what the table hashes */
    GQueue pending;      /* of struct pending, the oldest first */
    unsigned users;      /* who points here */
    unsigned calls;
};

/*
 * One question.  A copy, which only shows whether a server lives, has no
 * answer().
 */
struct pending {
    struct dns_exchange exchange; /* first: the sink gives it back */
    struct dns_forward *forward;
    struct dns_asker asker;
    struct client *client;
    GList of_client, of_all;
    struct dns_query query;
    struct dns_call *call;
    struct loop_timer timer;
    struct dns_upstream *order[RESOLVERS_MAX];
    unsigned servers, tries, rounds;
    int64_t wait_ms, sent_ns;
    uint8_t bytes[];
};

struct dns_forward {
    struct loop *loop;
    struct resolvers *resolvers;
    struct budget *budget;
    struct stats *stats;
    struct dns_upstreams *upstreams;
    GHashTable *clients; /* set of struct client */
    GQueue all;          /* of struct pending, the oldest first */
    unsigned calls;
};

/* --- clients --- */

static guint client_hash(gconstpointer p)
{
    return ip_addr_hash(p);
}

static gboolean client_equal(gconstpointer a, gconstpointer b)
{
    return ip_addr_equal(a, b);
}

static struct client *client_of(struct dns_forward *forward,
                                const struct ip_addr *addr)
{
    struct client *client = g_hash_table_lookup(forward->clients, addr);

    if (client != NULL)
        return client;
    client = g_new0(struct client, 1);
    client->addr = *addr;
    g_queue_init(&client->pending);
    g_hash_table_add(forward->clients, client);
    return client;
}

static void client_unref(struct dns_forward *forward, struct client *client)
{
    if (--client->users == 0)
        (void)g_hash_table_remove(forward->clients, client);
}

static struct client *find_busiest(const struct dns_forward *forward)
{
    struct client *busiest = NULL;
    GHashTableIter iter;
    gpointer each;

    g_hash_table_iter_init(&iter, forward->clients);
    while (g_hash_table_iter_next(&iter, &each, NULL)) {
        struct client *client = each;

        if (busiest == NULL || client->pending.length > busiest->pending.length)
            busiest = client;
    }
    return busiest;
}

/* --- the life of a question --- */

static void end_call(struct pending *pending)
{
    if (pending->call == NULL)
        return;
    dns_call_end(pending->call);
    pending->call = NULL;
    pending->client->calls--;
    pending->forward->calls--;
    pending->forward->budget->used[BUDGET_STACK_DATAGRAM]--;
}

/* From now on nobody finds it any more. */
static void take_out(struct pending *pending)
{
    struct dns_forward *forward = pending->forward;

    dns_exchange_end(&pending->exchange);
    loop_timer_cancel(forward->loop, &pending->timer);
    g_queue_unlink(&pending->client->pending, &pending->of_client);
    g_queue_unlink(&forward->all, &pending->of_all);
}

static void pending_free(struct pending *pending)
{
    end_call(pending);
    client_unref(pending->forward, pending->client);
    for (unsigned i = 0; i < pending->servers; i++)
        dns_upstream_unref(pending->order[i]);
    g_free(pending);
}

static void drop(struct pending *pending)
{
    take_out(pending);
    pending_free(pending);
}

static void answer(struct pending *pending, uint8_t *data, size_t len)
{
    take_out(pending);
    if (pending->asker.answer != NULL)
        pending->asker.answer(pending->asker.self, &pending->asker, data, len);
    pending_free(pending);
}

static void answer_rcode(struct pending *pending, enum dns_rcode rcode)
{
    uint8_t out[DNS_UDP_MIN];

    answer(pending, out,
           dns_reply(&pending->query, rcode, NULL, 0, out, sizeof(out)));
}

static void answer_truncated(struct pending *pending)
{
    uint8_t out[DNS_UDP_MIN];

    answer(pending, out,
           dns_reply_truncated(&pending->query, out, sizeof(out)));
}

/* --- asking --- */

static void call_done(void *self, uint8_t *data, size_t len);

static int start_call(struct pending *pending, const struct resolver *to)
{
    struct dns_forward *forward = pending->forward;
    const struct dns_call_sink sink = { call_done, pending };
    int error;

    if (forward->calls >= DNS_FORWARD_CALLS_MAX ||
        pending->client->calls >= CALLS_OF_CLIENT ||
        !budget_has_room(forward->budget, BUDGET_STACK_DATAGRAM))
        return -EMFILE;
    pending->call =
        dns_call_start(forward->loop, to, &pending->query,
                       dns_upstreams_random(forward->upstreams), &sink, &error);
    if (pending->call == NULL)
        return -error;
    pending->client->calls++;
    forward->calls++;
    forward->budget->used[BUDGET_STACK_DATAGRAM]++;
    return 0;
}

/* Asks the next server that takes it, in at most `rounds` rounds; 0 or -errno:
   there is none. */
static int ask_next(struct pending *pending, unsigned rounds)
{
    struct dns_forward *forward = pending->forward;
    int rc = -EHOSTUNREACH;

    while (pending->tries < rounds * pending->servers) {
        struct dns_upstream *upstream =
            pending->order[pending->tries++ % pending->servers];

        rc = pending->asker.stream
                 ? start_call(pending, dns_upstream_address(upstream))
                 : dns_upstream_send(upstream, &pending->exchange);
        if (rc != 0)
            continue;
        pending->sent_ns = loop_now_ns(forward->loop);
        loop_timer_in_ms(forward->loop, &pending->timer, pending->wait_ms);
        return 0;
    }
    return rc;
}

static void ask_or_give_up(struct pending *pending, unsigned rounds)
{
    if (ask_next(pending, rounds) == 0)
        return;
    if (pending->asker.answer != NULL)
        pending->forward->stats->names_unanswered++;
    answer_rcode(pending, DNS_SERVFAIL);
}

static void timer_expired(void *self)
{
    struct pending *pending = self;

    if (pending->call == NULL)
        dns_upstream_note_silence(
            pending->order[(pending->tries - 1) % pending->servers],
            pending->sent_ns);
    dns_exchange_end(&pending->exchange);
    end_call(pending);
    ask_or_give_up(pending, pending->rounds);
}

/* --- what comes back --- */

static bool is_last(const struct pending *pending)
{
    return pending->tries >= pending->servers;
}

/* Another server may know better; the last one's word is passed on. */
static void take_answer(struct pending *pending, uint8_t *data, size_t len,
                        bool cut)
{
    bool failure = dns_reply_is_failure(data);

    if (failure && !is_last(pending) && ask_next(pending, 1) == 0)
        return;
    if (len == DNS_HEADER_LEN) {
        answer_rcode(pending, DNS_SERVFAIL);
    } else if (!pending->asker.stream &&
               (cut || len > pending->query.udp_max)) {
        answer_truncated(pending);
    } else {
        dns_set_id(data, pending->query.id);
        answer(pending, data, len);
    }
}

static void upstream_answered(void *self, struct dns_exchange *exchange,
                              uint8_t *data, size_t len, bool cut)
{
    (void)self;
    take_answer((struct pending *)exchange, data, len, cut);
}

/* Once around: those that cannot be reached now will not be a moment later. */
static void upstream_failed(void *self, struct dns_exchange *exchange)
{
    (void)self;
    ask_or_give_up((struct pending *)exchange, 1);
}

static void call_done(void *self, uint8_t *data, size_t len)
{
    struct pending *pending = self;

    if (data != NULL && (is_last(pending) || !dns_reply_is_failure(data))) {
        take_answer(pending, data, len, false);
        return;
    }
    end_call(pending);
    ask_or_give_up(pending, 1);
}

/* --- new questions --- */

/* Servers that answer come first. */
static void order_servers(struct pending *pending,
                          const struct resolver_list *list)
{
    struct dns_upstream *all[RESOLVERS_MAX];

    for (size_t i = 0; i < list->count; i++) {
        all[i] =
            dns_upstream_ref(pending->forward->upstreams, &list->server[i]);
        if (dns_upstream_is_up(all[i]))
            pending->order[pending->servers++] = all[i];
    }
    for (size_t i = 0; i < list->count; i++)
        if (!dns_upstream_is_up(all[i]))
            pending->order[pending->servers++] = all[i];
    pending->rounds = list->attempts;
    pending->wait_ms =
        MAX(list->timeout_s * 1000u / pending->servers, WAIT_MIN_MS);
}

static struct pending *pending_new(struct dns_forward *forward,
                                   const struct dns_query *query,
                                   const struct ip_addr *client)
{
    struct pending *pending = g_malloc0(sizeof(*pending) + query->len);

    memcpy(pending->bytes, query->data, query->len);
    pending->forward = forward;
    pending->query = *query;
    pending->query.data = pending->bytes;
    pending->exchange.query = &pending->query;
    pending->timer =
        (struct loop_timer){ .expired = timer_expired, .self = pending };
    pending->client = client_of(forward, client);
    pending->client->users++;
    pending->of_client.data = pending;
    pending->of_all.data = pending;
    g_queue_push_tail_link(&pending->client->pending, &pending->of_client);
    g_queue_push_tail_link(&forward->all, &pending->of_all);
    return pending;
}

static void give_way(struct pending *pending)
{
    pending->forward->stats->names_dropped++;
    answer(pending, NULL, 0);
}

/*
 * Makes room for one more of a client: at its own cost when it has its share,
 * else at the cost of whoever has most.  Where all have about as few, the
 * oldest goes: it had its time.
 */
static void make_room(struct dns_forward *forward, const struct ip_addr *addr)
{
    const struct client *client = g_hash_table_lookup(forward->clients, addr);
    guint held = client != NULL ? client->pending.length : 0;
    const struct client *busiest;

    if (held >= DNS_FORWARD_CLIENT_MAX) {
        give_way(client->pending.head->data);
        return;
    }
    if (forward->all.length < DNS_FORWARD_MAX)
        return;
    LOG_LIMITED("more than %u names are being asked for", DNS_FORWARD_MAX);
    busiest = find_busiest(forward);
    give_way(busiest->pending.length > held + 1 ? busiest->pending.head->data
                                                : forward->all.head->data);
}

/* A server that is passed over gets a copy now and then, so that its return is
   noticed. */
static void probe(struct pending *pending)
{
    static const struct ip_addr nobody;
    struct dns_forward *forward = pending->forward;

    if (!dns_upstream_is_up(pending->order[0]))
        return;
    for (unsigned i = 1; i < pending->servers; i++) {
        struct dns_upstream *upstream = pending->order[i];
        struct pending *copy;

        if (!dns_upstream_wants_probe(upstream))
            continue;
        make_room(forward, &nobody);
        copy = pending_new(forward, &pending->query, &nobody);
        copy->order[copy->servers++] = dns_upstream_ref(
            forward->upstreams, dns_upstream_address(upstream));
        copy->rounds = 1;
        copy->wait_ms = pending->wait_ms;
        if (ask_next(copy, 1) != 0)
            drop(copy);
    }
}

int dns_forward_ask(struct dns_forward *forward, const struct dns_asker *asker,
                    const struct dns_query *query,
                    const struct resolver_list *servers)
{
    struct pending *pending;
    int rc;

    if (servers == NULL)
        servers = resolvers_get(forward->resolvers, loop_now_ns(forward->loop));
    make_room(forward, &asker->client.addr);
    pending = pending_new(forward, query, &asker->client.addr);
    pending->asker = *asker;
    order_servers(pending, servers);
    forward->stats->names_passed_on++;
    rc = ask_next(pending, 1);
    if (rc != 0) {
        forward->stats->names_unanswered++;
        drop(pending);
        return rc;
    }
    if (!asker->stream)
        probe(pending);
    return 0;
}

/* `self` NULL: all. */
static void cancel(struct dns_forward *forward, const void *self)
{
    GList *link = forward->all.head;

    while (link != NULL) {
        struct pending *pending = link->data;

        link = link->next;
        if (self == NULL || pending->asker.self == self)
            drop(pending);
    }
}

void dns_forward_cancel(struct dns_forward *forward, const void *self)
{
    g_assert(self != NULL);
    cancel(forward, self);
}

static bool is_up(struct dns_forward *forward, const struct resolver *server)
{
    struct dns_upstream *upstream =
        dns_upstream_ref(forward->upstreams, server);
    bool up = dns_upstream_is_up(upstream);

    dns_upstream_unref(upstream);
    return up;
}

bool dns_forward_replacement(struct dns_forward *forward, sa_family_t family,
                             struct ip_addr *out)
{
    const struct resolver_list *list =
        resolvers_get(forward->resolvers, loop_now_ns(forward->loop));
    bool is_first = true;

    for (size_t i = 0; i < list->count; i++) {
        const struct resolver *server = &list->server[i];

        if (server->addr.family != family)
            continue;
        if (is_up(forward, server)) {
            if (is_first)
                return false;
            if (!ip_addr_is_loopback(&server->addr) && server->scope == 0) {
                *out = server->addr;
                return true;
            }
        }
        is_first = false;
    }
    return false;
}

size_t dns_forward_pending(const struct dns_forward *forward)
{
    return forward->all.length;
}

/* --- life --- */

struct dns_forward *dns_forward_new(struct loop *loop,
                                    struct resolvers *resolvers,
                                    struct budget *budget, struct stats *stats)
{
    struct dns_forward *forward = g_new0(struct dns_forward, 1);
    const struct dns_upstream_sink sink = { upstream_answered, upstream_failed,
                                            forward };

    forward->loop = loop;
    forward->resolvers = resolvers;
    forward->budget = budget;
    forward->stats = stats;
    forward->upstreams = dns_upstreams_new(loop, budget, &sink);
    forward->clients =
        g_hash_table_new_full(client_hash, client_equal, g_free, NULL);
    g_queue_init(&forward->all);
    return forward;
}

void dns_forward_free(struct dns_forward *forward)
{
    if (forward == NULL)
        return;
    cancel(forward, NULL);
    dns_upstreams_free(forward->upstreams);
    g_hash_table_destroy(forward->clients);
    g_free(forward);
}
