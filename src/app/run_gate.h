/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "app/options.h"

#include <glib.h>
#include <signal.h>
#include <sys/types.h>

/* The gate of `slipgate run`: a child that serves the command's process. */
struct run_gate {
    pid_t pid;
    int hold_fd; /* when it is closed, the gate ends */
};

/*
 * Forks it, away from the terminal, and returns when the network is ready.  -1
 * and an error if there is none to be had; the gate has told why on stderr.
 */
int run_gate_start(struct run_gate *out, const struct options *options,
                   pid_t target, const sigset_t *signals, GError **err);
/* Ends it in good order and returns when it is gone, in some seconds. */
void run_gate_stop(struct run_gate *gate);
