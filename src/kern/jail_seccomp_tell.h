/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stdbool.h>

/*
 * Installs the handler that turns a refused system call into EPERM and a line
 * on stderr, so that neither an intruder's attempts nor a gap in our own lists
 * go unnoticed.  Only the first few are told.  For filters that answer
 * SECCOMP_RET_TRAP; false where this architecture is not known, and then such a
 * filter must not be used.
 */
bool jail_seccomp_tell_refusals(void);
