/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/relay.h"

struct gate;

/*
 * All flows of the gate as one table, and what happens when one opens or
 * closes: it is counted, shown in a capture, and told to who subscribed.
 */
void gate_flows_init(struct gate *gate);
/* For the table of relays, which knows its flows by other words. */
struct relay_observer gate_flows_relay_observer(struct gate *gate);
