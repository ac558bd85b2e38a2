/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stdbool.h>

/* The options of relayed sockets (tcp(7)).  Gate process only. */

/*
 * Sets what a relayed socket needs from the start (no delay, inline urgent
 * data) on a TCP socket before it is handed in.  A listener passes these on to
 * what it accepts, which saves calls for each connection.
 */
void relay_prepare_socket(int fd);

/*
 * For a socket whose peer is this machine's loopback, after the above: no path
 * to pace for, which halves the rate where the host's default is bbr.
 */
void relay_stay_local(int fd);

/*
 * Has the kernel ask whether the peer is still there; sooner where it has ended
 * its stream, and may be gone altogether.
 */
void relay_keep_alive(int fd, bool half_closed);

/* Closes a TCP socket so that its peer gets a reset. */
void relay_reset_socket(int fd);
