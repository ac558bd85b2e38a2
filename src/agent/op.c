/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/op.h"

#include "base/error.h"

#include <assert.h>
#include <string.h>

struct op {
    size_t fds_wanted; /* with the request, exactly */
    int (*run)(struct agent_state *state, struct op_call *call, GError **err);
};

static const struct op ops[] = {
    [AGENT_OP_TAP_OPEN] = { 0, op_tap_open },
    [AGENT_OP_LINK_CONFIGURE] = { 0, op_link_configure },
    [AGENT_OP_RELAY_OPEN] = { 0, op_relay_open },
    [AGENT_OP_RELAY_SOCKETS] = { 0, op_relay_sockets },
    [AGENT_OP_RELAY_REFRESH] = { 0, op_relay_refresh },
    [AGENT_OP_LINK_IPV6] = { 0, op_link_ipv6 },
    [AGENT_OP_BRIDGES_OPEN] = { 0, op_bridges_open },
    [AGENT_OP_BRIDGE_ADD] = { 0, op_bridge_add },
    [AGENT_OP_BRIDGE_RULES] = { 0, op_bridge_rules },
    [AGENT_OP_BRIDGE_DROP] = { 0, op_bridge_drop },
    [AGENT_OP_PORT_ADD] = { 0, op_port_add },
    [AGENT_OP_PORT_ISOLATE] = { 0, op_port_isolate },
    [AGENT_OP_PORT_DROP] = { 0, op_port_drop },
    [AGENT_OP_BRIDGE_SOCKET] = { 0, op_bridge_socket },
};

static_assert(G_N_ELEMENTS(ops) == AGENT_OP_COUNT, "a handler for each");

bool op_name_is_valid(const char name[IFNAMSIZ])
{
    return name[0] != '\0' && memchr(name, '\0', IFNAMSIZ) != NULL;
}

void op_fail(struct op_call *call, const GError *err)
{
    int code =
        err->domain == SLIPGATE_ERROR ? err->code : SLIPGATE_ERROR_SYSTEM;

    call->reply.code = 1 + code;
    g_strlcpy(call->reply.reason, err->message, sizeof(call->reply.reason));
}

static int run(struct agent_state *state, struct op_call *call, GError **err)
{
    const struct op *op;

    if (call->request->op >= AGENT_OP_COUNT)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "the agent knows no operation %u", call->request->op);
    op = &ops[call->request->op];
    if (call->fd_count != op->fds_wanted)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "the agent wants %zu descriptors, not %zu",
                         op->fds_wanted, call->fd_count);
    return op->run(state, call, err);
}

void op_perform(struct agent_state *state, struct op_call *call)
{
    g_autoptr(GError) err = NULL;

    if (run(state, call, &err) != 0)
        op_fail(call, err);
}
