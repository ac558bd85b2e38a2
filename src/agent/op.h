/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/ops.h"
#include "kern/msg.h"

#include <glib.h>
#include <stdbool.h>

/*
 * Inside of the agent process only: how an operation is carried out.  Adding
 * one takes a struct in agent/ops.h, a handler, its row in op.c and a stub in
 * stubs.c.
 */
struct bridges;
struct relay_ns;
struct rtnl;

/* What the agent holds from one operation to the next. */
struct agent_state {
    struct rtnl *guest;      /* rtnetlink of the guest's namespace */
    struct relay_ns *relay;  /* NULL: none was asked for */
    struct bridges *bridges; /* NULL: likewise */
};

/* One request being carried out, and the answer as it grows. */
struct op_call {
    const struct agent_request *request;
    int fds[MSG_FDS_MAX]; /* came with the request; closed afterwards */
    size_t fd_count;
    struct agent_reply reply;
    int reply_fds[MSG_FDS_MAX]; /* go with the answer; closed afterwards */
    size_t reply_fd_count;
};

/* Does the request, or refuses it; fills reply.code and reply.reason. */
void op_perform(struct agent_state *state, struct op_call *call);
/* Makes a refusal of the answer. */
void op_fail(struct op_call *call, const GError *err);

/* True if the name ends within its field and is not empty. */
bool op_name_is_valid(const char name[IFNAMSIZ]);

/* The handlers: 0, or -1 and an error. */
int op_tap_open(struct agent_state *state, struct op_call *call, GError **err);
int op_link_configure(struct agent_state *state, struct op_call *call,
                      GError **err);
int op_link_ipv6(struct agent_state *state, struct op_call *call, GError **err);
int op_relay_open(struct agent_state *state, struct op_call *call,
                  GError **err);
int op_relay_sockets(struct agent_state *state, struct op_call *call,
                     GError **err);
int op_relay_refresh(struct agent_state *state, struct op_call *call,
                     GError **err);
int op_bridges_open(struct agent_state *state, struct op_call *call,
                    GError **err);
int op_bridge_add(struct agent_state *state, struct op_call *call,
                  GError **err);
int op_bridge_rules(struct agent_state *state, struct op_call *call,
                    GError **err);
int op_bridge_drop(struct agent_state *state, struct op_call *call,
                   GError **err);
int op_port_add(struct agent_state *state, struct op_call *call, GError **err);
int op_port_isolate(struct agent_state *state, struct op_call *call,
                    GError **err);
int op_port_drop(struct agent_state *state, struct op_call *call, GError **err);
int op_bridge_socket(struct agent_state *state, struct op_call *call,
                     GError **err);
