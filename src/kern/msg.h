/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <stddef.h>

/*
 * Messages of fixed size with descriptors over a SOCK_SEQPACKET pair (unix(7),
 * SCM_RIGHTS).  A message of another size, or with more than MSG_FDS_MAX
 * descriptors, is refused and its descriptors are closed.
 */
#define MSG_FDS_MAX 16

/* Both ends close-on-exec; 0, or -1 and an error. */
int msg_pair(int fds[2], GError **err);

/*
 * Sends one message of at least one byte; the caller keeps its descriptors, at
 * most MSG_FDS_MAX.  0 or -errno.
 */
int msg_send(int fd, const void *data, size_t len, const int *fds,
             size_t fd_count);

/*
 * Receives one message of exactly `len` bytes into `data`.  Descriptors, up to
 * MSG_FDS_MAX, are stored in `fds` (close-on-exec, the caller owns them) and
 * counted in `*fd_count`.  Returns 1 for a message, 0 at the end of the
 * connection, -errno else (-EPROTO: not a message of this shape).
 */
int msg_recv(int fd, void *data, size_t len, int fds[MSG_FDS_MAX],
             size_t *fd_count);
