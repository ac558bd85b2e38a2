/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "bridge/askers.h"
#include "bridge/attachment.h"
#include "bridge/fabric.h"
#include "kern/loop.h"
#include "net/dns_forward.h"
#include "net/policy.h"

/*
 * The names of one network: a table of its containers', and a name server on
 * the address of each gateway.  Gate process only.
 */
struct network_names;

struct network_names_config {
    struct loop *loop;
    struct fabric *fabric;       /* where the servers' sockets come from */
    struct dns_forward *forward; /* NULL: foreign names do not exist */
    const struct policy *policy;
    struct budget *budget;
    struct askers *askers;   /* one for all networks */
    const struct plan *plan; /* its gateways are behind the host's names */
};

/* After the bridge is there; NULL and an error.  `spec` is not kept. */
struct network_names *network_names_new(
    const struct network_names_config *config, const struct spec *spec,
    GError **err);
void network_names_free(struct network_names *names);
/* Forgets what is being asked: foreign names may not be asked for any more. */
void network_names_forget(struct network_names *names);
/* Whom foreign names are asked of, from now on. */
void network_names_set_servers(struct network_names *names,
                               const struct spec *spec);

/* All of them, or none and an error. */
int network_names_add(struct network_names *names,
                      const struct net_attachment *attachment, GError **err);
void network_names_remove(struct network_names *names,
                          const struct net_attachment *attachment);
