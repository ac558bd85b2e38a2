/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/fwd.h"
#include "net/plan.h"
#include "net/policy.h"

/*
 * Sets where `request` leads, after its host end is set: `wanted`, or the
 * guest's own address where that is of family AF_UNSPEC: the one of the family
 * of the host end, as long as the guest has it, else the IPv4 one.  0, or -1
 * with SLIPGATE_ERROR_BAD_REQUEST when `wanted` is no single address.  Pure.
 */
int fwd_set_guest(struct fwd_request *request, const struct ip_addr *wanted,
                  const struct plan *plan, const struct policy *policy,
                  GError **err);
