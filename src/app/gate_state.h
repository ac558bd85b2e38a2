/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/* Shared by the app/gate* files only: what the gate is made of. */
#include "app/attach.h"
#include "app/fast_path.h"
#include "app/options.h"
#include "app/sandbox.h"
#include "bridge/fabric_driver.h"
#include "control/events.h"
#include "control/server.h"
#include "kern/file_keeper.h"
#include "kern/loop.h"
#include "kern/signals.h"
#include "kern/target.h"
#include "net/fwd.h"
#include "net/dns_forward.h"
#include "net/flows.h"
#include "net/policy.h"
#include "net/pump.h"
#include "net/switches.h"

struct gate {
    const struct options *options;
    struct plan plan;
    struct policy policy;
    struct outbound outbound, outbound6;
    struct attachment attachment;
    struct loop *loop;
    struct signals *signals;
    struct target *target;
    struct loop_watch exit_watch, agent_watch, copier_watch;
    struct stats stats;
    struct flow_observer flow_observer;
    struct flows flows;
    struct switches switches;
    struct capture *capture;
    struct budget budget;
    struct resolvers *resolvers;
    struct dns_forward *names;
    struct pump *pump;
    struct fast_path *fast; /* NULL: TCP goes through libslirp */
    struct fwd_driver relay_driver, udp_driver, slirp_driver;
    const struct fwd_driver *drivers[4]; /* the best first, NULL-terminated */
    struct fwd_table *forwards;
    struct porter *porter;     /* NULL: there can be no networks */
    struct segments *segments; /* NULL: likewise */
    char *netns_path;          /* of the bridges; NULL: not to be told */
    struct fabric *fabric;
    struct fabric_driver *fabric_driver;
    struct networks *networks;
    struct ip_prefix own_networks[2]; /* the guest's */
    GArray *host_networks;            /* of struct ip_prefix */
    struct file_keeper *keeper;       /* NULL: no --state */
    uint64_t last_published;          /* id of the last --publish; 0: none */
    struct events *events;            /* NULL: no control socket */
    struct verbs *verbs;
    struct server *server;
    struct sandbox_state confined;
    int64_t started_ns;
};
