/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>

/* What slipgatectl exits with; told in slipgatectl(1), kept for scripts. */
enum ctl_exit {
    CTL_DONE = 0,
    CTL_FAILED = 1,      /* a system call failed, there or here */
    CTL_BAD_REQUEST = 2, /* a mistake in the command line or in a value */
    CTL_NOT_FOUND = 3,
    CTL_CONFLICT = 4,
    CTL_DENIED = 5,
    CTL_UNAVAILABLE = 6,
    CTL_NO_GATE = 7, /* no slipgate answers */
};

/* The domain of errors that end the program: their codes are exits. */
#define CTL_ERROR (ctl_error_quark())
GQuark ctl_error_quark(void);

/* Always -1. */
int ctl_fail(GError **err, enum ctl_exit status, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);
/* What `err` exits with; errors of base/error.h by their meaning. */
enum ctl_exit ctl_exit_of(const GError *err);
/* By the code's name in the protocol; CTL_FAILED for one not known. */
enum ctl_exit ctl_exit_named(const char *code);
