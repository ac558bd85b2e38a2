/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Small helpers around descriptors: 0 or -errno, no GError. */

/* Writes all of it, through EINTR and short writes.  May block. */
int fd_write_all(int fd, const void *data, size_t len);
int fd_set_nonblock(int fd);
int fd_set_cloexec(int fd, bool on);
/* Closes these, whatever it brings. */
void fd_close_all(const int *fds, size_t count);
/* Closes every descriptor from `first` on, the unknown ones too. */
int fd_close_from(int first);
/* Raises the soft limit of open descriptors to the hard one. */
void fd_raise_limit(void);
