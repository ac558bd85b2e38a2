/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "kern/jail_seccomp.h"

#include <glib.h>
#include <sys/types.h>

/*
 * What the gate's children have in common at their start: they end with the
 * gate and not by signals for the whole group, nobody may trace them, for their
 * memory is a copy of the gate's, and they hold on to nothing but their socket.
 */
void settle_down_begin(pid_t gate_pid);
/* Joining a user namespace makes the kernel forget some of that. */
void settle_down_again(pid_t gate_pid);

/*
 * Keeps `*socket`, which gets another number, and stderr.  The descriptors that
 * an engine passed in, the ready and exit pipes among them, must not stay open;
 * they may well be 0 or 1.
 */
int settle_down_keep_only(int *socket, GError **err);

/*
 * Filters system calls, or, where the kernel cannot, says into `warning`
 * (AGENT_REASON_MAX bytes) that `who` runs unfiltered.
 */
int settle_down_filter(enum jail_seccomp_profile profile, unsigned flags,
                       const char *who, char *warning, GError **err);
