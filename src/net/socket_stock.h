/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/agent.h"

/*
 * Sockets of the relay namespace, kept in stock because the agent makes them in
 * batches: a connection from outside needs one at once.  Gate process only.
 */
struct socket_stock;

/* `agent` is kept by reference. */
struct socket_stock *socket_stock_new(struct agent *agent);
void socket_stock_free(struct socket_stock *stock);

/*
 * A blank socket (agent_relay_sockets()), which the caller owns; -errno when
 * none can be had.  `of_guest`: not of the relay namespace, but of the guest's
 * own, to reach its loopback.  Now and then blocks for the agent's answer, some
 * 0.2 ms.
 */
int socket_stock_take(struct socket_stock *stock, sa_family_t family,
                      bool of_guest);
