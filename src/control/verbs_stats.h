/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "control/verbs.h"
#include "net/stats.h"

/* get_stats: every counter by its name.  `stats` must outlive `verbs`. */
void verbs_stats_add(struct verbs *verbs, const struct stats *stats);
