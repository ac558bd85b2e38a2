/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/op.h"

#include "agent/bridges.h"
#include "agent/relay_ns.h"
#include "agent/relay_socket.h"
#include "base/error.h"

#include <string.h>
#include <unistd.h>

/* The least that IPv4 allows (RFC 791); IPv6 asks for 1280. */
#define MTU_MIN  68
#define MTU_MIN6 1280

static int refuse(GError **err, const char *why)
{
    return error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "relay namespace: %s",
                     why);
}

static int check_open(const struct agent_state *state,
                      const struct agent_relay_open *c, GError **err)
{
    if (c->name[0] != '\0' && !op_name_is_valid(c->name))
        return refuse(err, "not an interface name");
    if (c->set_mac > 1 || c->ipv6 > 1)
        return refuse(err, "malformed");
    if (c->mtu < (c->ipv6 ? MTU_MIN6 : MTU_MIN) || c->mtu > AGENT_MTU_MAX)
        return refuse(err, "MTU out of range");
    if (state->relay != NULL)
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "the relay namespace exists already");
    return 0;
}

int op_relay_open(struct agent_state *state, struct op_call *call, GError **err)
{
    const struct agent_relay_open *c = &call->request->relay_open;

    if (check_open(state, c, err) != 0)
        return -1;
    state->relay = relay_ns_open(state->guest, c, call->reply_fds, err);
    if (state->relay == NULL)
        return -1;
    state->bridges = bridges_new(state->relay);
    call->reply_fd_count = RELAY_NS_FD_COUNT - !c->ipv6;
    return 0;
}

static int need_relay(const struct agent_state *state, GError **err)
{
    if (state->relay != NULL)
        return 0;
    return error_set(err, SLIPGATE_ERROR_CONFLICT,
                     "there is no relay namespace");
}

static int plain_sockets(struct op_call *call,
                         const struct agent_relay_sockets *c, GError **err)
{
    for (size_t i = 0; i < c->count; i++) {
        int fd = relay_socket_plain((sa_family_t)c->family, err);

        if (fd < 0) {
            while (i > 0)
                (void)close(call->reply_fds[--i]);
            return -1;
        }
        call->reply_fds[i] = fd;
    }
    return 0;
}

int op_relay_sockets(struct agent_state *state, struct op_call *call,
                     GError **err)
{
    const struct agent_relay_sockets *c = &call->request->relay_sockets;

    if (need_relay(state, err) != 0)
        return -1;
    if (c->family != AF_INET && c->family != AF_INET6)
        return refuse(err, "unknown family of sockets");
    if (c->count < 1 || c->count > AGENT_RELAY_SOCKETS_MAX)
        return refuse(err, "number of sockets out of range");
    if (c->of_guest > 1)
        return refuse(err, "malformed");
    if ((c->of_guest ? plain_sockets(call, c, err)
                     : relay_ns_sockets(state->relay, (sa_family_t)c->family,
                                        call->reply_fds, c->count, err)) != 0)
        return -1;
    call->reply_fd_count = c->count;
    return 0;
}

int op_relay_refresh(struct agent_state *state, struct op_call *call,
                     GError **err)
{
    (void)call;
    if (need_relay(state, err) != 0)
        return -1;
    return relay_ns_refresh(state->relay, err);
}
