/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/own.h"
#include "control/json.h"

#include <glib.h>

/*
 * A connection to the control socket of a slipgate (slipgate-api(7)).  Blocks,
 * ten seconds at most for an answer.
 */
struct talk;

/*
 * The socket to use: `named`, or $SLIPGATE_SOCKET, or the only socket in
 * $XDG_RUNTIME_DIR/slipgate.  NULL and an error; the caller frees it.
 */
char *talk_find_socket(const char *named, GError **err);

/* Connects.  NULL and an error that names the socket. */
struct talk *talk_open(const char *path, GError **err);
void talk_close(struct talk *talk);

/*
 * Sends one request and waits for its answer.  `args` may be NULL and stays the
 * caller's; `fd` rides along unless it is -1.  Returns the whole answer, of
 * which `ret` is the result, or NULL and the error that the gate told.  Events
 * that come in between are dropped.
 */
struct json_value *talk_call(struct talk *talk, const char *verb,
                             const struct json_out *args, int fd,
                             struct json_obj *ret, GError **err);

/*
 * The next line of an open connection, without limit of time; NULL without an
 * error at its end.
 */
struct json_value *talk_next(struct talk *talk, GError **err);
