/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/confine.h"

#include <glib.h>
#include <sys/types.h>

/*
 * The agent's whole life, in the child that agent_start() forked: joins the
 * namespaces, lets go of everything it does not need, says over `socket` that
 * it is there (or why not) in a struct agent_reply and how it is confined in a
 * struct agent_confined, then serves requests until the gate `gate_pid` is
 * gone.  Does not return.
 */
G_NORETURN void agent_inside(int socket, pid_t gate_pid, int userns_fd,
                             int netns_fd,
                             const struct agent_confinement *wants);

/*
 * One request from `socket`: performed or refused, and answered.  1 to go on, 0
 * at the end of the connection, -errno when the socket fails.
 */
struct agent_state;
int agent_serve_one(int socket, struct agent_state *state);
