/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "bridge/networks.h"
#include "net/flow_info.h"
#include "net/fwd.h"

struct gate;

/*
 * What happens in the gate, told to the clients that subscribed.  Cheap where
 * none did.
 */
void gate_events_start(struct gate *gate);
void gate_events_stop(struct gate *gate);

/* `how` it closed; NULL: it was opened. */
void gate_events_flow(struct gate *gate, const struct flow_info *flow,
                      const char *how);
void gate_events_policy(struct gate *gate, size_t ended);
void gate_events_network(struct gate *gate, enum networks_change change,
                         const struct network *network,
                         const struct net_attachment *attachment);
/* Something of get_status has changed, or the end has come. */
void gate_events_status(struct gate *gate, const char *what);
