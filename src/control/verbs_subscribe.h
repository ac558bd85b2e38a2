/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "control/events.h"
#include "control/verbs.h"

/*
 * subscribe: `events` is an array of names; the connection gets these events
 * from now on, none with an empty one.  `hub` must outlive `verbs`.
 */
void verbs_subscribe_add(struct verbs *verbs, struct events *hub);
