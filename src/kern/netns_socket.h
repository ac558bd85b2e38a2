/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <sys/types.h>

/*
 * The network namespace of a process, told by a number that may meanwhile mean
 * another: the process is held on to while its namespace is opened (pidfds of
 * Linux 5.3; without them it is not).  The caller owns the descriptor.  -1 and
 * an error; NOT_FOUND when there is no such process.
 */
int netns_open_pid(pid_t pid, GError **err);

/*
 * An rtnetlink socket of the network namespace `netns_fd`, made by a child that
 * goes there, by way of the user namespace that owns it.  The caller needs the
 * rights for that (CAP_SYS_ADMIN there, which whoever made it has), and stays
 * where it is.  Single-threaded processes only.  The caller owns the
 * descriptor; -1 and an error.
 */
int netns_socket_rtnl(int netns_fd, GError **err);
