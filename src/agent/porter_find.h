/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/porter_call.h"

/* The finder's operations: the network namespace of a process, or at a path. */
void porter_find(struct porter_call *call);
