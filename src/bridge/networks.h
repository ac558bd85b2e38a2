/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/own.h"
#include "bridge/network_driver.h"

/*
 * The bridge networks there are, and the containers in them: names, addresses,
 * conflicts, and the order in which things are made and unmade.  Every change
 * takes effect whole or not at all.  Gate process only.
 */
struct networks;
struct network;

enum networks_change {
    NETWORKS_CREATED,
    NETWORKS_UPDATED,
    NETWORKS_REMOVED,
    NETWORKS_ATTACHED,
    NETWORKS_DETACHED,
    NETWORKS_GONE, /* detached because the container is no more */
};

struct networks_config {
    const struct network_driver *driver; /* kept by reference */
    /* Networks that no bridge may overlap, and what they are called. */
    const struct ip_prefix *own;
    size_t own_count;
    const char *own_name; /* "the guest's own network" */
    /* Networks that are left alone unless they are asked for. */
    const struct ip_prefix *avoided;
    size_t avoided_count;
    /*
     * Told after each change; `attachment` is NULL for those of a network.
     * What is removed or detached is valid during the call only.
     */
    void (*changed)(void *self, enum networks_change change,
                    const struct network *network,
                    const struct net_attachment *attachment);
    void *self;
};

#define NETWORKS_MAX 4096

/* `config` is copied, but not what it points to. */
struct networks *networks_new(const struct networks_config *config);
/* Removes all that there is; nobody is told. */
void networks_free(struct networks *networks);
OWN_DEFINE(networks)

/*
 * Makes the network `asked`, or finds that it is there already.  NULL and an
 * error: BAD_REQUEST, CONFLICT with a network of that name or with addresses
 * that are taken, or what the driver said.  `asked` stays the caller's.
 */
const struct network *networks_create(struct networks *networks,
                                      const struct spec *asked, GError **err);
/*
 * By name or by id; NULL and NOT_FOUND.
 */
const struct network *networks_find(const struct networks *networks,
                                    const char *name, GError **err);
/*
 * 0, or -1 and NOT_FOUND, or CONFLICT while containers are attached and `force`
 * is not set, which detaches them.
 */
int networks_remove(struct networks *networks, const char *name, bool force,
                    GError **err);

/*
 * Gives a network the definition `wanted`, see spec_check_update(); `wanted`
 * stays the caller's.  0, or -1 and an error, with nothing changed.
 */
int networks_update(struct networks *networks, const char *name,
                    const struct spec *wanted, GError **err);

/*
 * Puts the container at `target` into a network.  What `asked` leaves open is
 * filled in.  Returns what was made, or NULL and an error, and nothing changed
 * then.  `asked` stays the caller's.
 */
const struct net_attachment *networks_attach(struct networks *networks,
                                             const char *name,
                                             const struct net_attachment *asked,
                                             const struct attach_target *target,
                                             GError **err);
/* Takes it out, with what was made for it.  0, or -1 and NOT_FOUND. */
int networks_detach(struct networks *networks, const char *name,
                    const char *container, GError **err);
/* For the driver: the interface behind its handle `port` is gone. */
void networks_gone(struct networks *networks, const void *port);

/* NULL and NOT_FOUND that says which of the two there is not. */
const struct net_attachment *networks_attachment(
    const struct networks *networks, const char *name, const char *container,
    GError **err);

/*
 * As networks_attachment(), and `*name`, if NULL, is set to the name of the
 * oldest network that has the container.
 */
const struct net_attachment *networks_find_container(
    const struct networks *networks, const char **name, const char *container,
    GError **err);

size_t networks_count(const struct networks *networks);
/* In the order of their creation; `index` < networks_count(). */
const struct network *networks_at(const struct networks *networks,
                                  size_t index);
const struct spec *network_spec(const struct network *network);
size_t network_attachment_count(const struct network *network);
/* In the order of their attachment. */
const struct net_attachment *network_attachment_at(
    const struct network *network, size_t index);
