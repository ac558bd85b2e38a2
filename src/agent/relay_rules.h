/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What steers packets in the relay namespace.  All of it is static: no rule
 * belongs to a flow.  To be called inside that namespace.
 */
struct rtnl;

/* On our sockets: what they send goes out to the guest. */
#define RELAY_MARK_TO_GUEST 2

/* Where the networks of bridges are routed. */
#define RELAY_TABLE_BRIDGES 103

struct relay_rules {
    unsigned guest_link; /* veth towards the guest, up; 0: there is none */
    const char *guest_link_name;
    unsigned gate_link; /* tap towards the gate, up */
    const char *gate_link_name;
    struct ip_endpoint listener, listener6; /* where held SYNs end up */
    bool ipv6;
};

/* Routes, rules and neighbours, then the packet filter.  0, or -1 and err. */
int relay_rules_apply(struct rtnl *rtnl, const struct relay_rules *rules,
                      GError **err);
/* The MAC address that frames to the guest bear. */
int relay_rules_set_guest_mac(struct rtnl *rtnl, unsigned guest_link, bool ipv6,
                              const uint8_t mac[6], GError **err);
