/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dns_forward_internal.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>

/* A server gets this long at least, however many there are. */
#define WAIT_MIN_MS 1000u

/* --- clients --- */

static guint client_hash(gconstpointer p)
{
    return ip_addr_hash(p);
}

static gboolean client_equal(gconstpointer a, gconstpointer b)
{
    return ip_addr_equal(a, b);
}

static struct dns_client *client_of(struct dns_forward *forward,
                                    const struct ip_addr *addr)
{
    struct dns_client *client = g_hash_table_lookup(forward->clients, addr);

    if (client != NULL)
        return client;
    client = g_new0(struct dns_client, 1);
    client->addr = *addr;
    g_queue_init(&client->pending);
    g_hash_table_add(forward->clients, client);
    return client;
}

void dns_client_unref(struct dns_forward *forward, struct dns_client *client)
{
    if (--client->users == 0)
        (void)g_hash_table_remove(forward->clients, client);
}

static struct dns_client *find_busiest(const struct dns_forward *forward)
{
    struct dns_client *busiest = NULL;
    GHashTableIter iter;
    gpointer each;

    g_hash_table_iter_init(&iter, forward->clients);
    while (g_hash_table_iter_next(&iter, &each, NULL)) {
        struct dns_client *client = each;

        if (busiest == NULL || client->pending.length > busiest->pending.length)
            busiest = client;
    }
    return busiest;
}

/* --- new questions --- */

/* Servers that answer come first. */
static void order_servers(struct dns_question *question,
                          const struct resolver_list *list)
{
    struct dns_upstream *all[RESOLVERS_MAX];

    for (size_t i = 0; i < list->count; i++) {
        all[i] =
            dns_upstream_ref(question->forward->upstreams, &list->server[i]);
        if (dns_upstream_is_up(all[i]))
            question->order[question->servers++] = all[i];
    }
    for (size_t i = 0; i < list->count; i++)
        if (!dns_upstream_is_up(all[i]))
            question->order[question->servers++] = all[i];
    question->rounds = list->attempts;
    question->wait_ms =
        MAX(list->timeout_s * 1000u / question->servers, WAIT_MIN_MS);
}

static struct dns_question *question_new(struct dns_forward *forward,
                                         const struct dns_query *query,
                                         const struct ip_addr *client)
{
    struct dns_question *question = g_malloc0(sizeof(*question) + query->len);

    memcpy(question->bytes, query->data, query->len);
    question->forward = forward;
    question->query = *query;
    question->query.data = question->bytes;
    question->exchange.query = &question->query;
    question->timer = (struct loop_timer){ .expired = dns_question_expired,
                                           .self = question };
    question->client = client_of(forward, client);
    question->client->users++;
    question->of_client.data = question;
    question->of_all.data = question;
    g_queue_push_tail_link(&question->client->pending, &question->of_client);
    g_queue_push_tail_link(&forward->all, &question->of_all);
    return question;
}

static void give_way(struct dns_question *question)
{
    question->forward->stats->names_dropped++;
    dns_question_answer(question, NULL, 0);
}

/*
 * Makes room for one more of a client: at its own cost when it has its share,
 * else at the cost of whoever has most.  Where all have about as few, the
 * oldest goes: it had its time.
 */
static void make_room(struct dns_forward *forward, const struct ip_addr *addr)
{
    const struct dns_client *client =
        g_hash_table_lookup(forward->clients, addr);
    guint held = client != NULL ? client->pending.length : 0;
    const struct dns_client *busiest;

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
static void probe(struct dns_question *question)
{
    static const struct ip_addr nobody;
    struct dns_forward *forward = question->forward;

    if (!dns_upstream_is_up(question->order[0]))
        return;
    for (unsigned i = 1; i < question->servers; i++) {
        struct dns_upstream *upstream = question->order[i];
        struct dns_question *copy;

        if (!dns_upstream_wants_probe(upstream))
            continue;
        make_room(forward, &nobody);
        copy = question_new(forward, &question->query, &nobody);
        copy->order[copy->servers++] = dns_upstream_ref(
            forward->upstreams, dns_upstream_address(upstream));
        copy->rounds = 1;
        copy->wait_ms = question->wait_ms;
        if (dns_question_ask(copy, 1) != 0)
            dns_question_drop(copy);
    }
}

int dns_forward_ask(struct dns_forward *forward, const struct dns_asker *asker,
                    const struct dns_query *query,
                    const struct resolver_list *servers)
{
    struct dns_question *question;
    int rc;

    if (servers == NULL)
        servers = resolvers_get(forward->resolvers, loop_now_ns(forward->loop));
    make_room(forward, &asker->client.addr);
    question = question_new(forward, query, &asker->client.addr);
    question->asker = *asker;
    order_servers(question, servers);
    forward->stats->names_passed_on++;
    rc = dns_question_ask(question, 1);
    if (rc != 0) {
        forward->stats->names_unanswered++;
        dns_question_drop(question);
        return rc;
    }
    if (!asker->stream)
        probe(question);
    return 0;
}

/* `self` NULL: all. */
static void cancel(struct dns_forward *forward, const void *self)
{
    GList *link = forward->all.head;

    while (link != NULL) {
        struct dns_question *question = link->data;

        link = link->next;
        if (self == NULL || question->asker.self == self)
            dns_question_drop(question);
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
    const struct dns_upstream_sink sink = { dns_question_answered,
                                            dns_question_failed, forward };

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
