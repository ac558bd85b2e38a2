/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>

G_DEFINE_QUARK(slipgate - error - quark, slipgate_error)

static const char *const code_names[SLIPGATE_ERROR_COUNT] = {
    [SLIPGATE_ERROR_BAD_REQUEST] = "bad-request",
    [SLIPGATE_ERROR_NOT_FOUND] = "not-found",
    [SLIPGATE_ERROR_CONFLICT] = "conflict",
    [SLIPGATE_ERROR_DENIED] = "denied",
    [SLIPGATE_ERROR_UNAVAILABLE] = "unavailable",
    [SLIPGATE_ERROR_SYSTEM] = "system",
};

const char *error_code_name(const GError *err)
{
    if (err->domain != SLIPGATE_ERROR || err->code < 0 ||
        err->code >= SLIPGATE_ERROR_COUNT)
        return "system";
    return code_names[err->code];
}

/* In parentheses: the functions, not the macros around them. */
int(error_set)(GError **err, enum slipgate_error code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (err != NULL)
        *err = g_error_new_valist(SLIPGATE_ERROR, (int)code, fmt, ap);
    va_end(ap);
    return -1;
}

static enum slipgate_error code_of_errno(int number)
{
    switch (number) {
    case EPERM:
    case EACCES:
        return SLIPGATE_ERROR_DENIED;
    case EADDRINUSE:
    case EEXIST:
        return SLIPGATE_ERROR_CONFLICT;
    default:
        return SLIPGATE_ERROR_SYSTEM;
    }
}

int(error_set_errno)(GError **err, const char *fmt, ...)
{
    int saved = errno;
    g_autofree char *what = NULL;
    va_list ap;

    va_start(ap, fmt);
    what = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return error_set(err, code_of_errno(saved), "%s: %s", what,
                     g_strerror(saved));
}
