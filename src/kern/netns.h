/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <stdbool.h>

/*
 * Namespace handles (namespaces(7)).  Any process; opening needs no privilege
 * beyond the path's permissions.  The caller owns the returned descriptors;
 * all of them are O_CLOEXEC.  -1 and an error on failure.
 */
int netns_open(const char *path, GError **err);
int userns_open(const char *path, GError **err);
/* The network namespace that the caller is in, without a path; wants
   CAP_NET_ADMIN there (SIOCGSKNS, Linux 4.10). */
int netns_open_own(GError **err);

/* True if the caller is in the user namespace that the descriptor is for. */
bool userns_is_own(int userns_fd);
/* The same for the network namespace. */
bool netns_is_own(int netns_fd);

/*
 * True if the caller's network namespace belongs to its user namespace, so that
 * capabilities count there: false in a container that shares its host's
 * network.  (An ancestor's capabilities count as well, which this does not
 * see.)  Reads /proc/self.
 */
bool netns_obeys_us(void);

/*
 * Joins the user namespace `userns_fd` (-1: none), then the network namespace
 * `netns_fd`.  Being inside that user namespace already is no error, since an
 * engine may have started us there (setns(2) says EINVAL then).
 * Single-threaded processes only.  0, or -1 and an error.
 */
int netns_enter(int userns_fd, int netns_fd, GError **err);
