/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/ops.h"

/*
 * The porter is a head and two hands (porter.h).  The messages between them and
 * the gate are of fixed size, without pointers, and answered by a struct
 * porter_reply, but for PORTER_OP_UNPLUG.  Safe, although the asker may have
 * been taken over: the hands do what their user may do to the network
 * namespaces of his own containers, and hand out nothing but descriptors of
 * such namespaces.
 */
enum porter_hand {
    PORTER_FINDER, /* finds namespaces in the host's files */
    PORTER_BEARER, /* carries interfaces; sees no file */
    PORTER_HAND_COUNT
};

/* The head answers with our end of a socket to a new hand, which says hello by
   a struct porter_reply.  The hand that was there before is ended first. */
struct porter_head_request {
    uint32_t hand;   /* enum porter_hand */
    uint32_t number; /* the answer has the same */
};

enum porter_op {
    /* The finder's. */
    PORTER_OP_OPEN_PID,  /* answers with a descriptor */
    PORTER_OP_OPEN_PATH, /* answers with a descriptor */
    /* The bearer's. */
    PORTER_OP_RELAY,  /* with an rtnetlink socket of the relay namespace */
    PORTER_OP_PLUG,   /* with a network namespace; answers with a name */
    PORTER_OP_SETTLE, /* after that */
    PORTER_OP_UNPLUG, /* not answered */
    PORTER_OP_SYNC,   /* an error unless all is deleted that should be */
    PORTER_OP_COUNT
};

#define PORTER_PATH_MAX   1024
#define PORTER_ROUTES_MAX 32

/* Makes a pair of interfaces, both down. */
struct porter_plug {
    char port[IFNAMSIZ];      /* in the relay namespace */
    char interface[IFNAMSIZ]; /* in the container; "eth%d": the first free */
    uint8_t mac[6];           /* of the latter */
    uint32_t mtu;             /* of both */
};

struct porter_route {
    struct agent_prefix to; /* the address's family counts also with len 0 */
    struct ip_addr gateway; /* AF_UNSPEC: none */
    uint32_t metric;
};

/* Sets up the container's end of the last plug. */
struct porter_settle {
    uint32_t address_count;
    struct agent_prefix addresses[AGENT_PREFIXES_MAX];
    uint32_t route_count;
    struct porter_route routes[PORTER_ROUTES_MAX];
};

struct porter_request {
    uint32_t op; /* enum porter_op */
    union {
        int32_t pid;
        char path[PORTER_PATH_MAX];
        struct porter_plug plug;
        struct porter_settle settle;
        char unplug[IFNAMSIZ]; /* an interface of the relay namespace */
    };
};

struct porter_reply {
    struct agent_reply answer;
    uint32_t leaving; /* the bearer's: interfaces still to be deleted */
    uint32_t number;  /* the head's: of the request */
};
