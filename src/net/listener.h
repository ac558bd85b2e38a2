/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/fwd_driver.h"
#include "net/host_path.h"

/*
 * Opens the listening stream socket of a forward: the TCP port of `rule`, or
 * its UNIX socket, whose file is noted in `path`.  Non-blocking, its options
 * set for what it accepts to be relayed; the caller owns it.  Sets
 * rule->host.port when it was 0.  -1 and an error, with nothing left behind.
 */
int listener_open(struct fwd_rule *rule, struct host_path *path, GError **err);
