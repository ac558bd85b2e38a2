/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/* Shared by the agent/relay_ns* files only. */
#include "agent/relay_ns.h"

#include <net/if.h>

struct relay_ns {
    int guest_fd, relay_fd; /* the two namespaces */
    struct rtnl *guest;     /* not ours */
    struct rtnl *rtnl;      /* of the relay namespace */
    unsigned gate_link;
    unsigned guest_link; /* the veth's end here; 0: there is no guest */
    unsigned far_link;   /* ... and in the guest */
    bool ipv6;
    char name[IFNAMSIZ]; /* of the latter */
};

/* --- relay_ns_build.c --- */

/*
 * Makes the namespace and all that stands in it; the process is in the guest's
 * afterwards.  After an error `ns` and `fds` hold what there is until then, for
 * the caller to close, and the guest is as it was once that is done.
 */
int relay_ns_build(struct relay_ns *ns, const struct agent_relay_open *config,
                   int *fds, GError **err);
