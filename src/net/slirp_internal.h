/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/* Shared by the net/slirp_* files only. */
#include "net/pollset.h"
#include "net/slirp_engine.h"

#include <libslirp.h>

/* What the stack has opened; FREE is what it has not. */
enum slirp_socket_kind {
    SLIRP_SOCKET_FREE,
    SLIRP_SOCKET_STREAM,
    SLIRP_SOCKET_DATAGRAM,
    SLIRP_SOCKET_LISTENER,
};

struct slirp_engine {
    struct loop *loop;
    struct pollset *pollset;
    struct stats *stats;
    struct slirp_engine_sink sink;
    Slirp *slirp;
    SlirpCb callbacks; /* libslirp keeps the pointer */
    struct plan plan;
    struct outbound outbound, outbound6;
    const uint8_t *input; /* the guest's frame that is being taken, or NULL */
    size_t input_len;
    struct sockaddr_in outbound_sockaddr; /* and these two */
    struct sockaddr_in6 outbound_sockaddr6;
    bool secondary;      /* no router of its own */
    bool may_accept;     /* there are descriptors for new connections */
    bool dirty;          /* the stack must run before the next wait */
    int64_t deadline_ns; /* when it wants to run anyway; 0: never */
    int64_t ran_ns;
    struct budget *budget;
    GByteArray *kinds;    /* of enum slirp_socket_kind, by descriptor */
    size_t open;          /* how many of them are not FREE */
    int new_fd;           /* announced last and not yet asked for; or -1 */
    GQueue forwards;      /* of struct slirp_forward */
    GHashTable *accepted; /* descriptor -> the forward that it came through */
};

/* The callback table that connects a Slirp to `engine`. */
void slirp_hooks_fill(SlirpCb *callbacks);

/* Keeps count of the stack's descriptors, in the budget too. */
void slirp_socket_opened(struct slirp_engine *engine, int fd,
                         enum slirp_socket_kind kind);
void slirp_socket_closed(struct slirp_engine *engine, int fd);
enum slirp_socket_kind slirp_socket_kind(const struct slirp_engine *engine,
                                         int fd);

/* The stack has a new stream socket, or is about to close one. */
void slirp_fwd_socket_opened(struct slirp_engine *engine, int fd);
void slirp_fwd_socket_closed(struct slirp_engine *engine, int fd);
