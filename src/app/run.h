/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "app/options.h"

/*
 * `slipgate run`: the command in namespaces of its own, a gate in front of
 * them, and this process between the user and both.  Returns the exit status
 * (app/run_command.h); `command` is ended by NULL, and if it is empty a shell
 * is run.
 */
int run_main(const struct options *options, char **command);
