/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/porter_ops.h"
#include "base/own.h"

#include <glib.h>
#include <stdint.h>

/*
 * The gate's handle on the porter, which stays in the user namespace and the
 * mount namespace that the gate was started in, and carries ends of interfaces
 * into containers.
 *
 * The agent cannot: a container may be in a user namespace beside its own.  But
 * whoever made a user namespace has all capabilities over it, from outside
 * (user_namespaces(7)), and the kernel asks only the sender of an rtnetlink
 * message for them, not who opened the socket, if the message bears an address.
 * So the porter needs no capability of its own.
 *
 * It is a head, a child of the gate that starts hands when they are needed, and
 * two hands: the finder, which finds namespaces in the host's files and has no
 * other sockets than that to the gate, and the bearer, which changes interfaces
 * and sees no file.  A hand that has ended is replaced, and so is one that does
 * not answer in time.
 *
 * Gate process only; calls block for an answer, PORTER_ANSWER_MAX_S at most.
 * 0, or -1 and an error, UNAVAILABLE when it did not come in time.
 */
struct porter;

/* Forks it.  To be called before the gate gives anything up. */
struct porter *porter_start(GError **err);
/* Ends it and reaps it; the hands end with it. */
void porter_free(struct porter *porter);
OWN_DEFINE(porter)
/* The head's. */
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
