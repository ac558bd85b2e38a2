/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "control/json.h"
#include "net/fwd.h"
#include "net/plan.h"
#include "net/policy.h"

/*
 * Reads the arguments of add_hostfwd into a zeroed `request`, in the order told
 * in verbs_hostfwd.h.  Texts belong to `args`.  0, or -1 and an error.
 */
int hostfwd_decode(const struct json_obj *args, const struct plan *plan,
                   const struct policy *policy, struct fwd_request *request,
                   GError **err);
/* The host end alone: proto, and host_path or host_addr and host_port. */
int hostfwd_decode_host(const struct json_obj *args,
                        struct fwd_request *request, GError **err);
