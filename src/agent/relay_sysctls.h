/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <stdbool.h>

/*
 * Sets what the relay namespace needs and only /proc/sys/net has, for the
 * network namespace that the calling process is in.  Agent process only, as
 * long as it may write there.  0, or -1 and an error; what is merely of use is
 * left out where the kernel refuses it.
 */
int relay_sysctls_set(bool ipv6, GError **err);
