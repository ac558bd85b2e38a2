/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"

#include <glib.h>
#include <stdbool.h>

/*
 * The address plan of one guest, derived once from --cidr and then constant.
 * Pure values.  IPv4: gateway net+2, resolver net+3, DHCP net+15 to net+30,
 * guest net+100.  IPv6: fd00::/64 with gateway fd00::2, resolver fd00::3, guest
 * fd00::100, router fe80::2.
 */
struct plan {
    struct ip_addr network, netmask, gateway, dns, dhcp_start, dhcp_end, guest;
    unsigned prefix_len;
    struct ip_addr network6, gateway6, dns6, guest6, router6;
    unsigned prefix_len6;
};

#define PLAN_CIDR_DEFAULT "10.0.2.0/24"

/*
 * Fills `plan` from an IPv4 network in CIDR notation, prefix 1 to 25.  The
 * error texts are those that scripts written for slirp4netns look for.
 */
int plan_init(struct plan *plan, const char *cidr, GError **err);
