/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE_MAX 1024
#define LOG_BURST    5.0
/* A line that takes this long is followed by a rest of so many times that. */
#define LOG_SLOW_US 20000
#define LOG_REST    20

static bool quiet;
static unsigned lost; /* messages, since stderr last had room and was quick */
static gint64 rest_until_us;

static void emit(bool ending, const char *prefix, const char *fmt, va_list ap)
    G_GNUC_PRINTF(3, 0);

/*
 * A full or closed stderr must not stop the helper.  A pipe that has room at
 * all takes PIPE_BUF bytes (pipe(7)), and a line is shorter.
 */
static void write_line(const char *line, size_t len)
{
    struct pollfd where = { .fd = STDERR_FILENO, .events = POLLOUT };
    char note[64];
    int n = 0;

    if (poll(&where, 1, 0) == 0) {
        lost++;
        return;
    }
    if (lost > 0)
        n = snprintf(note, sizeof(note),
                     "(%u messages found no room or time here)\n", lost);
    lost = 0;
    if (n > 0 && write(STDERR_FILENO, note, (size_t)n) < 0)
        return;
    if (write(STDERR_FILENO, line, len) < 0)
        return;
}

/*
 * Nor must a slow disk, for which poll(2) always sees room: as long as one is
 * slow, all lines together take a small share of the time.
 */
static void write_in_time(const char *line, size_t len)
{
    gint64 began_us = g_get_monotonic_time(), took_us;

    if (began_us < rest_until_us) {
        lost++;
        return;
    }
    write_line(line, len);
    took_us = g_get_monotonic_time() - began_us;
    if (took_us >= LOG_SLOW_US)
        rest_until_us = began_us + took_us + LOG_REST * took_us;
}

static void emit(bool ending, const char *prefix, const char *fmt, va_list ap)
{
    char line[LOG_LINE_MAX];
    size_t len = g_strlcpy(line, prefix, sizeof(line));
    int n = vsnprintf(line + len, sizeof(line) - len, fmt, ap);

    if (n > 0)
        len = MIN(len + (size_t)n, sizeof(line) - 2);
    if (len == 0 || line[len - 1] != '\n')
        line[len++] = '\n';
    if (ending)
        write_line(line, len);
    else
        write_in_time(line, len);
}

void log_quiet(void)
{
    quiet = true;
}

void log_info(const char *fmt, ...)
{
    va_list ap;

    if (quiet)
        return;
    va_start(ap, fmt);
    emit(false, "", fmt, ap);
    va_end(ap);
}

void log_error(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    emit(true, "", fmt, ap);
    va_end(ap);
}

void log_warn(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    emit(false, "WARNING: ", fmt, ap);
    va_end(ap);
}

static bool limit_passes(struct log_limit *limit)
{
    gint64 now_us = g_get_monotonic_time();

    if (limit->last_us == 0)
        limit->tokens = LOG_BURST;
    else
        limit->tokens =
            MIN(LOG_BURST, limit->tokens + (double)(now_us - limit->last_us) /
                                               G_USEC_PER_SEC);
    limit->last_us = now_us;
    if (limit->tokens < 1.0) {
        limit->suppressed++;
        return false;
    }
    limit->tokens -= 1.0;
    return true;
}

void log_limited(struct log_limit *limit, const char *fmt, ...)
{
    va_list ap;

    if (!limit_passes(limit))
        return;
    va_start(ap, fmt);
    emit(false, "", fmt, ap);
    va_end(ap);
    if (limit->suppressed > 0)
        log_info("(%u similar messages left out)", limit->suppressed);
    limit->suppressed = 0;
}

static GLogWriterOutput write_glib(GLogLevelFlags level,
                                   const GLogField *fields, gsize count,
                                   gpointer unused)
{
    const char *domain = "GLib", *message = "";

    (void)level;
    (void)unused;
    for (gsize i = 0; i < count; i++) {
        if (strcmp(fields[i].key, "MESSAGE") == 0)
            message = fields[i].value;
        else if (strcmp(fields[i].key, "GLIB_DOMAIN") == 0)
            domain = fields[i].value;
    }
    LOG_LIMITED("%s: %s", domain, message);
    return G_LOG_WRITER_HANDLED;
}

void log_capture_glib(void)
{
    g_log_set_writer_func(write_glib, NULL, NULL);
}
