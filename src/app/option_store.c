/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/option_store.h"

#include "base/error.h"
#include "base/parse.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

/* Values are stored through `unsigned`, whichever of these the field is. */
static_assert(sizeof(enum netns_type) == sizeof(unsigned), "enum size");
static_assert(sizeof(int) == sizeof(unsigned), "int size");

bool option_takes_value(const struct option_spec *spec)
{
    switch (spec->kind) {
    case OPTION_NUMBER:
    case OPTION_TEXT:
    case OPTION_PATH:
    case OPTION_LIST:
    case OPTION_CHOICE:
        return true;
    case OPTION_SWITCH:
    case OPTION_UNSET:
    case OPTION_HELP:
    case OPTION_VERSION:
    case OPTION_KIND_COUNT:
        break;
    }
    return false;
}

static int set_switch(const struct option_spec *spec, void *field,
                      const char *value, GError **err)
{
    (void)spec;
    (void)value;
    (void)err;
    *(bool *)field = true;
    return 0;
}

static int unset_switch(const struct option_spec *spec, void *field,
                        const char *value, GError **err)
{
    (void)spec;
    (void)value;
    (void)err;
    *(bool *)field = false;
    return 0;
}

static int set_number(const struct option_spec *spec, void *field,
                      const char *value, GError **err)
{
    unsigned number;

    if (!parse_uint(&value, spec->max, &number) || !parse_end(value) ||
        number < spec->min)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "%s", spec->refusal);
    memcpy(field, &number, sizeof(number));
    return 0;
}

static int set_text(const struct option_spec *spec, void *field,
                    const char *value, GError **err)
{
    (void)spec;
    (void)err;
    *(const char **)field = value;
    return 0;
}

static int set_path(const struct option_spec *spec, void *field,
                    const char *value, GError **err)
{
    if (access(value, F_OK) != 0)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "%s: %s",
                         spec->refusal, value);
    *(const char **)field = value;
    return 0;
}

static int add_to_list(const struct option_spec *spec, void *field,
                       const char *value, GError **err)
{
    struct option_list *list = field;

    if (list->count == OPTION_LIST_MAX)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "--%s is given more than %u times", spec->name,
                         OPTION_LIST_MAX);
    list->items[list->count++] = value;
    return 0;
}

static int set_choice(const struct option_spec *spec, void *field,
                      const char *value, GError **err)
{
    int choice = spec->words->otherwise;
    unsigned number;

    for (int i = 0; spec->words->words[i] != NULL; i++) {
        if (strcmp(value, spec->words->words[i]) == 0)
            choice = i;
    }
    if (choice < 0)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "%s", spec->refusal);
    number = (unsigned)choice;
    memcpy(field, &number, sizeof(number));
    return 0;
}

typedef int set_fn(const struct option_spec *spec, void *field,
                   const char *value, GError **err);

static set_fn *const setters[OPTION_KIND_COUNT] = {
    [OPTION_SWITCH] = set_switch, [OPTION_UNSET] = unset_switch,
    [OPTION_NUMBER] = set_number, [OPTION_TEXT] = set_text,
    [OPTION_PATH] = set_path,     [OPTION_LIST] = add_to_list,
    [OPTION_CHOICE] = set_choice,
};

int option_store(struct options *options, const struct option_spec *spec,
                 const char *value, GError **err)
{
    void *field = (char *)options + spec->offset;

    return setters[spec->kind](spec, field, value, err);
}
