/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <sys/types.h>

/*
 * The process in whose network namespace the bridges of `slipgate bridge`
 * stand: it does nothing, but people and engines find the namespace by it.  It
 * is a program of its own (this one, called anew), for its memory must not be a
 * copy of the gate's: whoever has power in the namespace may look at it.
 */
struct bridge_home {
    pid_t pid;
    int hold_fd; /* it ends when this is closed */
};

/*
 * Starts it: in a new user and network namespace, or in a new network namespace
 * of the user namespace at `userns_path`, if that is not NULL.  0, or -1 and an
 * error.
 */
int bridge_home_start(struct bridge_home *home, const char *userns_path,
                      GError **err);
void bridge_home_stop(struct bridge_home *home);

/* What that process does, as `slipgate` with this word.  Returns its status. */
#define BRIDGE_HOME_WORD "bridge-home"
int bridge_home_main(int argc, char **argv);
