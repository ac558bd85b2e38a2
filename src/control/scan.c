/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/scan.h"

#include <string.h>

static bool is_gap(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\0';
}

static enum scan_status open_level(struct scan *scan, bool square)
{
    if (scan->depth == SCAN_DEPTH_MAX)
        return SCAN_TOO_DEEP;
    scan->squares = scan->squares << 1 | square;
    scan->depth++;
    return SCAN_MORE;
}

static enum scan_status close_level(struct scan *scan, bool square)
{
    if ((scan->squares & 1) != square)
        return SCAN_END;
    scan->squares >>= 1;
    return --scan->depth == 0 ? SCAN_END : SCAN_MORE;
}

static enum scan_status string_byte(struct scan *scan, char c)
{
    /* A raw control character is never legal in a string. */
    if ((unsigned char)c < ' ')
        return SCAN_END;
    if (scan->escaped)
        scan->escaped = false;
    else if (c == '\\')
        scan->escaped = true;
    else if (c == '"')
        scan->in_string = false;
    return SCAN_MORE;
}

static enum scan_status byte(struct scan *scan, char c)
{
    if (scan->in_string)
        return string_byte(scan, c);
    switch (c) {
    case '"':
        scan->in_string = true;
        return SCAN_MORE;
    case '{':
    case '[':
        return open_level(scan, c == '[');
    case '}':
    case ']':
        return close_level(scan, c == ']');
    default:
        return SCAN_MORE;
    }
}

enum scan_status scan_feed(struct scan *scan, const char *data, size_t len,
                           size_t *begin, size_t *end)
{
    enum scan_status status = SCAN_MORE;
    size_t i = 0;

    while (scan->depth == 0 && i < len && is_gap(data[i]))
        i++;
    *begin = i;
    if (scan->depth == 0 && i < len && data[i] != '{')
        status = SCAN_NOT_OBJECT;
    while (i < len && status == SCAN_MORE)
        status = byte(scan, data[i++]);
    *end = i;
    if (status != SCAN_MORE)
        memset(scan, 0, sizeof(*scan));
    return status;
}
