/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "control/client.h"

/*
 * The control socket: listens at a path, lets its owner in, and gives every
 * connection a client.  Gate process only.
 *
 * Transport: see client.h and slipgate-api(7).  The peer must have this
 * process's effective uid or be root (SO_PEERCRED), besides the file mode; see
 * also server_admit_unmapped().  A client beyond `clients_max` is answered with
 * the error "unavailable", not left in the backlog: idle connections may stay
 * for ever, and the newcomer would wait as long.  Running out of descriptors
 * pauses accepting for a while.
 */
struct server;

struct server_limits {
    size_t clients_max;
    struct client_limits client;
};

/* 64 clients, requests of 64 KiB, 256 KiB of unread answers, 10 s of stall. */
extern const struct server_limits server_limits_default;

/*
 * Listens at `path` (see socket_file.h).
 * `limits` NULL: the default ones.  `verbs` must outlive the server.
 */
struct server *server_new(struct loop *loop, struct verbs *verbs,
                          const char *path, const struct server_limits *limits,
                          GError **err);
/*
 * Lets in peers whom the process's user namespace does not map: root of the
 * host, seen from an engine's namespace, is one of them.  The file's mode keeps
 * everybody else out.  Decided at server_new(); to be called when the process
 * has moved to a namespace of its own since.
 */
void server_admit_unmapped(struct server *server);
/* Drops all clients and removes the file, if it is still ours. */
void server_free(struct server *server);
OWN_DEFINE(server)

/* Clients that are not just being seen off, for get_status. */
size_t server_client_count(const struct server *server);
/*
 * A descriptor of the directory that holds the socket's file, for confinement;
 * it stays the server's.
 */
int server_dir_fd(const struct server *server);
