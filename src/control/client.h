/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "control/verbs.h"
#include "kern/loop.h"

/*
 * One connection of the control socket: pieces in, requests to the verbs,
 * answers out.  Never blocks; each event does a bounded amount of work, so that
 * no client can hold up a packet or another client.  Gate process only.
 */
struct client;

struct client_limits {
    size_t request_bytes; /* a request longer than this is refused */
    size_t queue_bytes;   /* unread answers; beyond it the client is dropped */
    size_t event_bytes;   /* unread of any kind; beyond it events are lost */
    int stall_ms;         /* longest silence inside a request, or before the
                             first, or while the last answer waits */
    int linger_ms;        /* wait for the peer to close after the last answer */
};

struct client_owner {
    /* The client is at its end: free it now.  Called last in an event. */
    void (*ended)(void *self, struct client *client);
    void *self;
};

/*
 * Takes over the connected socket `fd`; nothing happens before client_start().
 * `limits` and `owner` are kept by reference.
 */
struct client *client_new_take(struct loop *loop, struct verbs *verbs,
                               const struct client_limits *limits,
                               const struct client_owner *owner, int fd);
void client_free(struct client *client);

/* Begins to read.  May end, and so free, the client before it returns. */
void client_start(struct client *client);
/* Instead of that: answers with this error, then closes in good order. */
void client_start_refused(struct client *client, enum slipgate_error code,
                          const char *desc);

/* True when only the peer's own close is waited for. */
bool client_is_lingering(const struct client *client);
