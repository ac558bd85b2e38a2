/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"

/*
 * Connecting without blocking.  Gate process only.
 *
 * Starts connecting a non-blocking TCP socket.  Returns 0 when it is connected
 * already, as peers on the same machine nearly always are; -EINPROGRESS when
 * EPOLLOUT will tell, after which dial_result() says how it ended; -errno when
 * it cannot be.
 */
int dial(int fd, const struct ip_endpoint *to);
/* 0 or -errno, once EPOLLOUT or an error was told; -EINPROGRESS: wait on. */
int dial_result(int fd);
