/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "control/verbs.h"

/* shutdown: calls `stop`, which must let the answer leave first. */
void verbs_shutdown_add(struct verbs *verbs, void (*stop)(void *self),
                        void *self);
