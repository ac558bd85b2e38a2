/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/porter_ops.h"
#include "kern/msg.h"

#include <glib.h>

/* Inside of the porter's processes only: one request being carried out. */
struct porter_call {
    const struct porter_request *request;
    int fds[MSG_FDS_MAX]; /* came with it; closed afterwards */
    size_t fd_count;
    struct porter_reply reply;
    int reply_fd; /* goes with the answer; -1: none */
};

/* Makes a refusal of the answer. */
void porter_refuse(struct agent_reply *reply, const GError *err);
