/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "control/verbs.h"
#include "net/fwd.h"

/*
 * add_hostfwd, list_hostfwd and remove_hostfwd: the three verbs of slirp4netns,
 * on the forward table `table`, which must outlive `verbs`.  `guest` and
 * `guest6` are where a forward without guest_addr leads; guest6 may be of
 * family AF_UNSPEC when the guest has no IPv6.
 *
 * add_hostfwd, arguments in the order in which they are checked:
 *   proto       "tcp" or "udp"
 *   host_addr   IPv4 or IPv6 literal; missing, null or "": 0.0.0.0.  An
 *               IPv4-mapped IPv6 literal means the IPv4 address.
 *   host_port   1 to 65535 (8080.0 is 8080, see control/json.h)
 *   guest_addr  of the family of host_addr, since no driver translates between
 *               them, and not the unspecified address; missing, null or "": the
 *               guest's own address of that family
 *   guest_port  1 to 65535
 * and the answer is {"id", "host_port", "driver"}.
 *
 * remove_hostfwd takes an id, which decides alone when it is there, or else the
 * proto, host_addr and host_port of a forward.
 */
void verbs_hostfwd_add(struct verbs *verbs, struct fwd_table *table,
                       const struct ip_addr *guest,
                       const struct ip_addr *guest6);
