/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/exits.h"

#include "base/error.h"

#include <string.h>

G_DEFINE_QUARK(ctl - error, ctl_error)

static const struct {
    const char *code;
    enum ctl_exit status;
} exits[] = {
    { "bad-request", CTL_BAD_REQUEST }, { "not-found", CTL_NOT_FOUND },
    { "conflict", CTL_CONFLICT },       { "denied", CTL_DENIED },
    { "unavailable", CTL_UNAVAILABLE }, { "system", CTL_FAILED },
};

enum ctl_exit ctl_exit_named(const char *code)
{
    for (size_t i = 0; i < G_N_ELEMENTS(exits); i++)
        if (strcmp(exits[i].code, code) == 0)
            return exits[i].status;
    return CTL_FAILED;
}

enum ctl_exit ctl_exit_of(const GError *err)
{
    if (err->domain == CTL_ERROR)
        return (enum ctl_exit)err->code;
    if (err->domain == SLIPGATE_ERROR)
        return ctl_exit_named(error_code_name(err));
    return CTL_FAILED;
}

int ctl_fail(GError **err, enum ctl_exit status, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    g_propagate_error(err, g_error_new_valist(CTL_ERROR, (int)status, fmt, ap));
    va_end(ap);
    return -1;
}
