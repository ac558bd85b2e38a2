/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/ops.h"

#include <glib.h>

/*
 * What the gate makes of an answer that it took from one of its children, which
 * may have been taken over: its texts end within their fields.  0; -1 and the
 * error that a refusal tells.
 */
int reply_check(struct agent_reply *reply, GError **err);
