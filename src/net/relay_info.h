/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/flow_info.h"
#include "net/relay.h"

/* Relayed flows in the words of all flows. */
struct flow_info relay_info(const struct relay_flow *flow);
enum flow_end relay_info_end(enum relay_end how);

/* As flow_each() and flow_end_matching() of net/flow.h. */
void relay_each(const struct relay_table *table, flow_visit visit, void *self);
size_t relay_end_matching(struct relay_table *table, flow_match match,
                          void *self);
