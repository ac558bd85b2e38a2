/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "app/options.h"

#include <glib.h>
#include <signal.h>
#include <sys/types.h>

/* What a shell would say; RUN_FAILED is our own, as with other starters. */
enum run_status {
    RUN_FAILED = OPTIONS_RUN_FAILED,
    RUN_NOT_EXECUTABLE = 126,
    RUN_NOT_FOUND = 127,
    RUN_SIGNAL = 128 /* plus the number of the signal that ended it */
};

/* The command of `slipgate run`, in its namespaces. */
struct run_command {
    pid_t pid;
    int go_fd; /* to be handed to run_command_go() */
};

/*
 * Forks it, and returns when its namespaces are there and it waits.  It is
 * killed with the caller; signals get the mask `signals` and default actions.
 * -1 and an error, with nothing left, if that cannot be; `options` and
 * `command` are only read.
 */
int run_command_start(struct run_command *out, const struct options *options,
                      char **command, const sigset_t *signals, GError **err);
/* Lets it go on, to the command itself; also closes the descriptor. */
void run_command_go(struct run_command *command);
/* Ends it instead. */
void run_command_cancel(struct run_command *command);
