/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/options_target.h"

#include "app/option_table.h"
#include "base/error.h"
#include "base/parse.h"

#include <limits.h>
#include <stdarg.h>
#include <unistd.h>

void options_notice(FILE *notices, const char *fmt, ...)
{
    va_list ap;

    if (notices == NULL)
        return;
    va_start(ap, fmt);
    fputs("WARNING: ", notices);
    vfprintf(notices, fmt, ap);
    fputc('\n', notices);
    va_end(ap);
    /* Nothing may stay in the buffer that a fork could double. */
    fflush(notices);
}

static int read_pid(struct options *options, const char *text, GError **err)
{
    unsigned pid;

    if (!parse_uint(&text, INT_MAX, &pid) || !parse_end(text) || pid == 0)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "PID must be a positive integer");
    options->target_pid = (pid_t)pid;
    return 0;
}

static int read_path(struct options *options, const char *text, GError **err)
{
    if (access(text, F_OK) != 0)
        return error_set_errno(err,
                               "existing path expected when --netns-type=path");
    options->target_path = text;
    return 0;
}

static int read_tapfd(struct options *options, const char *text, GError **err)
{
    unsigned fd;

    if (!parse_uint(&text, INT_MAX, &fd) || !parse_end(text))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "TAPFD must a file descriptor");
    options->target_fd = (int)fd;
    options->configure = false;
    return 0;
}

/* By enum netns_type: how to read the target, and how many arguments at least.
 */
static const struct {
    int (*read)(struct options *options, const char *text, GError **err);
    int arguments;
} netns_targets[] = {
    [NETNS_TYPE_PID] = { read_pid, 2 },
    [NETNS_TYPE_PATH] = { read_path, 2 },
    [NETNS_TYPE_TAPFD] = { read_tapfd, 1 },
};

/* What is too little is told before the usage, which is long. */
static int lacks_arguments(const struct options *options, int count,
                           char **args, GError **err)
{
    const char *rest = count > 0 ? args[0] : "";
    unsigned pid;

    if (count == 0)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "what to serve is missing");
    if (options->netns_type == NETNS_TYPE_PID &&
        (!parse_uint(&rest, INT_MAX, &pid) || !parse_end(rest)))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "\"%s\" is neither a command nor a PID with a TAPNAME",
                         args[0]);
    return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                     "TAPNAME is missing behind \"%s\"", args[0]);
}

int options_read_netns(struct options *options, int count, char **args,
                       FILE *notices, GError **err)
{
    int expected = netns_targets[options->netns_type].arguments;

    if (count < expected)
        return lacks_arguments(options, count, args, err);
    if (netns_targets[options->netns_type].read(options, args[0], err) != 0)
        return -1;
    if (expected > 1 &&
        g_strlcpy(options->tap_name, args[1], sizeof(options->tap_name)) >=
            sizeof(options->tap_name))
        options_notice(notices, "interface name cut to \"%s\"",
                       options->tap_name);
    if (count > expected)
        options_notice(notices, "too many arguments");
    return 0;
}

int options_read_bess(struct options *options, int count, char **args,
                      const char *const *origins, GError **err)
{
    if (count < 1)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "the path of the socket is missing");
    if (count > 1)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "too many arguments");
    for (size_t i = 0; i < option_spec_count; i++) {
        if (origins[i] != NULL &&
            (option_specs[i].flags & OPTION_NOT_WITH_BESS))
            return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                             "--%s conflicts with --target-type=bess",
                             option_specs[i].name);
    }
    options->target_path = args[0];
    return 0;
}
