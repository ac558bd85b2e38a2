/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/ops.h"
#include "base/want.h"

#include <glib.h>

/* What is wanted of the agent's confinement beyond what always holds. */
struct agent_confinement {
    enum want sandbox; /* an empty root, landlock */
    enum want seccomp; /* an allow list of system calls */
};

/* What has come of it: "on", "off" or "fallback: REASON". */
struct agent_confined {
    char sandbox[AGENT_REASON_MAX];
    char landlock[AGENT_REASON_MAX];
    char seccomp[AGENT_REASON_MAX];
};

/*
 * The agent's confinement: its stages and their order, as app/sandbox.h has
 * them for the gate.  Agent process, single-threaded, each once: the first
 * before it joins the guest's namespaces, the second when it has.  0, or -1 and
 * an error: then the process should end.  `out`, zeroed at first, tells what
 * was reached.
 */
int confine_begin(const struct agent_confinement *wants,
                  struct agent_confined *out, GError **err);
int confine_finish(const struct agent_confinement *wants,
                   struct agent_confined *out, GError **err);
