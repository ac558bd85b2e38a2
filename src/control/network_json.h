/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "bridge/networks.h"
#include "control/json.h"

/*
 * How the protocol and the state file spell networks and what is in them: the
 * members and words of netavark's network JSON and status block.  Pure.
 */

/* The members of a definition, NULL-terminated, for tables of arguments. */
extern const char *const network_json_members[];
/*
 * Reads the members that are there into `spec`, which is initialised; what is
 * missing stays as it is.  0, or -1 and BAD_REQUEST; `spec` is the caller's to
 * clear either way.  What only the world can tell, spec_check() does.
 */
int network_json_decode(const struct json_obj *obj, struct spec *spec,
                        GError **err);
/* As network_json_decode() reads it. */
void network_json_put(struct json_out *out, const struct spec *spec);

/*
 * The same for what connects a container to a network, into `attachment`, which
 * is zeroed: what is missing stays so.  The caller clears it either way.
 */
int attachment_json_decode(const struct json_obj *obj,
                           struct net_attachment *attachment, GError **err);
/* As attachment_json_decode() reads it. */
void attachment_json_put(struct json_out *out,
                         const struct net_attachment *attachment);
/* netavark's status block. */
void attachment_json_put_status(struct json_out *out, const struct spec *spec,
                                const struct net_attachment *attachment);
