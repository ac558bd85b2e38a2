/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/table.h"

#include "ctl/commands.h"

#include <string.h>

#define BIT(name) CTL_OPTION_BIT(CTL_OPTION_##name)

/* clang-format off */
const struct ctl_option_spec ctl_options[CTL_OPTION_END] = {
    [CTL_OPTION_SOCKET] = { "socket", "PATH", NULL,
      "the control socket to use" },
    [CTL_OPTION_JSON] = { "json", NULL, NULL,
      "print the answer as JSON" },
    [CTL_OPTION_HELP] = { "help", NULL, NULL,
      "print this text and exit" },
    [CTL_OPTION_VERSION] = { "version", NULL, NULL,
      "print the version and exit" },
    [CTL_OPTION_GUEST] = { "guest", "ADDR", NULL,
      "the guest's address that a forward leads to" },
    [CTL_OPTION_SOURCE] = { "source", "WHO", "keep gateway",
      "whom the guest sees as the client (keep, gateway)" },
    [CTL_OPTION_DRIVER] = { "driver", "NAME", "auto relay slirp udp",
      "what carries a forward (auto, relay, slirp, udp)" },
    [CTL_OPTION_CLOSE] = { "close", NULL, NULL,
      "end the connections of a forward, too" },
    [CTL_OPTION_MAX_BYTES] = { "max-bytes", "N", NULL,
      "end a capture at this size (0: no limit)" },
    [CTL_OPTION_SNAP_BYTES] = { "snap-bytes", "N", NULL,
      "keep this much of each frame" },
    [CTL_OPTION_INTERVAL] = { "interval", "SECONDS", NULL,
      "time between two looks" },
    [CTL_OPTION_COUNT] = { "count", "N", NULL,
      "how many looks" },
    [CTL_OPTION_FORCE] = { "force", NULL, NULL,
      "remove a network although containers are attached" },
    [CTL_OPTION_NETWORK] = { "network", "NAME", NULL,
      "the network of the container that a forward leads to" },
    [CTL_OPTION_CONTAINER] = { "container", "NAME", NULL,
      "the container that a forward leads to" },
};

const struct ctl_command ctl_commands[] = {
    { "status", "", 0, 0, NULL, 0,
      "what runs, for whom, and how", ctl_status },
    { "forward add", "[ADDR:]PORT[-END]:GUESTPORT[-END][/PROTO]|PATH:GUESTPORT",
      1, 1, NULL, BIT(GUEST) | BIT(SOURCE) | BIT(DRIVER) | BIT(NETWORK) |
      BIT(CONTAINER),
      "lead a port of the host to the guest", ctl_forward_add },
    { "forward list", "", 0, 0, NULL, 0,
      "the forwards there are", ctl_forward_list },
    { "forward remove", "ID|[ADDR:]PORT/PROTO|PATH", 1, 1, NULL, BIT(CLOSE),
      "stop a forward", ctl_forward_remove },
    { "policy show", "", 0, 0, NULL, 0,
      "what the guest may do", ctl_policy_show },
    { "policy set", "SWITCH=VALUE...", 1, -1,
      "allow_host_loopback=on allow_host_loopback=off enable_ipv6=on "
      "enable_ipv6=off enable_dns=on enable_dns=off outbound=allow "
      "outbound=deny", 0,
      "change that; flows that it forbids are ended", ctl_policy_set },
    { "connections", "", 0, 0, NULL, 0,
      "the connections and other flows there are", ctl_connections },
    { "stats", "", 0, 0, NULL, 0,
      "what was counted since the start", ctl_stats },
    { "top", "", 0, 0, NULL, BIT(INTERVAL) | BIT(COUNT),
      "the busiest flows, again and again", ctl_top },
    { "events", "[KIND...]", 0, -1,
      "connection forward network policy status", BIT(COUNT),
      "what happens, as it happens", ctl_events },
    { "capture start", "FILE", 1, 1, NULL, BIT(MAX_BYTES) | BIT(SNAP_BYTES),
      "write the guest's traffic to a file (-: stdout, until it is closed)",
      ctl_capture_start },
    { "capture stop", "", 0, 0, NULL, 0,
      "end that", ctl_capture_stop },
    { "network create", "NAME [KEY=VALUE...]", 1, -1,
      "subnet= gateway= range= route= ipv6=on internal=on dns=off server= "
      "masquerade=off interface= label= mtu= isolate=false isolate=true "
      "icc=false metric= no_default_route=true", 0,
      "make a bridge network", ctl_network_create },
    { "network list", "", 0, 0, NULL, 0,
      "the networks there are", ctl_network_list },
    { "network inspect", "NAME", 1, 1, NULL, 0,
      "one of them, and its containers", ctl_network_inspect },
    { "network update", "NAME KEY=VALUE...", 2, -1,
      "server= label= masquerade=on masquerade=off isolate=strict "
      "isolate=true isolate=false icc=true icc=false", 0,
      "change a network", ctl_network_update },
    { "network remove", "NAME", 1, 1, NULL, BIT(FORCE),
      "remove a network", ctl_network_remove },
    { "network attach", "NETWORK CONTAINER PID|PATH [KEY=VALUE...]", 3, -1,
      "ip= mac= interface= name= alias= default_route=off metric=", 0,
      "give a container an interface in a network", ctl_network_attach },
    { "network detach", "NETWORK CONTAINER", 2, 2, NULL, 0,
      "take it away", ctl_network_detach },
    { "shutdown", "", 0, 0, NULL, 0,
      "end slipgate", ctl_shutdown },
    { "call", "VERB [ARGUMENTS]", 1, 2, NULL, 0,
      "any request of slipgate-api(7), its arguments as JSON", ctl_call_verb },
};
/* clang-format on */
const size_t ctl_command_count = G_N_ELEMENTS(ctl_commands);

const struct ctl_command *ctl_command_find(char **args, int *used)
{
    for (size_t i = 0; i < ctl_command_count; i++) {
        g_auto(GStrv) words = g_strsplit(ctl_commands[i].name, " ", 0);
        int count = 0;

        while (words[count] != NULL && args[count] != NULL &&
               strcmp(words[count], args[count]) == 0)
            count++;
        if (words[count] == NULL) {
            *used = count;
            return &ctl_commands[i];
        }
    }
    return NULL;
}
