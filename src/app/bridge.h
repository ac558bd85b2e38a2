/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * `slipgate bridge`: bridge networks without a guest.  argv[0] is what
 * complaints begin with.  Returns the exit status.
 */
int bridge_main(int argc, char **argv);
