/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "bridge/networks.h"
#include "control/hostfwd_request.h"

/*
 * Networks, the containers in them, and forwards, as a text that another run
 * makes them from again.  Pure but for what restoring makes.
 */

/*
 * Forwards with an id up to `after` are left out: they come from the command
 * line.  The caller frees the text.
 */
char *network_state_text(const struct networks *networks,
                         const struct fwd_table *forwards, uint64_t after);

/*
 * Makes what `text` says.  What is gone meanwhile (a container that ended, a
 * port that another program has) is told in the log and left out.  0; or -1 and
 * an error that says where, when the text is not one of ours or a network
 * cannot be made: then some of it may be there, and is to be thrown away.
 */
int network_state_restore(const char *text, struct networks *networks,
                          struct fwd_table *forwards,
                          const struct hostfwd_context *context, GError **err);
