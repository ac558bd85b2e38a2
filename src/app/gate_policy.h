/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct gate;

/* The policy of the command line, and the means to change it later. */
void gate_policy_init(struct gate *gate);
