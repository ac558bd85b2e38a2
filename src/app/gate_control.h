/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>

struct gate;

/*
 * Before anything of another's is touched: a helper without a guest is nobody's
 * successor, and the networks of one that lives would be out of reach.  -1: one
 * lives.
 */
int gate_control_check(const struct gate *gate, GError **err);
/* The gate's control socket, if the command line asks for one. */
int gate_control_start(struct gate *gate, GError **err);
void gate_control_stop(struct gate *gate);
/* To be called when the gate is confined. */
void gate_control_confined(struct gate *gate);
/* The directory of the socket's file, or -1. */
int gate_control_dir_fd(const struct gate *gate);
