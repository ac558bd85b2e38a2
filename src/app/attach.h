/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/agent.h"
#include "app/options.h"
#include "net/link.h"
#include "net/plan.h"

#include <glib.h>

/*
 * The way to the guest, as the command line names it: the agent inside its
 * namespaces, and the link that frames take.
 */
struct attachment {
    struct link link;
    struct agent *agent;      /* NULL with tapfd and BESS */
    struct agent_relay relay; /* descriptors -1: no relay namespace */
    char *relay_missing;      /* why there is none; NULL: there is one */
    int userns_fd;            /* the guest's user namespace; -1: not known */
    char tap_name[IFNAMSIZ];  /* "" with tapfd and BESS */
    char *target;             /* for people: "pid 42", "path /run/netns/x" */
};

/*
 * Joins the guest (by its agent), makes its interface and, with -c, configures
 * it.  The interface leads to a relay namespace if the system has what that
 * takes, else, or if --tcp=slirp says so, it is a plain tap.
 * Blocks signals that end the gate from the moment a child exists; with BESS it
 * blocks until the peer connects.  0, or -1 and an error, with nothing left.
 */
int attach_open(struct attachment *attachment, const struct options *options,
                const struct plan *plan, GError **err);
/* Ends the agent; the link's descriptor is not closed here. */
void attach_close(struct attachment *attachment);
