/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/datagram.h"
#include "net/dns_forward.h"
#include "net/policy.h"
#include "net/stats.h"

/*
 * The resolver's addresses of the guest's own network (net+3, fd00::3), port
 * 53: what is asked there is passed on to all of the host's name servers, but
 * for the host's own names (net/names.h), which lead to the gateway.
 * Datagrams come and go as frames, connections as sockets of the relay
 * namespace.  Gate process only.
 */
struct dns_guest;

struct dns_guest_config {
    const struct plan *plan;     /* kept by reference, like these */
    const struct policy *policy; /* has let through what comes here */
    struct dns_forward *forward;
    struct budget *budget;
    struct stats *stats;
    struct datagram_link link;
    struct datagram_sink sink; /* frames for the guest */
};

/* `config` is copied; `loop` must outlive it. */
struct dns_guest *dns_guest_new(struct loop *loop,
                                const struct dns_guest_config *config);
/* Forgets all questions and closes all connections. */
void dns_guest_free(struct dns_guest *guest);

/* Takes a frame that may pass, if it is a datagram for the resolver. */
bool dns_guest_take(struct dns_guest *guest, const struct frame *f);
/* Takes over a connection of the guest to the resolver. */
void dns_guest_take_stream(struct dns_guest *guest, int fd,
                           const struct ip_endpoint *from);

/* To be called when the policy allows less than before: see net/switches.h. */
void dns_guest_policy_narrowed(struct dns_guest *guest,
                               const struct policy *wanted);

/* Is that one of the resolver's addresses, with its port? */
bool dns_guest_is_resolver(const struct plan *plan,
                           const struct ip_endpoint *to);
