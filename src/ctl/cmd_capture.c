/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/fdio.h"
#include "ctl/commands.h"
#include "ctl/exits.h"
#include "ctl/number.h"
#include "ctl/run_verb.h"

#include <fcntl.h>
#include <string.h>

static int start(struct ctl_call *call, int fd, GError **err)
{
    owned(json_out) args = json_out_new();
    owned(json_value) answer = NULL;
    struct json_obj ret;
    uint64_t value = UINT64_MAX;

    if (number_option(call, CTL_OPTION_MAX_BYTES, 0, &value, err) != 0)
        return -1;
    if (value != UINT64_MAX)
        json_out_uint(args, "max_bytes", value);
    value = 0;
    if (number_option(call, CTL_OPTION_SNAP_BYTES, 1, &value, err) != 0)
        return -1;
    if (value != 0)
        json_out_uint(args, "snap_bytes", value);
    answer = talk_call(call->talk, "start_capture", args, fd, &ret, err);
    return answer == NULL ? -1 : 0;
}

/*
 * The gate makes the descriptor non-blocking, which whoever shares our stdout
 * may not like: it gets a pipe of ours.
 */
static int to_stdout(struct ctl_call *call, GError **err)
{
    owned_fd from = -1;
    owned_fd to = -1;
    char piece[65536];
    int ends[2];
    ssize_t n;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return ctl_fail(err, CTL_FAILED, "pipe: %s", g_strerror(errno));
    from = ends[0];
    to = ends[1];
    if (start(call, to, err) != 0)
        return -1;
    own_close(&to);
    while ((n = read(from, piece, sizeof(piece))) > 0)
        if (fd_write_all(STDOUT_FILENO, piece, (size_t)n) != 0)
            break;
    return 0;
}

int ctl_capture_start(struct ctl_call *call, GError **err)
{
    const char *path = call->args[0];
    owned_fd fd = -1;

    if (strcmp(path, "-") == 0)
        return to_stdout(call, err);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return ctl_fail(err, CTL_FAILED, "open %s: %s", path,
                        g_strerror(errno));
    return start(call, fd, err);
}

int ctl_capture_stop(struct ctl_call *call, GError **err)
{
    return run_verb_members(call, "stop_capture", NULL, err);
}
