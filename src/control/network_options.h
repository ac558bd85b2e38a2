/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "bridge/spec.h"
#include "control/json.h"

/*
 * The "options" of a network: netavark's, of which each is a string, ours of
 * the same kind, and Docker's names for some of them, which compose files have.
 * A number or a truth value may be written as such.  Pure.
 */
int network_options_decode(const struct json_obj *network, struct spec *spec,
                           GError **err);
/* Those that are not as they are without being asked for. */
void network_options_put(struct json_out *out, const struct spec *spec);
