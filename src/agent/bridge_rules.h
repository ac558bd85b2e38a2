/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/ops.h"

#include <glib.h>
#include <stdbool.h>

struct nft_socket;

/*
 * The packet filter of bridges in the relay namespace, where `socket` is open.
 *
 * Each port has a chain at its ingress that lets pass what its container may
 * say at all: with its own addresses, no more to everybody than is sane, and
 * nothing that would make it a router or a DHCP server.  What is for other
 * stations the bridge delivers.  What is for the bridge itself goes on in the
 * network's chain:
 *   to port 53 and pings of the gateway   -> this namespace
 *   to networks that it may reach         -> this namespace, which routes it
 *   TCP of connections that exist         -> this namespace: see relay_rules.c
 *   the rest, every SYN among it          -> the gate, as a frame
 */

/* Makes or replaces the chain of a bridge.  0, or -1 and an error. */
int bridge_rules_set(struct nft_socket *socket,
                     const struct agent_bridge *bridge,
                     const struct agent_bridge_rules *rules, unsigned gate_link,
                     GError **err);
/* Removes it; no port's chain may be left.  0, or -1 and an error. */
int bridge_rules_drop(struct nft_socket *socket, const char *bridge,
                      GError **err);

/*
 * Makes the chain of a port, an interface that is not in the bridge yet, so
 * that nothing passes before; the bridge's own must be there.  0, or -1 and an
 * error.
 */
int bridge_rules_port(struct nft_socket *socket,
                      const struct agent_bridge *bridge,
                      const struct agent_port *port, GError **err);
/*
 * Removes it; since Linux 6.16 also when the interface is gone, before that it
 * went with it.  0, or -1 and an error, as when there is none.
 */
int bridge_rules_port_drop(struct nft_socket *socket, const char *port,
                           GError **err);

/* The MAC address of the bridge with that number. */
void bridge_rules_mac(uint16_t number, uint8_t mac[6]);
