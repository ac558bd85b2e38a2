/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dns_call.h"
#include "net/dns_forward_internal.h"

#include <errno.h>

#define CALLS_OF_CLIENT 32u

/* --- the life of a question --- */

static void end_call(struct dns_question *question)
{
    if (question->call == NULL)
        return;
    dns_call_end(question->call);
    question->call = NULL;
    question->client->calls--;
    question->forward->calls--;
    question->forward->budget->used[BUDGET_STACK_DATAGRAM]--;
}

/* From now on nobody finds it any more. */
static void take_out(struct dns_question *question)
{
    struct dns_forward *forward = question->forward;

    dns_exchange_end(&question->exchange);
    loop_timer_cancel(forward->loop, &question->timer);
    g_queue_unlink(&question->client->pending, &question->of_client);
    g_queue_unlink(&forward->all, &question->of_all);
}

static void free_question(struct dns_question *question)
{
    end_call(question);
    dns_client_unref(question->forward, question->client);
    for (unsigned i = 0; i < question->servers; i++)
        dns_upstream_unref(question->order[i]);
    g_free(question);
}

void dns_question_drop(struct dns_question *question)
{
    take_out(question);
    free_question(question);
}

void dns_question_answer(struct dns_question *question, uint8_t *data,
                         size_t len)
{
    take_out(question);
    if (question->asker.answer != NULL)
        question->asker.answer(question->asker.self, &question->asker, data,
                               len);
    free_question(question);
}

static void answer_rcode(struct dns_question *question, enum dns_rcode rcode)
{
    uint8_t out[DNS_UDP_MIN];

    dns_question_answer(
        question, out,
        dns_reply(&question->query, rcode, NULL, 0, out, sizeof(out)));
}

static void answer_truncated(struct dns_question *question)
{
    uint8_t out[DNS_UDP_MIN];

    dns_question_answer(
        question, out, dns_reply_truncated(&question->query, out, sizeof(out)));
}

/* --- asking --- */

static void call_done(void *self, uint8_t *data, size_t len);

static int start_call(struct dns_question *question, const struct resolver *to)
{
    struct dns_forward *forward = question->forward;
    const struct dns_call_sink sink = { call_done, question };
    int error;

    if (forward->calls >= DNS_FORWARD_CALLS_MAX ||
        question->client->calls >= CALLS_OF_CLIENT ||
        !budget_has_room(forward->budget, BUDGET_STACK_DATAGRAM))
        return -EMFILE;
    question->call =
        dns_call_start(forward->loop, to, &question->query,
                       dns_upstreams_random(forward->upstreams), &sink, &error);
    if (question->call == NULL)
        return -error;
    question->client->calls++;
    forward->calls++;
    forward->budget->used[BUDGET_STACK_DATAGRAM]++;
    return 0;
}

int dns_question_ask(struct dns_question *question, unsigned rounds)
{
    struct dns_forward *forward = question->forward;
    int rc = -EHOSTUNREACH;

    while (question->tries < rounds * question->servers) {
        struct dns_upstream *upstream =
            question->order[question->tries++ % question->servers];

        rc = question->asker.stream
                 ? start_call(question, dns_upstream_address(upstream))
                 : dns_upstream_send(upstream, &question->exchange);
        if (rc != 0)
            continue;
        question->sent_ns = loop_now_ns(forward->loop);
        loop_timer_in_ms(forward->loop, &question->timer, question->wait_ms);
        return 0;
    }
    return rc;
}

static void ask_or_give_up(struct dns_question *question, unsigned rounds)
{
    if (dns_question_ask(question, rounds) == 0)
        return;
    if (question->asker.answer != NULL)
        question->forward->stats->names_unanswered++;
    answer_rcode(question, DNS_SERVFAIL);
}

void dns_question_expired(void *self)
{
    struct dns_question *question = self;

    if (question->call == NULL)
        dns_upstream_note_silence(
            question->order[(question->tries - 1) % question->servers],
            question->sent_ns);
    dns_exchange_end(&question->exchange);
    end_call(question);
    ask_or_give_up(question, question->rounds);
}

/* --- what comes back --- */

static bool is_last(const struct dns_question *question)
{
    return question->tries >= question->servers;
}

/* Another server may know better; the last one's word is passed on. */
static void take_answer(struct dns_question *question, uint8_t *data,
                        size_t len, bool cut)
{
    bool failure = dns_reply_is_failure(data);

    if (failure && !is_last(question) && dns_question_ask(question, 1) == 0)
        return;
    if (len == DNS_HEADER_LEN) {
        answer_rcode(question, DNS_SERVFAIL);
    } else if (!question->asker.stream &&
               (cut || len > question->query.udp_max)) {
        answer_truncated(question);
    } else {
        dns_set_id(data, question->query.id);
        dns_question_answer(question, data, len);
    }
}

void dns_question_answered(void *self, struct dns_exchange *exchange,
                           uint8_t *data, size_t len, bool cut)
{
    (void)self;
    take_answer((struct dns_question *)exchange, data, len, cut);
}

/* Once around: those that cannot be reached now will not be a moment later. */
void dns_question_failed(void *self, struct dns_exchange *exchange)
{
    (void)self;
    ask_or_give_up((struct dns_question *)exchange, 1);
}

static void call_done(void *self, uint8_t *data, size_t len)
{
    struct dns_question *question = self;

    if (data != NULL && (is_last(question) || !dns_reply_is_failure(data))) {
        take_answer(question, data, len, false);
        return;
    }
    end_call(question);
    ask_or_give_up(question, 1);
}
