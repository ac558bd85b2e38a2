/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/* Shared by the net/dgram* files only. */
#include "net/dgram.h"
#include "net/flow_key.h"

#include <glib.h>
#include <netinet/in.h>

union dgram_addr {
    struct sockaddr sa;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct dgram_socket {
    struct flow_key key; /* first: what the table hashes; not of a forward */
    struct dgram *dgram;
    struct loop_watch watch; /* its `fd` is owned */
    int proto;
    sa_family_t family;
    bool forward;             /* a listener; flows do not keep it alive */
    bool as_gateway;          /* its clients are all shown as the gateway */
    struct ip_endpoint guest; /* port: an echo's id; the guest's own number */
    /* A container asked here for ports that are published: all peers bear this
       address.  AF_UNSPEC: they are who they are. */
    struct ip_addr alias;
    uint8_t hops;     /* as set on the socket; 0: not set */
    bool no_segments; /* the kernel does not cut for us */
    unsigned flows;
};

struct dgram_flow {
    struct flow_key key;         /* first: what the table hashes */
    struct flow_key any_key;     /* of a forward: without the guest's address */
    struct flow_key client_key;  /* of a forward: socket and real peer */
    struct dgram_socket *socket; /* NULL: the stack's */
    struct ip_endpoint guest, peer;
    union dgram_addr real;  /* the peer, as the host knows it */
    struct ip_addr local;   /* of a forward: where the client came to */
    bool answered, stopped; /* stopped: ended by us, not forgotten */
    uint64_t id, bytes_from_guest, bytes_to_guest;
    int64_t started_ns, last_ns;
    GList by_age;     /* in dgram.by_age */
    GList fwd_by_age; /* of a forward: in dgram.fwd_by_age, too */
};

/* Datagrams of one flow that wait to be sent in one call. */
struct dgram_hold {
    struct dgram_flow *flow; /* NULL: none */
    size_t segment, len;
    unsigned count;
    bool full;
    uint8_t *data; /* DGRAM_HOLD_MAX bytes */
};

#define DGRAM_BATCH 16
/* The largest payload, headers in front. */
#define DGRAM_BUFFER    (DATAGRAM_HEADROOM + 65536u)
#define DGRAM_HOLD_MAX  65000u
#define DGRAM_HOLD_SEGS 64u /* UDP_MAX_SEGMENTS before Linux 6.9 */

struct dgram {
    struct loop *loop;
    struct dgram_config config;
    GHashTable *flows;         /* set of struct dgram_flow */
    GHashTable *forwarded;     /* of those of forwards, by `any_key` */
    GHashTable *clients;       /* and by `client_key` */
    GHashTable *sockets;       /* set of struct dgram_socket, but forwards */
    struct dgram_flow *latest; /* one-entry cache */
    GQueue by_age;             /* head: idle for longest */
    GQueue fwd_by_age;         /* those of forwards alone */
    struct dgram_hold hold;
    uint8_t *buffers; /* DGRAM_BATCH times DGRAM_BUFFER */
    int64_t asked_ns; /* when a neighbour was last asked for */
};

/* --- dgram.c --- */

/* The peer as a guest of `family` is told of it. */
struct ip_endpoint dgram_visible(const struct dgram *dgram,
                                 const union dgram_addr *real,
                                 sa_family_t family);
/* A whole frame for the guest. */
void dgram_frame(struct dgram *dgram, const uint8_t *data, size_t len);

/* --- dgram_flow.c --- */

/* NULL: there is none. */
struct dgram_flow *dgram_find(struct dgram *dgram, const struct flow_key *key);
/* That of a datagram from the guest, which may answer a client of a forward
   from another of its addresses; NULL. */
struct dgram_flow *dgram_find_for_guest(struct dgram *dgram, int proto,
                                        const struct ip_endpoint *guest,
                                        const struct ip_endpoint *peer);
/* A new flow; of a forward when `socket` is one.  Its key must be free. */
struct dgram_flow *dgram_flow_new(struct dgram *dgram,
                                  struct dgram_socket *socket,
                                  const struct ip_endpoint *guest,
                                  const struct ip_endpoint *peer,
                                  const union dgram_addr *real);
void dgram_flow_free(struct dgram *dgram, struct dgram_flow *flow);
/* Makes it the youngest. */
void dgram_flow_used(struct dgram *dgram, struct dgram_flow *flow,
                     int64_t now_ns);
/*
 * Ends the flow that was idle longest, or for a new client of a forward that of
 * another client: who is outside takes nothing from the guest.  False: all are
 * in use.
 */
bool dgram_give_way(struct dgram *dgram, bool to_client, int64_t now_ns);

/* --- dgram_list.c --- */

/* To whoever observes flows. */
void dgram_tell_opened(const struct dgram *dgram,
                       const struct dgram_flow *flow);
void dgram_tell_closed(const struct dgram *dgram,
                       const struct dgram_flow *flow);

/* --- dgram_socket.c --- */

/*
 * The socket for that end of the guest, made if need be; `local`: the one that
 * leads to the host's loopback; `alias` as above.  NULL and errno.
 */
struct dgram_socket *dgram_socket_for(struct dgram *dgram, int proto,
                                      const struct ip_endpoint *guest,
                                      bool local, const struct ip_addr *alias);
/* Common to both kinds.  0, or -errno: it is closed and freed then. */
int dgram_socket_start(struct dgram_socket *socket);
/* Frees it; no flow may have it any more. */
void dgram_socket_close(struct dgram_socket *socket);
/* The TTL or hop limit of what is sent from now on; by best effort. */
void dgram_socket_set_hops(struct dgram_socket *socket, uint8_t hops);

/* --- dgram_fwd.c --- */

/* The flow of that client of a forward, made if need be; NULL: no room. */
struct dgram_flow *dgram_fwd_flow(struct dgram_socket *forward,
                                  const union dgram_addr *client);
struct flow_key dgram_client_key(const struct dgram_socket *forward,
                                 const union dgram_addr *client);

/* --- dgram_send.c --- */

/* Sends `len` bytes to the flow's peer, or holds them until dgram_flush(). */
void dgram_send(struct dgram *dgram, struct dgram_flow *flow,
                const uint8_t *payload, size_t len);

/* --- dgram_receive.c --- */

/* Reads what came to the socket, and hands it to the guest as frames. */
void dgram_receive(struct dgram_socket *socket);
/* Path for frames of that flow to the guest. */
struct frame_path dgram_path(struct dgram *dgram,
                             const struct dgram_flow *flow);

/* --- dgram_error.c --- */

/* Reads what the kernel queued as errors, and tells the guest.  Flows stay. */
void dgram_errors(struct dgram_socket *socket);
/* Tells the guest that sending failed with `error`. */
void dgram_send_failed(struct dgram *dgram, const struct dgram_flow *flow,
                       int error, const uint8_t *payload, size_t len);
/* An ICMP error from `from` about what the flow's guest sent. */
void dgram_tell(struct dgram *dgram, const struct dgram_flow *flow,
                const struct ip_addr *from, const struct frame_icmp *error,
                const uint8_t *payload, size_t len);
