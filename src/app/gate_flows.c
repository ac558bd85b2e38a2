/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/gate_flows.h"

#include "app/gate_events.h"
#include "app/gate_state.h"
#include "net/relay_info.h"

/* --- as whom a container is shown --- */

/* What it began itself counts as its network's, where that masquerades. */
static struct flow_info shown(const struct gate *gate,
                              const struct flow_info *flow)
{
    const struct segment *segment =
        segments_of(gate->segments, &flow->guest.addr);
    const struct ip_addr *gateway;
    struct flow_info copy = *flow;

    if (segment == NULL || !segment->masquerade || flow->inbound)
        return copy;
    gateway = segment_gateway(segment, flow->guest.addr.family);
    if (gateway != NULL)
        copy.guest.addr = *gateway;
    return copy;
}

struct showing {
    const struct gate *gate;
    flow_visit visit;
    void *visitor;
};

static void show(void *self, const struct flow_info *flow)
{
    const struct showing *showing = self;
    const struct flow_info copy = shown(showing->gate, flow);

    showing->visit(showing->visitor, &copy);
}

/* --- all tables as one --- */

static void each(void *self, flow_visit visit, void *visitor)
{
    const struct gate *gate = self;
    struct showing showing = { gate, visit, visitor };

    pump_each_flow(gate->pump, show, &showing);
    if (gate->fast != NULL)
        relay_each(fast_path_relays(gate->fast), show, &showing);
}

static size_t end_matching(void *self, flow_match match, void *matcher)
{
    struct gate *gate = self;
    size_t ended = pump_end_flows(gate->pump, match, matcher);

    if (gate->fast != NULL)
        ended +=
            relay_end_matching(fast_path_relays(gate->fast), match, matcher);
    return ended;
}

static int64_t now_ns(void *self)
{
    const struct gate *gate = self;

    return loop_now_ns(gate->loop);
}

/* --- what happens --- */

static void opened(void *self, const struct flow_info *flow)
{
    const struct flow_info copy = shown(self, flow);

    gate_events_flow(self, &copy, NULL);
}

static void closed(void *self, const struct flow_info *flow, enum flow_end how)
{
    static const char *const words[FLOW_END_COUNT] = {
        [FLOW_END_CLOSED] = "closed",
        [FLOW_END_RESET] = "reset",
        [FLOW_END_IDLE] = "idle",
        [FLOW_END_STOPPED] = "stopped",
    };

    const struct flow_info copy = shown(self, flow);

    gate_events_flow(self, &copy, words[how]);
}

/* Nothing of a relayed flow passes the link but its first segment, and that
   only if the guest sent it. */
static void relay_opened(void *self, const struct relay_flow *relay)
{
    struct gate *gate = self;
    const struct flow_info flow = relay_info(relay);

    gate->stats.relays_opened++;
    if (flow.inbound)
        capture_segment(gate->capture, &flow.peer, &flow.guest, FRAME_SYN);
    opened(gate, &flow);
}

static void relay_closed(void *self, const struct relay_flow *relay,
                         enum relay_end how)
{
    struct gate *gate = self;
    const struct flow_info flow = relay_info(relay);
    uint8_t flags =
        FRAME_ACK | (how == RELAY_END_CLOSED ? FRAME_FIN : FRAME_RST);

    gate->stats.relays_reset += how == RELAY_END_RESET;
    gate->stats.relay_bytes_from_guest += flow.bytes_from_guest;
    gate->stats.relay_bytes_to_guest += flow.bytes_to_guest;
    if (flow.inbound)
        capture_segment(gate->capture, &flow.peer, &flow.guest, flags);
    else
        capture_segment(gate->capture, &flow.guest, &flow.peer, flags);
    closed(gate, &flow, relay_info_end(how));
}

void gate_flows_init(struct gate *gate)
{
    gate->flows = (struct flows){ each, end_matching, now_ns, gate };
    gate->flow_observer = (struct flow_observer){ opened, closed, gate };
}

struct relay_observer gate_flows_relay_observer(struct gate *gate)
{
    return (struct relay_observer){ .self = gate,
                                    .opened = relay_opened,
                                    .closed = relay_closed };
}
