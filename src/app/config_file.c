/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/config_file.h"

#include "base/error.h"
#include "base/own.h"

#include <fcntl.h>
#include <string.h>

#define CONFIG_FILE_MAX (64 * 1024)

bool config_file_may_have(const struct option_spec *spec)
{
    return (spec->flags & (OPTION_HIDDEN | OPTION_CALL | OPTION_NO_FILE)) ==
               0 &&
           spec->kind != OPTION_HELP;
}

/* *text stays NULL for a file that is not there. */
static int load(const char *path, bool must, char **text, size_t *len,
                GError **err)
{
    owned_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    g_autofree char *space = NULL;
    ssize_t n;

    *text = NULL;
    if (fd < 0 && !must && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    /* A home that is somebody else's, as su and sudo may leave in $HOME. */
    if (fd < 0 && !must && errno == EACCES)
        return 0;
    if (fd < 0)
        return error_set_errno(err, "read %s", path);
    space = g_malloc(CONFIG_FILE_MAX + 1);
    for (*len = 0; *len <= CONFIG_FILE_MAX; *len += (size_t)n) {
        n = read(fd, space + *len, CONFIG_FILE_MAX + 1 - *len);
        if (n < 0)
            return error_set_errno(err, "read %s", path);
        if (n == 0)
            break;
    }
    if (*len > CONFIG_FILE_MAX)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "%s: more than %d bytes", path, CONFIG_FILE_MAX);
    *text = g_steal_pointer(&space);
    return 0;
}

static const struct option_spec *spec_of_key(const char *key)
{
    for (size_t i = 0; i < option_spec_count; i++) {
        if (strcmp(option_specs[i].name, key) == 0 &&
            config_file_may_have(&option_specs[i]))
            return &option_specs[i];
    }
    return NULL;
}

static bool belongs_elsewhere(const char *key)
{
    for (size_t i = 0; i < option_spec_count; i++) {
        if (strcmp(option_specs[i].name, key) == 0)
            return true;
    }
    return false;
}

static int read_key(const struct config_reader *reader, GKeyFile *file,
                    const char *group, const char *key, const char *origin,
                    GError **err)
{
    const struct option_spec *spec = spec_of_key(key);
    g_autofree char *value = NULL;

    if (spec == NULL)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "%s",
                         belongs_elsewhere(key)
                             ? "only the command line can have that"
                             : "there is no such option");
    if ((spec->flags & OPTION_RUN_ONLY) && strcmp(group, "run") != 0)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "that belongs into the group [run]");
    /* Lists are split by their reader. */
    value = spec->kind == OPTION_LIST
                ? g_key_file_get_value(file, group, key, err)
                : g_key_file_get_string(file, group, key, err);
    if (value == NULL)
        return -1;
    return reader->take(reader->self, spec, g_strstrip(value), origin, err);
}

static int read_group(const struct config_reader *reader, GKeyFile *file,
                      const char *group, const char *path, GError **err)
{
    g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, NULL);

    for (char **key = keys; key != NULL && *key != NULL; key++) {
        if (read_key(reader, file, group, *key, g_intern_string(path), err) !=
            0) {
            g_prefix_error(err, "%s: [%s] %s: ", path, group, *key);
            return -1;
        }
    }
    return 0;
}

static int check_groups(GKeyFile *file, const char *path, GError **err)
{
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

    for (char **group = groups; *group != NULL; group++) {
        if (strcmp(*group, "slipgate") != 0 && strcmp(*group, "run") != 0)
            return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                             "%s: [%s]: there is no such group", path, *group);
    }
    return 0;
}

int config_file_read(const struct config_reader *reader, const char *path,
                     bool must, GError **err)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *text = NULL;
    size_t len;

    if (load(path, must, &text, &len, err) != 0)
        return -1;
    if (text == NULL || len == 0)
        return 0;
    if (!g_key_file_load_from_data(file, text, len, G_KEY_FILE_NONE, err)) {
        g_prefix_error(err, "%s: ", path);
        return -1;
    }
    if (check_groups(file, path, err) != 0 ||
        read_group(reader, file, "slipgate", path, err) != 0)
        return -1;
    return reader->with_run ? read_group(reader, file, "run", path, err) : 0;
}
