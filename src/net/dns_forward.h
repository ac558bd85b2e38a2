/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"
#include "kern/loop.h"
#include "net/budget.h"
#include "net/dns_message.h"
#include "net/resolvers.h"
#include "net/stats.h"

/*
 * Passes questions on to name servers, from the host's side, and their answers
 * back.  It knows and keeps no names.  Each question goes out under a random
 * number from one of several ports that the kernel chose, which change; an
 * answer must come from the server that was asked, with that number and that
 * question (RFC 5452).  A server that is silent, refuses or fails is passed
 * over for the next one; it is tried again by copies of questions that another
 * server answers, so that nobody waits for it.  What was asked by TCP is passed
 * on by TCP.  Gate process only; nothing here blocks.
 */
struct dns_forward;

/* Questions that are open at one time, and of one client. */
#define DNS_FORWARD_MAX        4096u
#define DNS_FORWARD_CLIENT_MAX 1024u
/* Of those, by TCP. */
#define DNS_FORWARD_CALLS_MAX 128u

/* Who asks, and what becomes of the answer. */
struct dns_asker {
    struct ip_endpoint client; /* of whom too many questions are too many */
    uint32_t scope;            /* of a link-local client; else 0 */
    bool stream;               /* by TCP: no length is too long */
    /*
     * The answer, complete and with the client's number; its bytes are gone
     * after the call and may be changed in it.  data NULL: the question had to
     * give way to others; no other question may be asked in that call.  Not
     * called for a question before dns_forward_ask() has returned.
     */
    void (*answer)(void *self, const struct dns_asker *asker, uint8_t *data,
                   size_t len);
    void *self;
    uint8_t own[16]; /* for the asker alone */
};

/*
 * `resolvers`, `budget` (descriptors count as BUDGET_STACK_DATAGRAM) and
 * `stats` are kept by reference.
 */
struct dns_forward *dns_forward_new(struct loop *loop,
                                    struct resolvers *resolvers,
                                    struct budget *budget, struct stats *stats);
/* Nobody is answered any more. */
void dns_forward_free(struct dns_forward *forward);

/*
 * Passes a question on, to `servers` or, NULL, to the host's.  A client that
 * has more than its share of open questions loses its oldest; when there are
 * too many of all, the client with the most does.  0: answer() will
 * be called, perhaps to tell that there is no answer (SERVFAIL); -errno: no
 * server could be asked, and it will not be called.
 */
int dns_forward_ask(struct dns_forward *forward, const struct dns_asker *asker,
                    const struct dns_query *query,
                    const struct resolver_list *servers);
/* Forgets all questions whose asker has this `self`. */
void dns_forward_cancel(struct dns_forward *forward, const void *self);

/*
 * Another server of that family, for who would only ever ask the first one of
 * it: false when that one is not known to be dead, or no other lives that is
 * not the host's own.
 */
bool dns_forward_replacement(struct dns_forward *forward, sa_family_t family,
                             struct ip_addr *out);

/* Questions that are open. */
size_t dns_forward_pending(const struct dns_forward *forward);
