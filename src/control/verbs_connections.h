/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "control/verbs.h"
#include "net/flows.h"

/*
 * list_connections: pages of flows in order of their ids.  `flows` must outlive
 * `verbs`.
 */
#define CONNECTIONS_LIMIT_DEFAULT 100u
#define CONNECTIONS_LIMIT_MAX     1000u

/* Adds the verb. */
void verbs_connections_add(struct verbs *verbs, const struct flows *flows);

/* The members of a flow, for lists and events. */
void verbs_connections_put(struct json_out *out, const struct flow_info *flow,
                           int64_t now_ns);
