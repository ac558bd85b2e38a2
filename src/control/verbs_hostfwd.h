/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "control/hostfwd_request.h"
#include "control/verbs.h"

/*
 * add_hostfwd, list_hostfwd and remove_hostfwd: the three verbs of slirp4netns,
 * on the forward table `table`.  `context`, which is copied, says where a
 * forward leads.  All outlive `verbs`.
 *
 * add_hostfwd, arguments in the order in which they are checked:
 *   proto       "tcp" or "udp"
 *   host_addr   IPv4 or IPv6 literal, or "*" for both families; missing, null
 *               or "": 0.0.0.0.  An IPv4-mapped IPv6 literal means the IPv4
 *               address.
 *   host_port   0 to 65535 (8080.0 is 8080, see control/json.h); 0: the kernel
 *               picks
 *   host_path   instead of these two, a UNIX socket to listen on
 *   guest_addr  one address; missing, null or "": the guest's own of the family
 *               of host_addr, if it has one, else its IPv4 address
 *   network     instead of guest_addr, a container of a bridge network, by
 *   container   its key; without network the one it was attached to first
 *   guest_port  1 to 65535
 *   range       ports in a row
 *   source      "keep" or "gateway"
 *   driver      "auto" or the name of one
 * and the answer is {"id", "host_port", "driver"}.
 *
 * remove_hostfwd takes an id, which decides alone when it is there, or else the
 * proto and the host end of a forward; with "close" it ends the connections,
 * too, and answers how many.
 */
void verbs_hostfwd_add(struct verbs *verbs, struct fwd_table *table,
                       const struct hostfwd_context *context);

/* The members of a forward, for lists and events. */
void verbs_hostfwd_put(struct json_out *out, const struct fwd_entry *entry);
