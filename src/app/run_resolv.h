/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/plan.h"

/*
 * The content of resolv.conf(5) for a guest of `plan`: its resolver, and from
 * the host's file `host` (NULL: there is none) what is no address: search list
 * and options.  Free it with g_free().
 */
char *run_resolv_conf(const struct plan *plan, const char *host);
