/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/* Shared by the net/slirp_* files only. */
#include "net/pollset.h"
#include "net/slirp_engine.h"

#include <libslirp.h>

struct slirp_engine {
    struct loop *loop;
    struct pollset *pollset;
    struct stats *stats;
    struct slirp_engine_sink sink;
    Slirp *slirp;
    SlirpCb callbacks;                    /* libslirp keeps the pointer */
    struct sockaddr_in outbound_sockaddr; /* and these two */
    struct sockaddr_in6 outbound_sockaddr6;
    bool dirty;          /* the stack must run before the next wait */
    int64_t deadline_ns; /* when it wants to run anyway; 0: never */
    int64_t ran_ns;
    GQueue forwards;      /* of struct slirp_forward */
    GHashTable *accepted; /* descriptor -> the forward that it came through */
};

/* The callback table that connects a Slirp to `engine`. */
void slirp_hooks_fill(SlirpCb *callbacks);

/* The stack has a new stream socket, or is about to close one. */
void slirp_fwd_socket_opened(struct slirp_engine *engine, int fd);
void slirp_fwd_socket_closed(struct slirp_engine *engine, int fd);
