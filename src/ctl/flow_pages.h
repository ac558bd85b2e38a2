/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "ctl/command.h"

/*
 * Calls `visit` for each flow that list_connections tells, page by page, with
 * its id.  0, or -1 and an error.
 */
int flow_pages_each(struct ctl_call *call,
                    void (*visit)(void *self, const struct json_obj *flow,
                                  uint64_t id),
                    void *self, GError **err);
