/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Transparent TCP sockets (IP_TRANSPARENT in ip(7), IPV6_TRANSPARENT): once
 * made, whoever holds one may bind it to addresses that are not local, without
 * any capability.  To be called in the network namespace where the socket
 * shall live; needs CAP_NET_ADMIN there.  `mark` is what its packets bear.
 * Each returns a non-blocking, close-on-exec descriptor, or -1 and an error.
 */
int relay_socket_blank(sa_family_t family, uint32_t mark, GError **err);
/*
 * Listens on the loopback address, at a port of the kernel's choice that is
 * written to `at`: a packet gets there by tproxy only, never by its own
 * destination.  Accepted sockets have the listener's options.
 */
int relay_socket_listen(sa_family_t family, uint32_t mark,
                        struct ip_endpoint *at, GError **err);
/* An ordinary one of the namespace that the caller is in. */
int relay_socket_plain(sa_family_t family, GError **err);

/*
 * A socket bound to an address of this namespace, non-blocking: a listener, or
 * one for datagrams.  -1 and an error.
 */
int relay_socket_bound(const struct ip_endpoint *at, bool stream, GError **err);
