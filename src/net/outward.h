/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/outbound.h"
#include "net/plan.h"
#include "net/refuse.h"

/*
 * The host's side of a connection that the guest opens.  Gate process only.
 */

/*
 * Where the host connects to for the guest's destination `peer`: the gateway
 * stands for the host's loopback, the rest for itself.  False for what the
 * stack of the slow path must answer: its own network, and addresses that are
 * valid on no wire.
 */
bool outward_map(const struct plan *plan, const struct ip_endpoint *peer,
                 struct ip_endpoint *host);

/*
 * Starts to connect, from `outbound` (AF_UNSPEC: the kernel chooses; never for
 * loopback).  Returns dial()'s result; `*fd` is the socket, which the caller
 * owns also after an error, or -1.
 */
int outward_connect(const struct ip_endpoint *host,
                    const struct outbound *outbound, int *fd);

/* What the guest is told when connecting failed with `error`; false: nothing,
   its own retries and timeout do the rest. */
bool outward_refusal(int error, enum refuse_reason *reason);
