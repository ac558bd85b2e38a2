/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/parse.h"

#include <glib.h>
#include <string.h>

bool parse_literal(const char **cursor, const char *lit)
{
    size_t len = strlen(lit);

    if (strncmp(*cursor, lit, len) != 0)
        return false;
    *cursor += len;
    return true;
}

bool parse_uint(const char **cursor, unsigned max, unsigned *out)
{
    const char *p = *cursor;
    unsigned long long v = 0;

    if (!g_ascii_isdigit(*p))
        return false;
    for (; g_ascii_isdigit(*p); p++) {
        v = v * 10 + (unsigned)(*p - '0');
        if (v > max)
            return false;
    }
    *out = (unsigned)v;
    *cursor = p;
    return true;
}

static bool parse_hex_byte(const char **cursor, uint8_t *out)
{
    const char *p = *cursor;
    unsigned v = 0;

    if (!g_ascii_isxdigit(*p))
        return false;
    for (int i = 0; i < 2 && g_ascii_isxdigit(*p); i++, p++)
        v = v * 16 + (unsigned)g_ascii_xdigit_value(*p);
    *out = (uint8_t)v;
    *cursor = p;
    return true;
}

bool parse_mac(const char **cursor, uint8_t mac[6])
{
    const char *p = *cursor;
    uint8_t bytes[6];

    for (int i = 0; i < 6; i++) {
        if (i > 0 && !parse_literal(&p, ":"))
            return false;
        if (!parse_hex_byte(&p, &bytes[i]))
            return false;
    }
    memcpy(mac, bytes, sizeof(bytes));
    *cursor = p;
    return true;
}

bool parse_end(const char *cursor)
{
    return *cursor == '\0';
}
