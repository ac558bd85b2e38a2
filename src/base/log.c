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

static bool quiet;
static unsigned lost; /* messages, since stderr last had room */

static void emit(const char *prefix, const char *fmt, va_list ap)
    G_GNUC_PRINTF(2, 0);

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
        n = snprintf(note, sizeof(note), "(%u messages found no room here)\n",
                     lost);
    lost = 0;
    if (n > 0 && write(STDERR_FILENO, note, (size_t)n) < 0)
        return;
    if (write(STDERR_FILENO, line, len) < 0)
        return;
}

static void emit(const char *prefix, const char *fmt, va_list ap)
{
    char line[LOG_LINE_MAX];
    size_t len = g_strlcpy(line, prefix, sizeof(line));
    int n = vsnprintf(line + len, sizeof(line) - len, fmt, ap);

    if (n > 0)
        len = MIN(len + (size_t)n, sizeof(line) - 2);
    if (len == 0 || line[len - 1] != '\n')
        line[len++] = '\n';
    write_line(line, len);
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
    emit("", fmt, ap);
    va_end(ap);
}

void log_error(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    emit("", fmt, ap);
    va_end(ap);
}

void log_warn(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    emit("WARNING: ", fmt, ap);
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
    emit("", fmt, ap);
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
