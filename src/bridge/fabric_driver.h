/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "bridge/network_names.h"
#include "bridge/networks.h"

/*
 * The driver of bridge networks that are real: bridges by the fabric, and on
 * each gateway's address a name server that knows the network's containers.
 * Gate process only.
 */
struct fabric_driver;

/* `config` is copied, but not what it points to; its askers are ours. */
struct fabric_driver *fabric_driver_new(
    const struct network_names_config *config);
/* After the networks. */
void fabric_driver_free(struct fabric_driver *driver);
/* To be called when the policy allows less than before. */
void fabric_driver_policy_narrowed(struct fabric_driver *driver);
/* Lent. */
const struct network_driver *fabric_driver_of(
    const struct fabric_driver *driver);
/* From now on `networks` hears of containers that are gone. */
void fabric_driver_watch(struct fabric_driver *driver,
                         struct networks *networks);
