/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/dns_service.h"

/*
 * Clients that ask by TCP (RFC 7766): each message has two bytes of length in
 * front, several may be on their way, and answers come in any order.  A client
 * that is silent, slow or does not read is given a deadline, and one that has
 * too many open questions is not read.  Gate process only; nothing here blocks.
 */
struct dns_streams;

/* Connections at one time, and from one client; for one more, the client with
   the most loses one that waits for nothing, or its oldest. */
#define DNS_STREAMS_MAX        256u
#define DNS_STREAMS_CLIENT_MAX 64u
/* Open questions of one connection. */
#define DNS_STREAM_PENDING_MAX 32u
/* Without any progress. */
#define DNS_STREAM_IDLE_MS 10000

/* Both are kept by reference. */
struct dns_streams *dns_streams_new(struct loop *loop,
                                    const struct dns_service *service,
                                    struct budget *budget);
void dns_streams_close_all(struct dns_streams *streams);
/* Those of clients with an address of that family. */
void dns_streams_close_family(struct dns_streams *streams, sa_family_t family);
/* Closes all connections. */
void dns_streams_free(struct dns_streams *streams);

/* Takes over a connection from `from`, non-blocking. */
void dns_streams_take(struct dns_streams *streams, int fd,
                      const struct ip_endpoint *from);
/* Are there descriptors for another one? */
bool dns_streams_have_room(const struct dns_streams *streams);
size_t dns_streams_count(const struct dns_streams *streams);
