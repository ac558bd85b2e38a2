/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "control/verbs.h"
#include "net/capture.h"

/*
 * start_capture: to the descriptor that came along, or to a new file at `path`;
 * at most `max_bytes` of file and `snap_bytes` of each frame.  stop_capture:
 * how it went.  `capture` must outlive `verbs`.
 */
#define CAPTURE_MAX_BYTES_DEFAULT (100u * 1000 * 1000)

/* Adds the two verbs. */
void verbs_capture_add(struct verbs *verbs, struct capture *capture);

/* The members of a state, for stop_capture and get_status. */
void verbs_capture_put(struct json_out *out, const struct capture_state *state);
