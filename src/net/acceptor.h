/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "kern/loop.h"

#include <stdbool.h>
#include <sys/socket.h>

/*
 * Accepts from a listening TCP socket.  While descriptors are short it lets
 * connections wait in the kernel's queue instead of being woken without end.
 * Gate process only.
 */
struct acceptor {
    int fd; /* the listener, non-blocking; -1: none */
    /* Takes over the connection's descriptor, which is non-blocking. */
    void (*accepted)(void *self, int fd, const struct sockaddr_storage *from);
    /* May another connection be accepted?  NULL: always. */
    bool (*has_room)(void *self);
    void *self;
    /* Its own: */
    struct loop *loop;
    struct loop_watch watch;
    struct loop_timer pause;
};

/* `accepted` and `self` are set; takes `fd` over, also on failure.  0 or
   -errno. */
int acceptor_start(struct acceptor *acceptor, struct loop *loop, int fd);
/* Looks for one connection that is known to have come in just now. */
void acceptor_poll(struct acceptor *acceptor);
/* Closes the listener.  Harmless when it was never started. */
void acceptor_stop(struct acceptor *acceptor);
