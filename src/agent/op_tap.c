/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/op.h"

#include "base/error.h"
#include "kern/tap.h"

#include <string.h>

int op_tap_open(struct agent_state *state, struct op_call *call, GError **err)
{
    const struct agent_tap_open *asked = &call->request->tap_open;
    int fd;

    (void)state;
    /* An empty name is slirp4netns's: the kernel picks one. */
    if (memchr(asked->name, '\0', IFNAMSIZ) == NULL)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "tap name: does not end");
    if ((asked->flags & ~(uint32_t)TAP_FLAGS_ALL) != 0)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "tap flags %#x: unknown", asked->flags);
    fd = tap_open(asked->name, asked->flags, call->reply.name, err);
    if (fd < 0)
        return -1;
    call->reply_fds[call->reply_fd_count++] = fd;
    return 0;
}
