/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/porter_ops.h"
#include "kern/msg.h"

#include <glib.h>
#include <stdbool.h>

/* Inside of the porter process only: its operations. */
struct porter_leaving;
struct rtnl;

struct porter_state {
    struct porter_leaving *leaving;
    struct rtnl *relay;     /* NULL: not told yet */
    struct rtnl *container; /* of the last plug; NULL: none waits */
    unsigned link;          /* its interface there */
};

/* One request being carried out. */
struct porter_call {
    const struct porter_request *request;
    int fds[MSG_FDS_MAX]; /* came with it; closed afterwards */
    size_t fd_count;
    struct porter_reply reply;
    int reply_fd; /* goes with the answer; -1: none */
};

/*
 * Deletes what is to go, when there is nothing else to do; the number of what
 * is left, to be tried again.
 */
unsigned porter_work_idle(struct porter_state *state);
/* False: this one is not answered. */
bool porter_work(struct porter_state *state, struct porter_call *call);
void porter_refuse(struct agent_reply *reply, const GError *err);
