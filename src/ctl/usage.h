/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stdio.h>

/* The help text, made from the tables of ctl/command.h. */
void usage_print(FILE *out);
