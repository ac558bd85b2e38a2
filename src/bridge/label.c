/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/label.h"

#include <glib.h>
#include <net/if.h>
#include <string.h>

static bool is_made_of(const char *text, size_t len, const char *others)
{
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isalnum(text[i]) && strchr(others, text[i]) == NULL)
            return false;
    return true;
}

bool label_is_name(const char *text, unsigned max)
{
    size_t len = strlen(text);

    return len >= 1 && len <= max && g_ascii_isalnum(text[0]) &&
           is_made_of(text, len, "_.-");
}

static bool is_label(const char *text, size_t len)
{
    return len >= 1 && len <= LABEL_NAME_MAX && text[0] != '-' &&
           text[len - 1] != '-' && is_made_of(text, len, "-_");
}

bool label_is_host(const char *text)
{
    if (strlen(text) > LABEL_HOST_MAX)
        return false;
    for (;;) {
        size_t len = strcspn(text, ".");

        if (!is_label(text, len))
            return false;
        if (text[len] == '\0')
            return true;
        text += len + 1;
    }
}

bool label_is_interface(const char *text)
{
    return label_is_name(text, IFNAMSIZ - 1);
}
