/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/porter_find.h"

#include "base/error.h"
#include "kern/netns.h"
#include "kern/netns_socket.h"

#include <string.h>

static int find(const struct porter_request *request, GError **err)
{
    const char *path = request->path;

    if (request->op == PORTER_OP_OPEN_PID)
        return netns_open_pid(request->pid, err);
    if (request->op == PORTER_OP_OPEN_PATH && path[0] == '/' &&
        memchr(path, '\0', PORTER_PATH_MAX) != NULL)
        return netns_open(path, err);
    return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                     "the porter received a malformed request");
}

void porter_find(struct porter_call *call)
{
    g_autoptr(GError) err = NULL;

    call->reply_fd = find(call->request, &err);
    if (call->reply_fd < 0)
        porter_refuse(&call->reply.answer, err);
}
