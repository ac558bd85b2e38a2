/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/gate_policy.h"

#include "app/gate_events.h"
#include "app/gate_state.h"
#include "base/log.h"

/* As at start: with -c the guest's interface is ours to set up. */
static int give_ipv6(struct gate *gate, bool on, GError **err)
{
    const struct plan *plan = &gate->plan;
    struct agent_link_ipv6 config = { .on = on,
                                      .addr = plan->guest6,
                                      .gateway = plan->gateway6,
                                      .prefix_len = plan->prefix_len6 };

    if (gate->attachment.agent == NULL || !gate->options->configure)
        return 0;
    (void)g_strlcpy(config.name, gate->attachment.tap_name,
                    sizeof(config.name));
    return agent_link_ipv6(gate->attachment.agent, &config, err);
}

/* The way of guests that are not ours to set up. */
static void tell_by_router(struct gate *gate, bool on)
{
    if (on)
        pump_ipv6_on(gate->pump);
    else
        pump_ipv6_off(gate->pump);
}

static int set_ipv6(void *self, bool on, GError **err)
{
    struct gate *gate = self;
    g_autoptr(GError) why = NULL;

    if (give_ipv6(gate, on, &why) != 0) {
        if (on) {
            g_propagate_error(err, g_steal_pointer(&why));
            return -1;
        }
        LOG_LIMITED("%s", why->message);
    }
    tell_by_router(gate, on);
    return 0;
}

static void narrowed(void *self, const struct policy *wanted)
{
    struct gate *gate = self;

    pump_policy_narrowed(gate->pump, wanted);
    if (gate->fabric_driver != NULL)
        fabric_driver_policy_narrowed(gate->fabric_driver);
    if (gate->fast != NULL)
        fast_path_policy_narrowed(gate->fast);
}

static void changed(void *self, size_t ended)
{
    struct gate *gate = self;

    gate_events_policy(gate, ended);
}

void gate_policy_init(struct gate *gate)
{
    const struct options *options = gate->options;

    gate->policy = (struct policy){
        .allow_host_loopback = !options->disable_host_loopback,
        .enable_ipv6 = options->enable_ipv6,
        .enable_dns = !options->disable_dns,
        .outbound = !options->deny_outbound,
    };
    gate->switches = (struct switches){ .policy = &gate->policy,
                                        .plan = &gate->plan,
                                        .flows = &gate->flows,
                                        .set_ipv6 = set_ipv6,
                                        .narrowed = narrowed,
                                        .changed = changed,
                                        .self = gate };
}
