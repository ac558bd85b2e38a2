/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>

struct gate;

/*
 * --state: networks, containers and forwards outlive the gate in a file.
 */

/* Makes what the file says, and begins to keep it.  0, or -1 and an error. */
int gate_keep_start(struct gate *gate, GError **err);
/* Something of it has changed. */
void gate_keep_changed(struct gate *gate);
/* Before anything of it is taken down. */
void gate_keep_stop(struct gate *gate);
