/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "bridge/networks.h"
#include "control/verbs.h"

/*
 * The verbs of bridge networks.  `networks` outlives `verbs`.
 *
 *   network_create   the members of a network -> {"network": {...}}
 *   network_list     -> {"networks": [{...}]}
 *   network_inspect  name -> {"network": {...}, "containers": {...}}
 *   network_update   name, network_dns_servers, labels, masquerade, options
 *                    -> {"network": {...}}
 *   network_remove   name, force
 *   network_attach   network, container and what else attachment_json_decode()
 *                    reads, and where the container is: pid, netns (a path), or
 *                    a descriptor -> a status block
 *   network_detach   network, container
 *
 * Networks go by name or id.
 */
void verbs_network_add(struct verbs *verbs, struct networks *networks);

/* The members of an event. */
void verbs_network_put_event(struct json_out *out, enum networks_change change,
                             const struct network *network,
                             const struct net_attachment *attachment);
