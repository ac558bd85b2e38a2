/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <sys/types.h>

/*
 * The porter process: confines itself, answers the gate at `socket`, and ends
 * with it.  To be called in the forked child.
 */
void porter_inside(int socket, pid_t gate_pid) G_GNUC_NORETURN;
