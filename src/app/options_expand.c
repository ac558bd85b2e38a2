/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/options_expand.h"

#include "base/error.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int append_runtime_dir(GString *out, const struct options *options,
                              GError **err)
{
    const char *dir = secure_getenv("XDG_RUNTIME_DIR");

    (void)options;
    if (dir == NULL)
        return error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                         "%%t: XDG_RUNTIME_DIR is not set");
    g_string_append(out, dir);
    return 0;
}

static int append_user(GString *out, const struct options *options,
                       GError **err)
{
    (void)options;
    (void)err;
    g_string_append_printf(out, "%u", getuid());
    return 0;
}

static int append_inode(GString *out, const struct options *options,
                        GError **err)
{
    g_autofree char *path = NULL;
    struct stat st;

    if (options->target_type == TARGET_TYPE_BESS ||
        options->netns_type == NETNS_TYPE_TAPFD)
        return error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                         "%%i: there is no network namespace");
    path = options->netns_type == NETNS_TYPE_PID
               ? g_strdup_printf("/proc/%d/ns/net", (int)options->target_pid)
               : g_strdup(options->target_path);
    if (stat(path, &st) != 0)
        return error_set_errno(err, "%%i: %s", path);
    g_string_append_printf(out, "%ju", (uintmax_t)st.st_ino);
    return 0;
}

static int append_percent(GString *out, const struct options *options,
                          GError **err)
{
    (void)options;
    (void)err;
    g_string_append_c(out, '%');
    return 0;
}

static const struct {
    char letter;
    int (*append)(GString *out, const struct options *options, GError **err);
} expansions[] = {
    { 't', append_runtime_dir },
    { 'u', append_user },
    { 'i', append_inode },
    { '%', append_percent },
};

static int append_expansion(GString *out, char letter,
                            const struct options *options, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(expansions); i++) {
        if (expansions[i].letter == letter)
            return expansions[i].append(out, options, err);
    }
    return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                     "there is no %%%c; a percent sign is %%%%", letter);
}

static int expand(GString *out, const struct options *options, GError **err)
{
    for (const char *p = options->api_socket; *p != '\0'; p++) {
        if (*p != '%') {
            g_string_append_c(out, *p);
        } else if (append_expansion(out, *++p, options, err) != 0) {
            g_prefix_error(err, "api-socket: ");
            return -1;
        }
    }
    return 0;
}

int options_expand(struct options *options, char **text, GError **err)
{
    g_autoptr(GString) out = NULL;

    if (options->api_socket == NULL || !options->api_socket_is_pattern)
        return 0;
    out = g_string_new(NULL);
    if (expand(out, options, err) != 0)
        return -1;
    if (out->len >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "the control socket's path is too long: %s", out->str);
    *text = g_string_free(g_steal_pointer(&out), FALSE);
    options->api_socket = *text;
    return 0;
}
