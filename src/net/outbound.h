/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"

#include <net/if.h>

/*
 * From where flows of one family leave the host: from an address, or by an
 * interface.  Gate process only.
 */
struct outbound {
    struct ip_addr addr;      /* AF_UNSPEC: the kernel chooses */
    char interface[IFNAMSIZ]; /* empty: none is named */
    bool is_way_out;          /* it has a default route */
};

/*
 * Names an interface.  If it has a default route now, all flows will be bound
 * to it, wherever routes would lead them (SO_BINDTODEVICE); else they only take
 * its address, as it is at that moment.
 */
void outbound_set_interface(struct outbound *outbound, const char *name);

/* The interface's first address of `family`; no link-local ones, which mean
   nothing without it.  False: there is none. */
bool outbound_interface_addr(const char *name, sa_family_t family,
                             struct ip_addr *out);

/*
 * Binds a socket that is neither bound nor connected, for flows that leave the
 * host.  0 or -errno.
 */
int outbound_apply(const struct outbound *outbound, int fd, sa_family_t family);
