/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <sys/types.h>

/*
 * The porter's head (porter.h): starts hands when the gate asks for them, and
 * does nothing else, so that it is never busy.  A child_main (kern/child.h).
 */
void porter_head(int socket, pid_t gate_pid,
                 const void *unused) G_GNUC_NORETURN;
