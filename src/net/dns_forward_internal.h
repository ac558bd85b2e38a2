/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/dns_forward.h"
#include "net/dns_upstream.h"

/*
 * What the files of dns_forward share: dns_forward.c takes questions in and
 * says who has to give way, dns_question.c takes one to its answer.
 */

/* Whose questions are counted together. */
struct dns_client {
    struct ip_addr addr; /* first: what the table hashes */
    GQueue pending;      /* of struct dns_question, the oldest first */
    unsigned users;      /* who points here */
    unsigned calls;
};

/*
 * One question.  A copy, which only shows whether a server lives, has no
 * answer().
 */
struct dns_question {
    struct dns_exchange exchange; /* first: the sink gives it back */
    struct dns_forward *forward;
    struct dns_asker asker;
    struct dns_client *client;
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
    GHashTable *clients; /* set of struct dns_client */
    GQueue all;          /* of struct dns_question, the oldest first */
    unsigned calls;
};

/* Lets go of a client when nothing points to it any more. */
void dns_client_unref(struct dns_forward *forward, struct dns_client *client);

/* Asks the next server that takes it, in at most `rounds` rounds; 0 or -errno:
   there is none. */
int dns_question_ask(struct dns_question *question, unsigned rounds);
/* Hands the answer over (`data` NULL: there is none), and is gone. */
void dns_question_answer(struct dns_question *question, uint8_t *data,
                         size_t len);
/* Gone without a word. */
void dns_question_drop(struct dns_question *question);
/* For its timer. */
void dns_question_expired(void *self);
/* For dns_upstream's sink. */
void dns_question_answered(void *self, struct dns_exchange *exchange,
                           uint8_t *data, size_t len, bool cut);
void dns_question_failed(void *self, struct dns_exchange *exchange);
