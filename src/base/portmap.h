/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"

#include <glib.h>

/*
 * The short way to write a forward:
 *     [ADDR:]HOSTPORT[-END]:GUESTPORT[-END][/tcp|udp]
 * ADDR is an IPv4 literal, an IPv6 literal in brackets, or "*" for both
 * families.  HOSTPORT may be 0; both rows of ports are of one length.
 */
struct portmap {
    int proto;           /* IPPROTO_TCP if not given */
    bool both_families;  /* "*" */
    struct ip_addr host; /* 0.0.0.0 if not given, or for "*" */
    uint16_t host_port, guest_port;
    unsigned range; /* ports in a row, at least 1 */
};

/* 0, or -1 with SLIPGATE_ERROR_BAD_REQUEST and `out` untouched. */
int portmap_parse(const char *text, struct portmap *out, GError **err);
