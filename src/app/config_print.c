/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/config.h"

#include "app/config_file.h"
#include "app/option_table.h"

#include <string.h>

#define NAME_WIDTH  22
#define VALUE_WIDTH 24

static char *list_text(const struct option_list *list)
{
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < list->count; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? ";" : "", list->items[i]);
    return g_string_free(text, FALSE);
}

static char *value_text(const struct options *options,
                        const struct option_spec *spec)
{
    const void *field = (const char *)options + spec->offset;
    unsigned number;

    switch (spec->kind) {
    case OPTION_SWITCH:
    case OPTION_UNSET:
        return g_strdup(*(const bool *)field == (spec->kind == OPTION_SWITCH)
                            ? "true"
                            : "false");
    case OPTION_NUMBER:
        memcpy(&number, field, sizeof(number));
        return g_strdup_printf("%u", number);
    case OPTION_CHOICE:
        memcpy(&number, field, sizeof(number));
        return g_strdup(spec->words->words[number]);
    case OPTION_TEXT:
    case OPTION_PATH:
        return g_strdup(*(const char *const *)field);
    case OPTION_LIST:
        return list_text(field);
    case OPTION_HELP:
    case OPTION_VERSION:
    case OPTION_KIND_COUNT:
    default:
        return NULL;
    }
}

/* Two words for one thing: the first stands for it, unless another was used. */
static bool is_told(const struct option_spec *spec, unsigned without,
                    const char *const *origins)
{
    size_t first = option_spec_count;

    for (size_t i = 0; i < option_spec_count; i++) {
        if (option_specs[i].offset != spec->offset ||
            (option_specs[i].flags & without) ||
            !config_file_may_have(&option_specs[i]))
            continue;
        if (origins[i] != NULL)
            return &option_specs[i] == spec;
        first = MIN(first, i);
    }
    return &option_specs[first] == spec;
}

void config_print(FILE *out, const struct options *options, unsigned without,
                  const char *const *origins)
{
    for (size_t i = 0; i < option_spec_count; i++) {
        const struct option_spec *spec = &option_specs[i];
        g_autofree char *value = NULL;

        if ((spec->flags & without) || !config_file_may_have(spec) ||
            !is_told(spec, without, origins))
            continue;
        value = value_text(options, spec);
        fprintf(out, "%-*s = %-*s (%s)\n", NAME_WIDTH, spec->name, VALUE_WIDTH,
                value != NULL ? value : "",
                origins[i] != NULL ? origins[i] : "default");
    }
}
