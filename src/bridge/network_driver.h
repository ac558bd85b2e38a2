/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "bridge/attachment.h"

/*
 * What makes networks real: bridges, and interfaces on them.  bridge/networks
 * decides what there shall be; a driver only makes and unmakes it.
 */

/*
 * Where a container is.  With a descriptor, the rest is only remembered, for
 * another run.
 */
struct attach_target {
    int netns_fd;     /* of its network namespace; -1 */
    pid_t pid;        /* a process in it, as we see processes; 0 */
    const char *path; /* of its network namespace; NULL */
};

struct network_driver {
    /*
     * A bridge with the gateways' addresses, that no other network reaches but
     * as `spec` says; a handle for the others, or NULL and an error, and no
     * trace then.  `spec` stays where it is until remove().
     */
    void *(*create)(void *self, const struct spec *spec, GError **err);
    /* After all its containers have been detached. */
    void (*remove)(void *self, void *network);
    /* What spec_check_update() allows has changed; else as before. */
    int (*update)(void *self, void *network, const struct spec *spec,
                  GError **err);
    /*
     * An interface in the container's namespace, as the complete `attachment`
     * says, with its routes; a handle, or NULL and an error, and no trace then.
     * It fills in, or compares, attachment->netns_ino.  networks_gone() tells
     * when it has gone by itself.
     */
    void *(*attach)(void *self, void *network,
                    struct net_attachment *attachment,
                    const struct attach_target *target, GError **err);
    /* `gone`: there is no interface any more, only the handle. */
    void (*detach)(void *self, void *network,
                   const struct net_attachment *attachment, void *port,
                   bool gone);
    void *self;
};
