/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>

struct gate;

/*
 * The gate's bridge networks: the model over the fabric, and what follows from
 * its changes: events, and the end of forwards to a container that is gone.
 */
void gate_networks_start(struct gate *gate);
void gate_networks_stop(struct gate *gate);
