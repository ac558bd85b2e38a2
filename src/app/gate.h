/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "app/options.h"

/*
 * The helper's whole life: attach to the guest, build the data plane and the
 * control socket, confine, tell the caller that all is ready, and run until the
 * end.  Returns the exit status; what went wrong is on stderr.
 */
int gate_main(const struct options *options);
