/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/ops.h"
#include "base/own.h"

#include <glib.h>

/*
 * Bridges in the relay namespace and their ports.  Agent process only.  The
 * arguments have been checked; all calls do their work whole or not at all.
 *
 * A bridge has its gateways' addresses with full prefixes, so that nothing but
 * table RELAY_TABLE_BRIDGES leads to its subnets; and ports' addresses are
 * permanent neighbours, so that nothing here asks who is where.
 */
struct bridges;
struct relay_ns;

/* `relay` is kept by reference. */
struct bridges *bridges_new(struct relay_ns *relay);
void bridges_free(struct bridges *bridges);

int bridges_add(struct bridges *bridges, const struct agent_bridge *config,
                GError **err);
int bridges_set_rules(struct bridges *bridges,
                      const struct agent_bridge_rules *rules, GError **err);
/*
 * Forgets a bridge without ports, and takes down all but the interface, which
 * takes long and is somebody else's work.
 */
int bridges_drop(struct bridges *bridges, const char *name, GError **err);

/* `*link` gets the interface's index. */
int bridges_add_port(struct bridges *bridges, const struct agent_port *config,
                     uint32_t *link, GError **err);
int bridges_isolate_port(struct bridges *bridges, const char *name,
                         bool isolated, GError **err);
/* The same for a port, which may have gone by itself. */
int bridges_drop_port(struct bridges *bridges, const char *name, GError **err);

/* A socket bound to a bridge's address.  -1 and an error. */
int bridges_socket(struct bridges *bridges, const struct ip_endpoint *at,
                   bool stream, GError **err);
