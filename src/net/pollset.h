/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "kern/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A list of descriptors that is told anew each turn (as libslirp does), kept in
 * the event loop by difference: a descriptor whose interest did not change
 * costs no system call.  Only events that were asked for are ever reported.
 */
struct pollset;

/* `ready` is called when at least one event came in. */
struct pollset *pollset_new(struct loop *loop, void (*ready)(void *self),
                            void *self);
void pollset_free(struct pollset *set);

/* Starts a new list; what the last one reported is gone. */
void pollset_begin(struct pollset *set);
/*
 * Adds to the list (EPOLL* events below 256, at least one), which names nothing
 * twice; returns the index for pollset_revents().
 * No descriptor (negative) is no entry: -1, for which nothing ever happens.
 */
int pollset_want(struct pollset *set, int fd, uint32_t events);
/* Brings the loop in line with the list. */
void pollset_commit(struct pollset *set);
/* What happened to entry `index` of the list since pollset_commit(). */
uint32_t pollset_revents(const struct pollset *set, int index);
/* What this list asks for of `fd`; 0 if it is not in it. */
uint32_t pollset_wanted(const struct pollset *set, int fd);
size_t pollset_count(const struct pollset *set);

/*
 * The number `fd` was opened or closed behind our back: what the loop knew of
 * it is void.
 */
void pollset_invalidate(struct pollset *set, int fd);
