/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/gate_control.h"

#include "app/gate_state.h"
#include "app/gate_events.h"
#include "base/log.h"
#include "control/socket_file.h"
#include "control/verbs_capture.h"
#include "control/verbs_connections.h"
#include "control/verbs_hostfwd.h"
#include "control/verbs_network.h"
#include "control/verbs_policy.h"
#include "control/verbs_shutdown.h"
#include "control/verbs_stats.h"
#include "control/verbs_status.h"
#include "control/verbs_subscribe.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static void fill_limits(const struct gate *gate, struct status *status)
{
    struct rlimit limit;

    status->clients.used = server_client_count(gate->server);
    status->clients.max = server_limits_default.clients_max;
    status->forwards.used = fwd_count(gate->forwards);
    /* Those that grow with use; the fixed few do not count. */
    status->descriptors.used =
        stack_sockets(pump_stack(gate->pump)) + status->clients.used;
    if (gate->fast != NULL)
        status->descriptors.used += fast_path_descriptors(gate->fast);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        status->descriptors.max = limit.rlim_cur;
}

static void fill_confinement(const struct gate *gate, struct status *status)
{
    const struct agent *agent = gate->attachment.agent;

    status->gate = (struct status_confinement){
        .sandbox = gate->confined.sandbox,
        .landlock = gate->confined.landlock,
        .seccomp = gate->confined.seccomp,
        .capabilities = gate->confined.caps_text,
    };
    if (agent == NULL)
        return;
    status->agent = (struct status_confinement){
        .sandbox = agent_confined(agent)->sandbox,
        .landlock = agent_confined(agent)->landlock,
        .seccomp = agent_confined(agent)->seccomp,
    };
}

static void fill_status(void *self, struct status *status)
{
    const struct gate *gate = self;
    const struct attachment *attachment = &gate->attachment;

    status->version = PACKAGE_VERSION;
    status->pid = getpid();
    status->agent_pid =
        attachment->agent != NULL ? agent_pid(attachment->agent) : 0;
    status->target = attachment->target;
    status->uptime_s =
        (uint64_t)((loop_now_ns(gate->loop) - gate->started_ns) / 1000000000);
    status->tap = attachment->tap_name[0] != '\0' ? attachment->tap_name : NULL;
    status->mtu = gate->options->mtu;
    status->plan = gate->plan;
    status->ipv6 = gate->policy.enable_ipv6;
    fill_confinement(gate, status);
    status->tcp_carrier = gate->fast != NULL ? "relay" : "slirp";
    status->tcp_reason = attachment->relay_missing;
    status->networks_missing = fabric_missing(gate->fabric);
    status->networks_netns = fabric_netns_path(gate->fabric);
    capture_get_state(gate->capture, &status->capture);
    fill_limits(gate, status);
}

static void shut_down(void *self)
{
    struct gate *gate = self;

    log_info("a client asked for the end");
    loop_stop(gate->loop, EXIT_SUCCESS);
}

static void add_verbs(struct gate *gate)
{
    struct verbs *verbs = gate->verbs;
    const struct hostfwd_context forwards = { &gate->plan, &gate->policy,
                                              gate->networks,
                                              gate->options->no_guest };

    verbs_capture_add(verbs, gate->capture);
    verbs_connections_add(verbs, &gate->flows);
    verbs_hostfwd_add(verbs, gate->forwards, &forwards);
    verbs_network_add(verbs, gate->networks);
    verbs_policy_add(verbs, &gate->switches);
    verbs_shutdown_add(verbs, shut_down, gate);
    verbs_stats_add(verbs, &gate->stats);
    verbs_status_add(verbs, fill_status, gate);
    verbs_subscribe_add(verbs, gate->events);
}

int gate_control_check(const struct gate *gate, GError **err)
{
    const struct options *options = gate->options;

    return options->no_guest ? socket_file_check_free(options->api_socket, err)
                             : 0;
}

int gate_control_start(struct gate *gate, GError **err)
{
    if (gate->options->api_socket == NULL)
        return 0;
    gate_events_start(gate);
    gate->verbs = verbs_new();
    add_verbs(gate);
    gate->server = server_new(gate->loop, gate->verbs,
                              gate->options->api_socket, NULL, err);
    return gate->server == NULL ? -1 : 0;
}

void gate_control_stop(struct gate *gate)
{
    server_free(gate->server);
    verbs_free(gate->verbs);
    gate_events_stop(gate);
}

void gate_control_confined(struct gate *gate)
{
    if (gate->server != NULL && gate->confined.space != JAIL_MOUNT_SAME)
        server_admit_unmapped(gate->server);
}

int gate_control_dir_fd(const struct gate *gate)
{
    return gate->server == NULL ? -1 : server_dir_fd(gate->server);
}
