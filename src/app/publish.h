/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "app/option_values.h"
#include "net/fwd.h"
#include "net/plan.h"
#include "net/policy.h"

#include <glib.h>

/*
 * Starts the forwards of --publish, by the same rules as add_hostfwd.  0, or -1
 * and the reason why one of them cannot be had; those before it are left to
 * fwd_table_free().
 */
int publish_all(const struct option_list *list, struct fwd_table *forwards,
                const struct plan *plan, const struct policy *policy,
                GError **err);
