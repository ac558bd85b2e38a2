/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "app/option_values.h"

#include <stddef.h>

/*
 * One row for each option: the parser, the usage text, the man page and the
 * completions are made from it.
 */
enum option_kind {
    OPTION_SWITCH, /* bool */
    OPTION_UNSET,  /* bool, the switch that makes it false */
    OPTION_NUMBER, /* unsigned or non-negative int, min to max */
    OPTION_TEXT,   /* const char *, anything */
    OPTION_PATH,   /* const char *, a file that exists */
    OPTION_LIST,   /* struct option_list; may be given again and again */
    OPTION_CHOICE, /* an enum, by its word */
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_KIND_COUNT
};

enum option_flags {
    OPTION_HIDDEN = 1 << 0,       /* not in usage, man page, completion */
    OPTION_EXPERIMENTAL = 1 << 1, /* a warning on stdout when used */
    OPTION_NOT_WITH_BESS = 1 << 2,
    OPTION_OURS = 1 << 3, /* slirp4netns has no such option */
    /* Belongs to one call for one guest: not in `run`, nor in a file. */
    OPTION_CALL = 1 << 4,
    OPTION_RUN_ONLY = 1 << 5,
    /* Only as --NAME=VALUE, but in `run`: its name is an old prefix. */
    OPTION_EXACT = 1 << 6,
    OPTION_NO_FILE = 1 << 7,   /* not in a file */
    OPTION_BRIDGE = 1 << 8,    /* also in `bridge`, though OPTION_CALL */
    OPTION_NO_BRIDGE = 1 << 9, /* makes no sense without a guest */
};

/* The words of an OPTION_CHOICE in the order of its enum. */
struct option_words {
    const char *words[4]; /* NULL-terminated */
    int otherwise;        /* value for any other word; -1: refuse it */
};

struct option_spec {
    const char *name; /* without dashes */
    char short_name;  /* 0: none */
    enum option_kind kind;
    size_t offset; /* in struct options */
    unsigned min, max;
    const struct option_words *words;
    const char *metavar;
    const char *help;    /* one line, for usage and completion */
    const char *manual;  /* roff text, for the man page */
    const char *refusal; /* error text for a bad value */
    const char *instead; /* deprecated: the option to use */
    unsigned flags;      /* enum option_flags */
};

extern const struct option_spec option_specs[];
extern const size_t option_spec_count;

/* True if the option is followed by a value. */
bool option_takes_value(const struct option_spec *spec);
