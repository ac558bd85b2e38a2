/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>

/*
 * Errors of set-up and control code: a GError of one domain whose few codes
 * mean something to whoever asked.  The control socket sends them by name.
 */
#define SLIPGATE_ERROR (slipgate_error_quark())
GQuark slipgate_error_quark(void);

enum slipgate_error {
    SLIPGATE_ERROR_BAD_REQUEST, /* the asker's fault: usage, JSON, range */
    SLIPGATE_ERROR_NOT_FOUND,   /* names something that does not exist */
    SLIPGATE_ERROR_CONFLICT,    /* well-formed, but state forbids it */
    SLIPGATE_ERROR_DENIED,      /* policy, capability or kernel refuses */
    SLIPGATE_ERROR_UNAVAILABLE, /* this machine or this mode cannot do it */
    SLIPGATE_ERROR_SYSTEM,      /* a system call failed; text has strerror */
    SLIPGATE_ERROR_COUNT
};

/* The code's name in the control protocol ("bad-request", ...). */
const char *error_code_name(const GError *err);

/* Always returns -1, so that a failing branch is one line. */
int error_set(GError **err, enum slipgate_error code, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);

/*
 * As error_set(), with the code derived from errno (EPERM and EACCES: DENIED,
 * EADDRINUSE and EEXIST: CONFLICT, else SYSTEM) and ": <strerror>" appended.
 */
int error_set_errno(GError **err, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/*
 * Both again, for whoever reads code without running it: that they return -1,
 * and nothing after a failed call runs, is not to be seen from outside.
 */
static inline int error_minus_one(int returned)
{
    (void)returned;
    return -1;
}
#define error_set(...)       error_minus_one(error_set(__VA_ARGS__))
#define error_set_errno(...) error_minus_one(error_set_errno(__VA_ARGS__))
