/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>

/*
 * Log of the running helper: one event, one line on stderr, written at once
 * with write(2).  Engines keep stderr in an unbounded file, so the data path
 * uses LOG_LIMITED only.  Where stderr has no room, or is so slow that it would
 * hold up the helper, lines are left out, and counted in the next one; not
 * those of log_error() for want of time.
 */
void log_info(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
/* What ends the program. */
void log_error(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
void log_warn(const char *fmt, ...) G_GNUC_PRINTF(1, 2);

/* From here on log_info() says nothing: for who did not ask for a helper. */
void log_quiet(void);

/*
 * Rate limit of one call site: five lines at once, then one per second;
 * what was left out is told with the next line that passes.
 */
struct log_limit {
    double tokens; /* filled at the first call */
    gint64 last_us;
    unsigned suppressed;
};
void log_limited(struct log_limit *limit, const char *fmt, ...)
    G_GNUC_PRINTF(2, 3);

#define LOG_LIMITED(...)                   \
    do {                                   \
        static struct log_limit limit_;    \
        log_limited(&limit_, __VA_ARGS__); \
    } while (0)

/* Sends GLib's own messages (libslirp uses them) through the rate limit. */
void log_capture_glib(void);
