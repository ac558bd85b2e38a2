/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "ctl/talk.h"

#include <stddef.h>

/*
 * One row for each subcommand and one for each option: the parser, the help,
 * the completions and the test of the man page are made from them.
 */
enum ctl_option {
    CTL_OPTION_SOCKET,
    CTL_OPTION_JSON,
    CTL_OPTION_HELP,
    CTL_OPTION_VERSION,
    CTL_OPTION_GUEST,
    CTL_OPTION_SOURCE,
    CTL_OPTION_DRIVER,
    CTL_OPTION_CLOSE,
    CTL_OPTION_MAX_BYTES,
    CTL_OPTION_SNAP_BYTES,
    CTL_OPTION_INTERVAL,
    CTL_OPTION_COUNT,
    CTL_OPTION_FORCE,
    CTL_OPTION_NETWORK,
    CTL_OPTION_CONTAINER,
    CTL_OPTION_END
};

#define CTL_OPTION_BIT(option) (1u << (option))
/* Options that every command takes. */
#define CTL_OPTIONS_ALL                                                    \
    (CTL_OPTION_BIT(CTL_OPTION_SOCKET) | CTL_OPTION_BIT(CTL_OPTION_JSON) | \
     CTL_OPTION_BIT(CTL_OPTION_HELP) | CTL_OPTION_BIT(CTL_OPTION_VERSION))

struct ctl_option_spec {
    const char *name;    /* without dashes */
    const char *metavar; /* NULL: a switch */
    const char *words;   /* "a b c": the values there are; NULL: any */
    const char *help;    /* one line */
};

/* What a command has to work with. */
struct ctl_call {
    struct talk *talk;
    bool json;                           /* print the result as it came */
    const char *options[CTL_OPTION_END]; /* "" for a switch; NULL: not given */
    char **args;                         /* NULL-terminated */
};

struct ctl_command {
    const char *name;       /* one or two words */
    const char *args;       /* as help shows them; "" for none */
    int args_min, args_max; /* max -1: any number */
    const char *words;      /* "a b c": what the arguments may be; NULL: any */
    unsigned options;       /* bits, besides CTL_OPTIONS_ALL */
    const char *help;       /* one line */
    int (*run)(struct ctl_call *call, GError **err);
};
