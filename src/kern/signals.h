/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "kern/loop.h"

#include <glib.h>

/*
 * The signals that end the process (SIGTERM, SIGINT, SIGHUP) as an event of the
 * loop, by signalfd(2); SIGPIPE is ignored.  Gate process, but for what is said
 * to be for its children.
 */
struct signals;

/*
 * Blocks them: call before children are forked, or a signal in between would
 * kill the one and leave the other.
 */
void signals_block(void);

/*
 * Ignores them and unblocks all: for a child that ends when the gate does,
 * while a terminal or a service manager sends signals to the whole group.
 */
void signals_ignore(void);

/* `ended` is called with the signal's number. */
struct signals *signals_new(struct loop *loop,
                            void (*ended)(void *self, int number), void *self,
                            GError **err);
void signals_free(struct signals *signals);
