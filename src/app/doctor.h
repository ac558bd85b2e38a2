/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * `slipgate doctor`: looks whether this machine has what slipgate needs, or
 * could use, and prints a line for each, with the command that mends what is
 * missing.  Changes nothing.  Returns EXIT_FAILURE if something is missing
 * without which there is no network.
 */
int doctor_main(int argc, char **argv);
