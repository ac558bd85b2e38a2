/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/verbs_capture.h"

#include "base/own.h"

/* The descriptor to write to, which the caller owns. */
static int take_target(const struct capture *capture, struct verb_call *call,
                       GError **err)
{
    const char *path = NULL;

    if (json_find_string(&call->args, "path", &path, err) != 0)
        return -1;
    if (call->fd_count > 1)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "takes one descriptor only");
    if ((path != NULL) == (call->fd_count == 1))
        return json_bad(&call->args, "path", err,
                        "either this or a descriptor is needed");
    if (path == NULL)
        return own_release_fd(&call->fds[0]);
    if (path[0] != '/')
        return json_bad(&call->args, "path", err, "must begin with \"/\"");
    return capture_open(capture, path, err);
}

static int start(void *self, struct verb_call *call, GError **err)
{
    uint64_t max_bytes = CAPTURE_MAX_BYTES_DEFAULT, snap_bytes = FRAME_MAX;
    owned_fd fd = -1;

    if (json_find_uint(&call->args, "max_bytes", 0, JSON_UINT_MAX, &max_bytes,
                       err) != 0 ||
        json_find_uint(&call->args, "snap_bytes", 64, FRAME_MAX, &snap_bytes,
                       err) != 0)
        return -1;
    if (capture_is_running(self))
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "a capture is running already");
    fd = take_target(self, call, err);
    if (fd < 0)
        return -1;
    return capture_start(self, own_release_fd(&fd), (size_t)snap_bytes,
                         max_bytes, err);
}

void verbs_capture_put(struct json_out *out, const struct capture_state *state)
{
    json_out_uint(out, "frames", state->frames);
    json_out_uint(out, "bytes", state->bytes);
    json_out_uint(out, "lost", state->lost);
    json_out_string(out, "stopped", state->stopped);
}

static int stop(void *self, struct verb_call *call, GError **err)
{
    struct capture_state state;

    if (capture_stop(self, &state, err) != 0)
        return -1;
    verbs_capture_put(call->ret, &state);
    return 0;
}

static const char *const start_args[] = { "path", "max_bytes", "snap_bytes",
                                          NULL };

static const struct verb rows[] = {
    { "start_capture", VERB_CHANGES, start_args, start },
    { "stop_capture", VERB_CHANGES, NULL, stop },
};

void verbs_capture_add(struct verbs *verbs, struct capture *capture)
{
    verbs_add(verbs, rows, G_N_ELEMENTS(rows), capture, NULL);
}
