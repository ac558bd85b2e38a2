/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "control/verbs.h"
#include "net/switches.h"

/*
 * get_policy and set_policy: any subset of the switches, all of them changed or
 * none.  `switches` must outlive `verbs`.
 */
void verbs_policy_add(struct verbs *verbs, const struct switches *switches);

/* The members of a policy, for answers and events. */
void verbs_policy_put(struct json_out *out, const struct policy *policy);
