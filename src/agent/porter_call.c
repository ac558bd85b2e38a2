/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/porter_call.h"

#include "base/error.h"

void porter_refuse(struct agent_reply *reply, const GError *err)
{
    int code =
        err->domain == SLIPGATE_ERROR ? err->code : SLIPGATE_ERROR_SYSTEM;

    reply->code = 1 + code;
    (void)g_strlcpy(reply->reason, err->message, sizeof(reply->reason));
}
