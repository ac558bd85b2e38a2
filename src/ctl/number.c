/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/number.h"

#include "ctl/exits.h"
#include "ctl/table.h"

#include <string.h>

int number_option(const struct ctl_call *call, enum ctl_option option,
                  uint64_t min, uint64_t *out, GError **err)
{
    const char *text = call->options[option];
    guint64 number;

    if (text == NULL)
        return 0;
    if (!g_ascii_string_to_unsigned(text, 10, min, JSON_UINT_MAX, &number,
                                    NULL))
        return ctl_fail(err, CTL_BAD_REQUEST,
                        "--%s: \"%s\" is not a number of at least "
                        "%" G_GUINT64_FORMAT,
                        ctl_options[option].name, text, min);
    *out = number;
    return 0;
}
