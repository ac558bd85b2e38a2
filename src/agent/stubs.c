/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/agent.h"

#include "agent/call.h"
#include "base/log.h"

#include <string.h>

int agent_tap_open(struct agent *agent, char name[IFNAMSIZ], unsigned flags,
                   GError **err)
{
    struct agent_request request = { .op = AGENT_OP_TAP_OPEN,
                                     .tap_open.flags = flags };
    struct agent_reply reply;
    int fd = -1;

    memcpy(request.tap_open.name, name, IFNAMSIZ);
    if (agent_call(agent, &request, NULL, 0, &reply, &fd, 1, err) != 0)
        return -1;
    memcpy(name, reply.name, IFNAMSIZ);
    return fd;
}

int agent_link_configure(struct agent *agent,
                         const struct agent_link_config *config, GError **err)
{
    struct agent_request request = { .op = AGENT_OP_LINK_CONFIGURE,
                                     .link_configure = *config };
    struct agent_reply reply;

    if (agent_call(agent, &request, NULL, 0, &reply, NULL, 0, err) != 0)
        return -1;
    if (reply.warning[0] != '\0')
        log_warn("%s", reply.warning);
    return 0;
}

int agent_relay_open(struct agent *agent, const struct agent_relay_open *config,
                     struct agent_relay *out, GError **err)
{
    struct agent_request request = { .op = AGENT_OP_RELAY_OPEN,
                                     .relay_open = *config };
    struct agent_reply reply;
    int fds[4] = { -1, -1, -1, -1 };

    if (agent_call(agent, &request, NULL, 0, &reply, fds, config->ipv6 ? 4 : 3,
                   err) != 0)
        return -1;
    *out = (struct agent_relay){ .tap_fd = fds[0],
                                 .news_fd = fds[1],
                                 .listener_fd = fds[2],
                                 .listener6_fd = fds[3] };
    return 0;
}

int agent_relay_sockets(struct agent *agent, sa_family_t family, bool of_guest,
                        int *fds, size_t count, GError **err)
{
    struct agent_request request = { .op = AGENT_OP_RELAY_SOCKETS,
                                     .relay_sockets = { .family = family,
                                                        .of_guest = of_guest,
                                                        .count =
                                                            (uint32_t)count } };
    struct agent_reply reply;

    return agent_call(agent, &request, NULL, 0, &reply, fds, count, err);
}

int agent_relay_refresh(struct agent *agent, GError **err)
{
    struct agent_request request = { .op = AGENT_OP_RELAY_REFRESH };
    struct agent_reply reply;

    return agent_call(agent, &request, NULL, 0, &reply, NULL, 0, err);
}

int agent_link_ipv6(struct agent *agent, const struct agent_link_ipv6 *config,
                    GError **err)
{
    struct agent_request request = { .op = AGENT_OP_LINK_IPV6,
                                     .link_ipv6 = *config };
    struct agent_reply reply;

    return agent_call(agent, &request, NULL, 0, &reply, NULL, 0, err);
}

/* --- bridges --- */

static int just_ask(struct agent *agent, const struct agent_request *request,
                    GError **err)
{
    struct agent_reply reply;

    return agent_call(agent, request, NULL, 0, &reply, NULL, 0, err);
}

int agent_bridges_open(struct agent *agent, struct agent_bridges *out,
                       GError **err)
{
    struct agent_request request = { .op = AGENT_OP_BRIDGES_OPEN };
    struct agent_reply reply;
    int fds[3];

    if (agent_call(agent, &request, NULL, 0, &reply, fds, 3, err) != 0)
        return -1;
    *out = (struct agent_bridges){ { fds[0], fds[1] }, fds[2] };
    return 0;
}

int agent_bridge_add(struct agent *agent, const struct agent_bridge *config,
                     GError **err)
{
    struct agent_request request = { .op = AGENT_OP_BRIDGE_ADD,
                                     .bridge = *config };

    return just_ask(agent, &request, err);
}

int agent_bridge_rules(struct agent *agent,
                       const struct agent_bridge_rules *rules, GError **err)
{
    struct agent_request request = { .op = AGENT_OP_BRIDGE_RULES,
                                     .bridge_rules = *rules };

    return just_ask(agent, &request, err);
}

int agent_bridge_drop(struct agent *agent, const char *name, GError **err)
{
    struct agent_request request = { .op = AGENT_OP_BRIDGE_DROP };

    (void)g_strlcpy(request.bridge_drop.name, name, IFNAMSIZ);
    return just_ask(agent, &request, err);
}

int agent_port_add(struct agent *agent, const struct agent_port *config,
                   unsigned *link, GError **err)
{
    struct agent_request request = { .op = AGENT_OP_PORT_ADD, .port = *config };
    struct agent_reply reply;

    if (agent_call(agent, &request, NULL, 0, &reply, NULL, 0, err) != 0)
        return -1;
    *link = reply.link;
    return 0;
}

int agent_port_isolate(struct agent *agent, const char *name, bool isolated,
                       GError **err)
{
    struct agent_request request = { .op = AGENT_OP_PORT_ISOLATE,
                                     .port_isolate.isolated = isolated };

    (void)g_strlcpy(request.port_isolate.name, name, IFNAMSIZ);
    return just_ask(agent, &request, err);
}

int agent_port_drop(struct agent *agent, const char *name, GError **err)
{
    struct agent_request request = { .op = AGENT_OP_PORT_DROP };

    (void)g_strlcpy(request.port_drop.name, name, IFNAMSIZ);
    return just_ask(agent, &request, err);
}

int agent_bridge_socket(struct agent *agent, const struct ip_endpoint *at,
                        bool stream, GError **err)
{
    struct agent_request request = { .op = AGENT_OP_BRIDGE_SOCKET,
                                     .bridge_socket = { .at = *at,
                                                        .stream = stream } };
    struct agent_reply reply;
    int fd = -1;

    if (agent_call(agent, &request, NULL, 0, &reply, &fd, 1, err) != 0)
        return -1;
    return fd;
}
