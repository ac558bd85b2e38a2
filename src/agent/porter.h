/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/porter_ops.h"
#include "base/own.h"

#include <glib.h>
#include <stdint.h>

/*
 * The gate's handle on the porter: a child process that stays in the user
 * namespace, the mount namespace and with the rights that the gate was started
 * with, and carries ends of interfaces into containers.
 *
 * The agent cannot: a container may be in a user namespace beside its own.  But
 * whoever made a user namespace has all capabilities over it, from outside
 * (user_namespaces(7)), and the kernel asks only the sender of an rtnetlink
 * message for them, not who opened the socket, if the message bears an address.
 * So the porter needs no capability of its own.
 *
 * Gate process only; calls block for the porter's answer.  0, or -1 and an
 * error.
 */
struct porter;

/* Forks it.  To be called before the gate gives anything up. */
struct porter *porter_start(GError **err);
/* Ends it and reaps it. */
void porter_free(struct porter *porter);
OWN_DEFINE(porter)
pid_t porter_pid(const struct porter *porter);

/* A descriptor of a network namespace, which the caller owns, or -1. */
int porter_open_pid(struct porter *porter, pid_t pid, GError **err);
int porter_open_path(struct porter *porter, const char *path, GError **err);

/* Before anything is plugged; the descriptor stays the caller's. */
int porter_set_relay(struct porter *porter, int rtnl_fd, GError **err);
/*
 * Makes the pair of interfaces.  `config->interface` gets the name that the
 * container's end has.  CONFLICT when it exists there.
 */
int porter_plug(struct porter *porter, struct porter_plug *config, int netns_fd,
                GError **err);
/* Addresses and routes of the end that was plugged last, and up. */
int porter_settle(struct porter *porter, const struct porter_settle *config,
                  GError **err);
/*
 * Deletes an interface of the relay namespace, some time soon, and tries until
 * that succeeds.  Of that name none may be made before.
 */
void porter_unplug(struct porter *porter, const char *name);
/* Whether it may still be to be deleted. */
bool porter_is_leaving(const struct porter *porter, const char *name);
/* Waits until all is deleted that should be; an error when that fails. */
int porter_sync(struct porter *porter, GError **err);
