/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/gate_fabric.h"

#include "agent/porter.h"
#include "app/gate_state.h"
#include "kern/signals.h"

/* Only a control socket asks for networks, and only a relay carries them. */
static bool is_wanted(const struct options *options)
{
    return options->api_socket != NULL &&
           options->target_type == TARGET_TYPE_NETNS &&
           options->netns_type != NETNS_TYPE_TAPFD &&
           options->tcp != TCP_MODE_SLIRP;
}

int gate_fabric_prepare(struct gate *gate, GError **err)
{
    if (!is_wanted(gate->options))
        return 0;
    signals_block();
    gate->porter = porter_start(err);
    return gate->porter == NULL ? -1 : 0;
}

static bool is_family_of(const struct fwd_rule *rule, sa_family_t family)
{
    /* What listens on all of IPv6 takes IPv4 by an entry of its own. */
    return rule->host.addr.family == family || ip_addr_is_any(&rule->host.addr);
}

/* Where on the host a published port is, for a container that asks for it. */
static bool find_published(void *self, int proto, sa_family_t family,
                           uint16_t port, struct ip_endpoint *host)
{
    const struct gate *gate = self;

    for (size_t i = 0; i < fwd_count(gate->forwards); i++) {
        const struct fwd_request *request = &fwd_at(gate->forwards, i)->request;
        const struct fwd_rule *rule = &request->rule;
        unsigned range = MAX(request->range, 1);

        if (rule->proto != proto || rule->host_path != NULL ||
            port < rule->host.port || port >= rule->host.port + range ||
            !is_family_of(rule, family))
            continue;
        *host = (struct ip_endpoint){ rule->host.addr, port };
        if (ip_addr_is_any(&host->addr))
            host->addr = rule->host.addr.family == AF_INET6
                             ? ip_addr_v6(&in6addr_loopback)
                             : ip_addr_v4_host(INADDR_LOOPBACK);
        return true;
    }
    return false;
}

void gate_fabric_start(struct gate *gate)
{
    const struct attachment *attachment = &gate->attachment;
    struct fabric_config config = {
        .loop = gate->loop,
        .agent = attachment->agent,
        .plan = &gate->plan,
        .mtu = gate->options->mtu,
        .ipv6 = attachment->relay.listener6_fd >= 0,
        .missing = attachment->relay_missing,
    };

    if (gate->options->no_guest)
        gate->netns_path =
            g_strdup_printf("/proc/%d/ns/net", (int)gate->options->target_pid);
    config.netns_path = gate->netns_path;
    if (gate->porter == NULL && config.missing == NULL)
        config.missing = "they need a control socket";
    if (config.missing != NULL) {
        porter_free(g_steal_pointer(&gate->porter));
    } else {
        gate->segments = segments_new();
        segments_set_published(gate->segments, find_published, gate);
    }
    config.porter = gate->porter;
    config.segments = gate->segments;
    gate->switches.segments = gate->segments;
    gate->attachment.link.segments = gate->segments;
    gate->fabric = fabric_new(&config);
}

void gate_fabric_end(struct gate *gate)
{
    if (gate->fabric != NULL)
        fabric_let_go(gate->fabric);
}

void gate_fabric_stop(struct gate *gate)
{
    fabric_free(g_steal_pointer(&gate->fabric));
    porter_free(g_steal_pointer(&gate->porter));
    gate->switches.segments = NULL;
    segments_free(g_steal_pointer(&gate->segments));
    g_clear_pointer(&gate->netns_path, g_free);
}
