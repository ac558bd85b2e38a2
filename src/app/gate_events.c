/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/gate_events.h"

#include "app/gate_keep.h"
#include "app/gate_state.h"
#include "control/verbs_connections.h"
#include "control/verbs_hostfwd.h"
#include "control/verbs_network.h"
#include "control/verbs_policy.h"

void gate_events_flow(struct gate *gate, const struct flow_info *flow,
                      const char *how)
{
    owned(json_out) data = NULL;

    if (!events_wanted(gate->events, EVENT_CONNECTION))
        return;
    data = json_out_new();
    json_out_string(data, "change", how == NULL ? "opened" : "closed");
    json_out_string(data, "how", how);
    verbs_connections_put(data, flow, loop_now_ns(gate->loop));
    events_publish(gate->events, EVENT_CONNECTION, data);
}

void gate_events_policy(struct gate *gate, size_t ended)
{
    owned(json_out) data = NULL;

    if (!events_wanted(gate->events, EVENT_POLICY))
        return;
    data = json_out_new();
    verbs_policy_put(data, &gate->policy);
    json_out_uint(data, "ended", ended);
    events_publish(gate->events, EVENT_POLICY, data);
}

void gate_events_network(struct gate *gate, enum networks_change change,
                         const struct network *network,
                         const struct net_attachment *attachment)
{
    owned(json_out) data = NULL;

    if (!events_wanted(gate->events, EVENT_NETWORK))
        return;
    data = json_out_new();
    verbs_network_put_event(data, change, network, attachment);
    events_publish(gate->events, EVENT_NETWORK, data);
}

void gate_events_status(struct gate *gate, const char *what)
{
    owned(json_out) data = NULL;

    if (!events_wanted(gate->events, EVENT_STATUS))
        return;
    data = json_out_new();
    json_out_string(data, "change", what);
    events_publish(gate->events, EVENT_STATUS, data);
}

static void forward_changed(struct gate *gate, const struct fwd_entry *entry,
                            const char *change)
{
    owned(json_out) data = NULL;

    gate_keep_changed(gate);
    if (!events_wanted(gate->events, EVENT_FORWARD))
        return;
    data = json_out_new();
    json_out_string(data, "change", change);
    verbs_hostfwd_put(data, entry);
    events_publish(gate->events, EVENT_FORWARD, data);
}

static void forward_added(void *self, const struct fwd_entry *entry)
{
    forward_changed(self, entry, "added");
}

static void forward_removed(void *self, const struct fwd_entry *entry)
{
    forward_changed(self, entry, "removed");
}

void gate_events_start(struct gate *gate)
{
    const struct fwd_observer observer = { forward_added, forward_removed,
                                           gate };

    gate->events = events_new();
    fwd_table_observe(gate->forwards, &observer);
}

void gate_events_stop(struct gate *gate)
{
    events_free(g_steal_pointer(&gate->events));
}
