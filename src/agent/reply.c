/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/reply.h"

#include "base/error.h"

static enum slipgate_error error_code(int32_t code)
{
    return code >= 1 && code <= SLIPGATE_ERROR_COUNT
               ? (enum slipgate_error)(code - 1)
               : SLIPGATE_ERROR_SYSTEM;
}

int reply_check(struct agent_reply *reply, GError **err)
{
    reply->reason[sizeof(reply->reason) - 1] = '\0';
    reply->warning[sizeof(reply->warning) - 1] = '\0';
    reply->name[sizeof(reply->name) - 1] = '\0';
    if (reply->code == 0)
        return 0;
    return error_set(err, error_code(reply->code), "%s", reply->reason);
}
