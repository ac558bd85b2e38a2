/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/ops.h"

#include <glib.h>
#include <stddef.h>
#include <sys/types.h>

struct agent;

/*
 * For the stubs of stubs.c, which know the operations; agent.c knows the
 * process.  Sends the request with its descriptors (the caller keeps them),
 * waits for the answer, and turns a refusal into an error.  Exactly
 * `fds_wanted` descriptors must come back; they are stored in `reply_fds`,
 * close-on-exec, and the caller owns them.  0, or -1 and an error.  An agent
 * that does not answer, or not in this shape, is cut off: whoever watches
 * agent_fd() hears it.
 */
int agent_call(struct agent *agent, const struct agent_request *request,
               const int *fds, size_t fd_count, struct agent_reply *reply,
               int *reply_fds, size_t fds_wanted, GError **err);

/*
 * A handle on whoever has the other end of `fd`, which is taken over, as on an
 * agent; `pid` 0: agent_free() has nobody to end and reap.
 */
struct agent *agent_on(int fd, pid_t pid);
