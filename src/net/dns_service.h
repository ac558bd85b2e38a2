/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/dns_forward.h"
#include "net/names.h"
#include "net/policy.h"

/*
 * What is done with a question, however it came: names of the network are
 * answered at once, names that are the network's to know and not there do not
 * exist, all others are passed on.  An unqualified name that no container has
 * is passed on too, as it may be one of the host's network.  Gate process only.
 */
struct dns_service {
    struct names *names; /* NULL: none */
    /*
     * Further tables with names for who asks from `client`: its other networks.
     * `index` counts from 0; NULL ends it.  NULL: there are none for anyone.
     */
    struct names *(*also)(void *self, const struct ip_addr *client,
                          size_t index);
    void *self;
    struct dns_forward *forward; /* NULL: nothing is passed on */
    /* enable_dns off: nothing is passed on; allow_host_loopback: the host's
       names lead to the gateway.  NULL: both are on. */
    const struct policy *policy;
    struct resolver_list servers; /* none: the host's */
};

/* Room for an answer at once, by TCP too. */
#define DNS_SERVICE_REPLY_MAX 4096u

/*
 * Takes a message of `asker`.  Returns the length of the answer in `out`
 * (DNS_SERVICE_REPLY_MAX bytes); 0: there is none; -EINPROGRESS:
 * asker->answer() will be called with it.
 */
ssize_t dns_service_take(const struct dns_service *service,
                         const struct dns_asker *asker, const uint8_t *data,
                         size_t len, uint8_t *out);
