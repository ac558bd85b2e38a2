/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "kern/loop.h"
#include "net/budget.h"
#include "net/dns_message.h"
#include "net/resolvers.h"

/*
 * Name servers as they are asked by UDP: from a few ports each, which the
 * kernel chose and which are given up after some questions, so that who is not
 * on the path has to guess port and number (RFC 5452 9.2).  For net/dns_forward
 * only.
 */
struct dns_upstreams;
struct dns_upstream; /* one server */
struct dns_port;

/* Ports of one server at one time, and questions until one is given up. */
#define DNS_UPSTREAM_PORTS         8u
#define DNS_UPSTREAM_PORT_USES_MAX 256u
/* A server that is silent or refuses is passed over until it answers; this
   often it gets a copy of a question for that. */
#define DNS_UPSTREAM_PROBE_NS 1000000000LL

/* One question on its way; lives in its owner's struct. */
struct dns_exchange {
    const struct dns_query *query; /* set by the owner */
    struct dns_port *port;         /* NULL: not on its way */
    uint16_t id;                   /* the number that the server knows */
};

struct dns_upstream_sink {
    /*
     * What a server said to `exchange`, which is over.  `cut`: it was longer
     * than what can be received.  The bytes may be changed during the call.
     */
    void (*answered)(void *self, struct dns_exchange *exchange, uint8_t *data,
                     size_t len, bool cut);
    /* The server cannot be reached; the exchange is over. */
    void (*failed)(void *self, struct dns_exchange *exchange);
    void *self;
};

/* `budget` is kept by reference, `sink` copied. */
struct dns_upstreams *dns_upstreams_new(struct loop *loop,
                                        struct budget *budget,
                                        const struct dns_upstream_sink *sink);
/* No exchange may be on its way. */
void dns_upstreams_free(struct dns_upstreams *upstreams);

/* An unpredictable number. */
uint16_t dns_upstreams_random(struct dns_upstreams *upstreams);

/* The server at that address; dns_upstream_unref() gives it back. */
struct dns_upstream *dns_upstream_ref(struct dns_upstreams *upstreams,
                                      const struct resolver *address);
void dns_upstream_unref(struct dns_upstream *upstream);
const struct resolver *dns_upstream_address(
    const struct dns_upstream *upstream);

/* 0, or -errno: it is not on its way.  The sink is not called before the loop's
   next turn. */
int dns_upstream_send(struct dns_upstream *upstream,
                      struct dns_exchange *exchange);
/* The answer is not wanted any more; harmless when it is not on its way. */
void dns_exchange_end(struct dns_exchange *exchange);

/* False: it is to be passed over where there is another. */
bool dns_upstream_is_up(const struct dns_upstream *upstream);
/* It answered, or could not be reached, in whatever way. */
void dns_upstream_note_answer(struct dns_upstream *upstream);
void dns_upstream_note_failure(struct dns_upstream *upstream);
/* It did not answer a question of `since_ns` in time. */
void dns_upstream_note_silence(struct dns_upstream *upstream, int64_t since_ns);
/* It is passed over and should get a copy now?  Says so once per interval. */
bool dns_upstream_wants_probe(struct dns_upstream *upstream);

/* Fills `ss` with the server's address and returns its length. */
socklen_t dns_resolver_sockaddr(const struct resolver *address,
                                struct sockaddr_storage *ss);
