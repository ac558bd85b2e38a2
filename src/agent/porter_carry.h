/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "agent/porter_call.h"

#include <glib.h>
#include <stdbool.h>

/* Inside of the bearer only: its operations. */
struct porter_leaving;
struct rtnl;

struct porter_state {
    struct porter_leaving *leaving;
    struct rtnl *relay;     /* NULL: not told yet */
    struct rtnl *container; /* of the last plug; NULL: none waits */
    unsigned link;          /* its interface there */
};

/*
 * Deletes what is to go, when there is nothing else to do; the number of what
 * is left, to be tried again.
 */
unsigned porter_carry_idle(struct porter_state *state);
/* False: this one is not answered. */
bool porter_carry(struct porter_state *state, struct porter_call *call);
