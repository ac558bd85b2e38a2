/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "bridge/networks.h"
#include "control/json.h"
#include "net/fwd.h"
#include "net/plan.h"
#include "net/policy.h"

/* What says where a forward leads; all are kept by reference. */
struct hostfwd_context {
    const struct plan *plan;
    const struct policy *policy;
    const struct networks *networks; /* NULL: there are none */
    bool no_guest; /* networks only: a forward must say where it leads */
};

/*
 * Reads the arguments of add_hostfwd into a zeroed `request`, in the order told
 * in verbs_hostfwd.h.  Texts belong to `args` and the networks.  0, or -1 and
 * an error.
 */
int hostfwd_decode(const struct json_obj *args,
                   const struct hostfwd_context *context,
                   struct fwd_request *request, GError **err);
/* Writes where on the host it listens, unless that is a path. */
void hostfwd_put_host(struct json_out *out, const struct fwd_request *request);
/* The host end alone: proto, and host_path or host_addr and host_port. */
int hostfwd_decode_host(const struct json_obj *args,
                        struct fwd_request *request, GError **err);
