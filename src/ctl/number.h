/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "ctl/command.h"

/* Reads an option as a number of at least `min`; not given, it leaves `out`. */
int number_option(const struct ctl_call *call, enum ctl_option option,
                  uint64_t min, uint64_t *out, GError **err);
