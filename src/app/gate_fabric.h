/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>

/* What bridge networks stand on: the porter, the segments and the fabric. */
struct gate;

/*
 * Starts the porter, if networks can be asked for at all; before anything is
 * given up.  0, or -1 and an error.
 */
int gate_fabric_prepare(struct gate *gate, GError **err);
/* When it is known whether there is a relay namespace; before the pump. */
void gate_fabric_start(struct gate *gate);
/* From now on nothing is taken down: the relay namespace itself will be. */
void gate_fabric_end(struct gate *gate);
void gate_fabric_stop(struct gate *gate);
