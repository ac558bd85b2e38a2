/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "app/options.h"
#include "net/plan.h"

/*
 * Prints the addresses in the form that slirp4netns prints, and flushes.
 * `outbound` and `outbound6`: as resolved, AF_UNSPEC when not asked for.
 */
void banner_print(FILE *out, const struct options *options,
                  const struct plan *plan, const struct ip_addr *outbound,
                  const struct ip_addr *outbound6);
