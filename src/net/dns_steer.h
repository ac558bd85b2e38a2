/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "kern/loop.h"
#include "net/dns_forward.h"
#include "net/frame.h"
#include "net/plan.h"

/*
 * TCP for names where there is no relay namespace to accept it in: the stack
 * carries it, and connects to the first name server of the family, whether that
 * one lives or not.  While it is known to be dead, new connections are given
 * the address of one that lives on their way to the stack, and the answers get
 * the resolver's back.  Gate process only.
 */
struct dns_steer;

/* Connections that are steered at one time; more go where the stack wills. */
#define DNS_STEER_MAX 256u

/* Both are kept by reference. */
struct dns_steer *dns_steer_new(struct loop *loop, const struct plan *plan,
                                struct dns_forward *forward);
void dns_steer_free(struct dns_steer *steer);

/* Is any connection steered now? */
bool dns_steer_is_active(const struct dns_steer *steer);

/* A TCP frame of the guest on its way to the stack; its destination may be
   changed. */
void dns_steer_to_stack(struct dns_steer *steer, struct frame *f);
/*
 * A TCP frame of the stack.  When it answers a steered one, returns a copy with
 * the resolver's address, which the caller frees; else NULL.
 */
uint8_t *dns_steer_to_guest(struct dns_steer *steer, const struct frame *f);
