/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/config.h"

#include "app/config_file.h"
#include "app/option_store.h"
#include "app/option_table.h"
#include "base/error.h"
#include "base/portmap.h"

#include <stdlib.h>
#include <string.h>

#define SYSTEM_FILE "/etc/slipgate.conf"
#define USER_FILE   "slipgate.conf"

struct reading {
    struct options *options;
    unsigned without;
    const char **origins;
};

static const struct {
    const char *word;
    bool value;
} switch_words[] = {
    { "true", true },   { "yes", true }, { "on", true },   { "1", true },
    { "false", false }, { "no", false }, { "off", false }, { "0", false },
};

static int read_switch(const struct option_spec *spec, const char *text,
                       void *field, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(switch_words); i++) {
        if (g_ascii_strcasecmp(text, switch_words[i].word) != 0)
            continue;
        *(bool *)field = switch_words[i].value == (spec->kind == OPTION_SWITCH);
        return 0;
    }
    return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                     "\"%s\" is neither true nor false", text);
}

/* options_parse() would find it too, but not where it stands. */
static int check_item(const struct option_spec *spec, const char *item,
                      GError **err)
{
    struct portmap map;

    return spec->offset == offsetof(struct options, publish)
               ? portmap_parse(item, &map, err)
               : 0;
}

static int read_list(struct options *options, const struct option_spec *spec,
                     const char *text, GError **err)
{
    struct option_list *list = (void *)((char *)options + spec->offset);
    g_auto(GStrv) items = g_strsplit(text, ";", -1);

    list->count = 0;
    for (char **item = items; *item != NULL; item++) {
        g_strstrip(*item);
        if (**item == '\0')
            continue;
        if (check_item(spec, *item, err) != 0 ||
            option_store(options, spec, g_intern_string(*item), err) != 0)
            return -1;
    }
    return 0;
}

static int store(struct options *options, const struct option_spec *spec,
                 const char *text, GError **err)
{
    void *field = (char *)options + spec->offset;

    if (!option_takes_value(spec))
        return read_switch(spec, text, field, err);
    if (spec->kind == OPTION_LIST)
        return read_list(options, spec, text, err);
    if (field == &options->api_socket)
        options->api_socket_is_pattern = true;
    return option_store(options, spec, g_intern_string(text), err);
}

static bool is_on_command_line(const struct reading *r, size_t offset)
{
    for (size_t i = 0; i < option_spec_count; i++) {
        if (option_specs[i].offset == offset &&
            g_strcmp0(r->origins[i], CONFIG_COMMAND_LINE) == 0)
            return true;
    }
    return false;
}

/* The last one told it. */
static void set_origin(const struct reading *r, const struct option_spec *spec,
                       const char *origin)
{
    for (size_t i = 0; i < option_spec_count; i++) {
        if (option_specs[i].offset == spec->offset)
            r->origins[i] = NULL;
    }
    r->origins[spec - option_specs] = origin;
}

/* The value is checked even if the command line has a better one. */
static int take(void *self, const struct option_spec *spec, const char *text,
                const char *origin, GError **err)
{
    const struct reading *r = self;
    g_autofree struct options *scratch = NULL;
    bool overruled = is_on_command_line(r, spec->offset);

    if (spec->flags & r->without)
        return 0;
    if (overruled)
        scratch = g_memdup2(r->options, sizeof(*scratch));
    if (store(overruled ? scratch : r->options, spec, text, err) != 0)
        return -1;
    if (!overruled)
        set_origin(r, spec, origin);
    return 0;
}

/* --- where it comes from --- */

static char *variable_of(const struct option_spec *spec)
{
    g_autofree char *upper = g_ascii_strup(spec->name, -1);

    return g_strconcat("SLIPGATE_", g_strdelimit(upper, "-", '_'), NULL);
}

static int read_environment(struct reading *r, GError **err)
{
    for (size_t i = 0; i < option_spec_count; i++) {
        const struct option_spec *spec = &option_specs[i];
        g_autofree char *name = NULL;
        const char *value;

        if (!config_file_may_have(spec))
            continue;
        name = variable_of(spec);
        value = secure_getenv(name);
        if (value != NULL &&
            take(r, spec, value, g_intern_string(name), err) != 0) {
            g_prefix_error(err, "%s: ", name);
            return -1;
        }
    }
    return 0;
}

static int read_files(struct reading *r, GError **err)
{
    const struct config_reader reader = {
        .take = take, .self = r, .with_run = r->without == OPTION_CALL
    };
    const char *only = r->options->config != NULL
                           ? r->options->config
                           : secure_getenv("SLIPGATE_CONFIG");
    g_autofree char *user = NULL;

    if (only != NULL)
        return config_file_read(&reader, only, true, err);
    if (config_file_read(&reader, SYSTEM_FILE, false, err) != 0)
        return -1;
    /* GLib would look into the password file for want of $HOME. */
    if (secure_getenv("HOME") == NULL &&
        secure_getenv("XDG_CONFIG_HOME") == NULL)
        return 0;
    user = g_build_filename(g_get_user_config_dir(), USER_FILE, NULL);
    return config_file_read(&reader, user, false, err);
}

int config_read(struct options *options, unsigned without, const char **origins,
                GError **err)
{
    struct reading r = { options, without, origins };

    if (read_files(&r, err) != 0)
        return -1;
    return read_environment(&r, err);
}
