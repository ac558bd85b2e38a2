/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/* Shared by net/dns_upstream.c and net/dns_port.c only. */
#include "net/dns_upstream.h"

#include <glib.h>

/* Answers that are received at once, and how long they may be. */
#define DNS_PORT_BATCH     16
#define DNS_PORT_REPLY_MAX 4096u
#define DNS_RANDOM_POOL    128

struct dns_port {
    struct dns_upstream *upstream;
    struct loop_watch watch;  /* its `fd` is owned */
    struct loop_timer broken; /* for a failure that sending told of */
    GHashTable *exchanges;    /* id -> struct dns_exchange */
    unsigned uses;
    bool retired; /* in no slot: it goes with its last exchange */
    unsigned busy;
};

struct dns_upstream {
    struct dns_upstreams *upstreams;
    struct resolver address;
    struct dns_port *slots[DNS_UPSTREAM_PORTS];
    unsigned users, ports;
    int64_t used_ns, answered_ns, probed_ns;
    bool down; /* until it answers */
};

struct dns_upstreams {
    struct loop *loop;
    struct budget *budget;
    struct dns_upstream_sink sink;
    GQueue all; /* of struct dns_upstream */
    struct loop_timer sweep_timer;
    uint16_t pool[DNS_RANDOM_POOL];
    unsigned pooled;
    uint8_t *buffers; /* DNS_PORT_BATCH times DNS_PORT_REPLY_MAX */
};

/* Asks nothing from the server's ports any more; those that wait for answers go
   with the last one. */
void dns_ports_close(struct dns_upstream *upstream);
