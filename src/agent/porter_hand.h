/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/porter_ops.h"
#include "kern/jail_caps.h"

#include <glib.h>
#include <sys/types.h>

/* Inside of the porter's processes only. */

/* Of each hand, where the gate was started with them. */
#define PORTER_FINDER_CAPS JAIL_CAP(CAP_SYS_PTRACE)
#define PORTER_BEARER_CAPS (JAIL_CAP(CAP_NET_ADMIN) | JAIL_CAP(CAP_SYS_ADMIN))
#define PORTER_HAND_CAPS   (PORTER_FINDER_CAPS | PORTER_BEARER_CAPS)

/* A hand: confines itself, says hello at `socket` and serves there until that
   is closed.  It ends with its head. */
void porter_hand(enum porter_hand hand, int socket,
                 pid_t head_pid) G_GNUC_NORETURN;
