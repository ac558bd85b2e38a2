/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/ops.h"
#include "base/own.h"

#include <glib.h>
#include <stdbool.h>

/*
 * The relay namespace: a private network namespace between guest and gate,
 * where the gate's sockets on the guest's side live.  Agent process only; its
 * own namespace stays the guest's between calls.
 *
 *   guest          | relay namespace                          | gate
 *   tap0 ========= r0 -- TCP: listener, transparent sockets --- descriptors
 *   (veth)         | `--- the rest, and every SYN, layer 2 -- tap1
 *
 * Nothing of it shows in the guest but the interface that was asked for.
 * Where there is no guest, the agent's own namespace is the relay namespace,
 * without r0.  Bridges stand in it as well: agent/bridges.h.
 */
struct relay_ns;
struct rtnl;

/* Index of each descriptor in relay_ns_open()'s output. */
enum relay_ns_fd {
    RELAY_NS_TAP,
    RELAY_NS_NEWS, /* tells when the guest's interface is gone */
    RELAY_NS_LISTENER,
    RELAY_NS_LISTENER6, /* only with IPv6 */
    RELAY_NS_FD_COUNT
};

/*
 * Makes all of it, or nothing: after an error the guest is as it was.  `guest`
 * speaks to the guest's namespace and is kept by reference.  The caller owns
 * the descriptors in `fds`, RELAY_NS_FD_COUNT or one less.  Needs
 * CAP_NET_ADMIN and, to make a namespace, CAP_SYS_ADMIN.
 */
struct relay_ns *relay_ns_open(struct rtnl *guest,
                               const struct agent_relay_open *config, int *fds,
                               GError **err);
/* The guest's interface goes with it. */
void relay_ns_free(struct relay_ns *ns);
OWN_DEFINE(relay_ns)

/*
 * Makes `count` TCP sockets in the relay namespace that may be bound to any
 * address and connect to the guest.  0, or -1 and an error.
 */
int relay_ns_sockets(struct relay_ns *ns, sa_family_t family, int *fds,
                     size_t count, GError **err);

/*
 * Enters the relay namespace, for what has to be done in there; leave it again
 * before anything else.  0, or -1 and an error.
 */
int relay_ns_enter(const struct relay_ns *ns, GError **err);
void relay_ns_leave(const struct relay_ns *ns);
/* Speaks to the relay namespace, from everywhere. */
struct rtnl *relay_ns_rtnl(const struct relay_ns *ns);
/* The link towards the gate. */
unsigned relay_ns_gate_link(const struct relay_ns *ns);
bool relay_ns_has_ipv6(const struct relay_ns *ns);

/* Takes note of the guest's interface's present MAC address. */
int relay_ns_refresh(struct relay_ns *ns, GError **err);
