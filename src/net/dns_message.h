/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"

/*
 * DNS messages (RFC 1035 4.1, RFC 6891): one question is read, answers to it
 * are built, and what a server says is held against what it was asked.  No
 * compression pointer is ever followed, so none can loop.  Pure.
 */
#define DNS_PORT        53
#define DNS_HEADER_LEN  12u
#define DNS_MESSAGE_MAX 65535u
/* A longer question is refused; real ones have a few hundred bytes. */
#define DNS_QUERY_MAX 4096u
/* What a client takes by UDP when it says nothing else. */
#define DNS_UDP_MIN 512u
/* What we say that we take, and give, in answers of our own. */
#define DNS_UDP_OURS 1232u
/* Room for a name as text, with the end of the string. */
#define DNS_TEXT_MAX 256u

enum dns_type {
    DNS_TYPE_A = 1,
    DNS_TYPE_PTR = 12,
    DNS_TYPE_AAAA = 28,
    DNS_TYPE_OPT = 41,
    DNS_TYPE_IXFR = 251,
    DNS_TYPE_AXFR = 252,
    DNS_TYPE_ANY = 255,
};

enum dns_rcode {
    DNS_NOERROR = 0,
    DNS_FORMERR = 1,
    DNS_SERVFAIL = 2,
    DNS_NXDOMAIN = 3,
    DNS_NOTIMP = 4,
    DNS_REFUSED = 5,
    DNS_BADVERS = 16, /* needs EDNS */
};

/* A view of a question: valid as long as the message is. */
struct dns_query {
    const uint8_t *data;
    size_t len;
    size_t question_end; /* offset behind the question; 0: it cannot be read */
    uint16_t id, type, class_;
    bool edns;
    size_t udp_max; /* what the client takes by UDP, at least DNS_UDP_MIN */
};

/*
 * Reads a message from a client.  DNS_NOERROR, or what it is to be answered
 * with; a negative value: no answer at all, as it is no question (answers must
 * not breed answers).  `out` is good for dns_reply() unless negative.
 */
int dns_query_parse(const uint8_t *data, size_t len, struct dns_query *out);

/*
 * The name that is asked for, with dots, as it was written; false when a label
 * has bytes that no host name has.  `out` has DNS_TEXT_MAX bytes.
 */
bool dns_query_name(const struct dns_query *query, char *out);

/* The address that a name below in-addr.arpa or ip6.arpa stands for. */
bool dns_reverse_addr(const char *name, struct ip_addr *out);

struct dns_record {
    uint16_t type;       /* DNS_TYPE_A, _AAAA or _PTR */
    struct ip_addr addr; /* of the first two */
    const char *name;    /* of the last: labels with dots */
};

/* Time to live of all records: names may change at any time. */
#define DNS_TTL_S 0

/*
 * Builds an answer into `out`, of at most `room` bytes (DNS_UDP_MIN at least);
 * records that do not fit are left out, and the message is marked as truncated.
 * The question is repeated byte by byte; the records' owner is its name.
 * Returns the length.
 */
size_t dns_reply(const struct dns_query *query, enum dns_rcode rcode,
                 const struct dns_record *records, size_t count, uint8_t *out,
                 size_t room);
/* An answer without records that tells the client to come by TCP. */
size_t dns_reply_truncated(const struct dns_query *query, uint8_t *out,
                           size_t room);

/*
 * Is this what a server says to `query`, which it knows as `id`?  Names are
 * compared without regard to case, as not all servers keep it.
 */
bool dns_reply_matches(const uint8_t *data, size_t len, uint16_t id,
                       const struct dns_query *query);
/* Does it say that this server cannot help, but another may?  `data` matches
   or has a header at least. */
bool dns_reply_is_failure(const uint8_t *data);

/* The number of a message, of which the header at least is there. */
uint16_t dns_get_id(const uint8_t *data);
void dns_set_id(uint8_t *data, uint16_t id);
