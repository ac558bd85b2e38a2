/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/dns_service.h"

/*
 * A name server on one address: a UDP socket and a TCP listener, made and bound
 * in whatever network namespace their clients are in.  Gate process only;
 * nothing here blocks.
 */
struct dns_server;

struct dns_server_config {
    int udp_fd; /* bound, non-blocking; -1: none */
    int tcp_fd; /* listening, non-blocking; -1: none */
    /* Copied; what it points to is kept by reference. */
    struct dns_service service;
    struct budget *budget; /* kept by reference: connections count in it */
};

/* Takes both descriptors over, also on failure.  NULL and an error. */
struct dns_server *dns_server_new(struct loop *loop,
                                  const struct dns_server_config *config,
                                  GError **err);
void dns_server_free(struct dns_server *server);

/* Forgets what was passed on and closes all connections: names may not be asked
   for any more. */
void dns_server_forget(struct dns_server *server);
/* Other servers for what is passed on from now on; count 0: the host's. */
void dns_server_set_servers(struct dns_server *server,
                            const struct resolver_list *servers);
