/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/confine.h"
#include "agent/ops.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * The gate's handle on the agent: a child process inside the guest's user and
 * network namespaces that performs the closed list of operations of
 * agent/ops.h.  Gate process only.  Calls block for the agent's answer, so they
 * belong to start-up and to rare changes, never to the data path.
 */
struct agent;

/*
 * Forks the agent, which joins `userns_fd` (-1: none) and `netns_fd` and dies
 * with this process.  The descriptors stay the caller's.  NULL and an error
 * when it cannot enter; nothing is left behind then.  The agent ignores SIGINT,
 * SIGTERM and SIGHUP, which a terminal or a service manager sends to the whole
 * group: when to end is the gate's decision.  Call it early: the child shares
 * this process's memory as it is now, and it needs CAP_SYS_ADMIN over the
 * target, which the gate may drop afterwards.
 */
struct agent *agent_start(int userns_fd, int netns_fd,
                          const struct agent_confinement *wants, GError **err);
/* Ends the agent and reaps it. */
void agent_free(struct agent *agent);

/* For messages, and for the filter that lets it be killed; until it is freed.
 */
pid_t agent_pid(const struct agent *agent);
/* How it is confined; belongs to the agent. */
const struct agent_confined *agent_confined(const struct agent *agent);
/* Becomes readable (end of file) when the agent is gone; do not read from it.
 */
int agent_fd(const struct agent *agent);

/*
 * Opens a tap in the guest (kern/tap.h); `name` gets the kernel's name for it.
 * Returns its descriptor, which the caller owns, or -1 and an error.
 */
int agent_tap_open(struct agent *agent, char name[IFNAMSIZ], unsigned flags,
                   GError **err);
/*
 * Brings lo and the interface up with addresses and default routes: what -c
 * asks.  IPv6 that the guest's kernel refuses is logged as a warning, since a
 * host without IPv6 is still worth running on.  After an error the interface
 * may be half set up; a tap of ours is gone as soon as it is closed.
 */
int agent_link_configure(struct agent *agent,
                         const struct agent_link_config *config, GError **err);

/*
 * Gives the interface its IPv6 address and default route, all or nothing; or,
 * with `config->on` 0, takes them away, as far as they are there.
 */
int agent_link_ipv6(struct agent *agent, const struct agent_link_ipv6 *config,
                    GError **err);

/*
 * What agent_relay_open() hands out: the tap of the relay namespace, with
 * virtio-net headers where the kernel has them, and the listeners that accept
 * for the guest's connections (getsockname(2) tells the destination).  The
 * caller owns them; all are non-blocking.
 */
struct agent_relay {
    int tap_fd;
    int news_fd; /* kern/rtnl_watch.h, of AGENT_RELAY_GUEST_LINK */
    int listener_fd, listener6_fd; /* the latter -1 without IPv6 */
};

/*
 * Makes the relay namespace (agent/relay_ns.h) and the guest's interface.  An
 * existing persistent tap of that name, held by nobody, is replaced: the new
 * interface has its MAC and MTU, addresses and routes.  After an error, which
 * says what this system lacks, the guest is as it was.
 */
int agent_relay_open(struct agent *agent, const struct agent_relay_open *config,
                     struct agent_relay *out, GError **err);
/*
 * Makes `count` TCP sockets of the relay namespace that may be bound to any
 * address of `family` and connect to the guest: non-blocking, SO_REUSEADDR,
 * IPV6_V6ONLY.  With `of_guest` they are ordinary ones of the guest's own
 * namespace instead.  The caller owns them.  Blocks for some 0.3 ms.
 */
int agent_relay_sockets(struct agent *agent, sa_family_t family, bool of_guest,
                        int *fds, size_t count, GError **err);
/* Call when the guest does not answer: its MAC address may have changed. */
int agent_relay_refresh(struct agent *agent, GError **err);

/* Of the relay namespace; the caller owns them. */
struct agent_bridges {
    int rtnl_fd[2]; /* rtnetlink sockets */
    int news_fd;    /* kern/rtnl_watch.h */
};
/*
 * Bridges in the relay namespace (agent/bridges.h).  Each is done whole or not
 * at all: 0, or -1 and an error.  An interface that is dropped stays until
 * somebody deletes it.
 */
int agent_bridges_open(struct agent *agent, struct agent_bridges *out,
                       GError **err);
int agent_bridge_add(struct agent *agent, const struct agent_bridge *config,
                     GError **err);
int agent_bridge_rules(struct agent *agent,
                       const struct agent_bridge_rules *rules, GError **err);
int agent_bridge_drop(struct agent *agent, const char *name, GError **err);
/* `*link` gets the interface's index there. */
int agent_port_add(struct agent *agent, const struct agent_port *config,
                   unsigned *link, GError **err);
int agent_port_isolate(struct agent *agent, const char *name, bool isolated,
                       GError **err);
int agent_port_drop(struct agent *agent, const char *name, GError **err);
/* A socket bound to a bridge's address, which the caller owns; -1 and err. */
int agent_bridge_socket(struct agent *agent, const struct ip_endpoint *at,
                        bool stream, GError **err);
