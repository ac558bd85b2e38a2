/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/options.h"

#include "app/config.h"
#include "app/option_store.h"
#include "app/option_table.h"
#include "app/options_target.h"
#include "base/error.h"
#include "base/parse.h"
#include "base/portmap.h"

#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/* What getopt_long() returns for a row: beyond any short name. */
#define ROW_BASE 256

/* --- the options --- */

/* The command lines that the table serves. */
struct grammar {
    unsigned without;   /* rows with one of these flags are not known */
    bool options_first; /* the first argument ends them */
    unsigned with;      /* but those with one of these are */
};

static const struct grammar helper_grammar = { OPTION_RUN_ONLY | OPTION_EXACT,
                                               false, 0 };
static const struct grammar run_grammar = { OPTION_CALL, true, 0 };
static const struct grammar bridge_grammar = { OPTION_CALL | OPTION_NO_BRIDGE,
                                               false, OPTION_BRIDGE };

static bool knows(const struct grammar *grammar, const struct option_spec *spec)
{
    return (spec->flags & grammar->without) == 0 ||
           (spec->flags & grammar->with) != 0;
}

static struct option *long_options(const struct grammar *grammar)
{
    struct option *table = g_new0(struct option, option_spec_count + 1);
    struct option *next = table;

    for (size_t i = 0; i < option_spec_count; i++) {
        if (!knows(grammar, &option_specs[i]))
            continue;
        *next++ = (struct option){
            .name = option_specs[i].name,
            .has_arg = option_takes_value(&option_specs[i]) ? required_argument
                                                            : no_argument,
            .val = ROW_BASE + (int)i,
        };
    }
    return table;
}

static char *short_options(const struct grammar *grammar)
{
    GString *text = g_string_new(grammar->options_first ? "+" : "");

    for (size_t i = 0; i < option_spec_count; i++) {
        if (option_specs[i].short_name == 0 ||
            !knows(grammar, &option_specs[i]))
            continue;
        g_string_append_c(text, option_specs[i].short_name);
        if (option_takes_value(&option_specs[i]))
            g_string_append_c(text, ':');
    }
    return g_string_free(text, FALSE);
}

/* The row that getopt_long() met, or NULL when it complained. */
static const struct option_spec *spec_of(int val)
{
    if (val >= ROW_BASE)
        return &option_specs[val - ROW_BASE];
    for (size_t i = 0; i < option_spec_count; i++) {
        if (option_specs[i].short_name == val)
            return &option_specs[i];
    }
    return NULL;
}

static int apply(struct options *options, const struct option_spec *spec,
                 const char *value, FILE *notices, GError **err)
{
    if (spec->instead != NULL)
        options_notice(notices, "--%s is deprecated, use --%s", spec->name,
                       spec->instead);
    if ((spec->flags & OPTION_EXPERIMENTAL) != 0)
        options_notice(notices, "--%s is experimental", spec->name);
    return option_store(options, spec, value, err);
}

/* Reads all options up to the first that ends it; `optind` is then set. */
static enum options_outcome read_options(struct options *options,
                                         const struct grammar *grammar,
                                         int argc, char **argv,
                                         const char **origins, FILE *notices,
                                         GError **err)
{
    g_autofree struct option *table = long_options(grammar);
    g_autofree char *letters = short_options(grammar);
    int val;

    optind = 0; /* start anew: glibc and musl both know this */
    while ((val = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        const struct option_spec *spec = spec_of(val);

        if (spec == NULL)
            return OPTIONS_BAD_USAGE;
        if (spec->kind == OPTION_HELP)
            return OPTIONS_HELP;
        if (spec->kind == OPTION_VERSION)
            return OPTIONS_VERSION;
        origins[spec - option_specs] = CONFIG_COMMAND_LINE;
        if (apply(options, spec, optarg, notices, err) != 0)
            return OPTIONS_BAD_USAGE;
    }
    return OPTIONS_RUN;
}

/* --- what only makes sense together, or at the end --- */

static int check_pairs(const struct options *options, GError **err)
{
    if (options->macaddress != NULL && !options->configure)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "--macaddr cannot be specified when --configure or "
                         "-c is not specified");
    return 0;
}

/* Engines have the first word by habit, whoever disables it the last. */
static void settle_confinement(struct options *options)
{
    options->enable_sandbox &= !options->disable_sandbox;
    options->enable_seccomp &= !options->disable_seccomp;
}

static int check_publish(const struct options *options, GError **err)
{
    struct portmap map;

    for (size_t i = 0; i < options->publish.count; i++) {
        if (portmap_parse(options->publish.items[i], &map, err) != 0) {
            g_prefix_error(err, "--publish: ");
            return -1;
        }
    }
    return 0;
}

static int check_values(struct options *options, GError **err)
{
    const char *mac = options->macaddress;
    const size_t path_max = sizeof(((struct sockaddr_un *)NULL)->sun_path);

    if (mac != NULL && (!parse_mac(&mac, options->mac) || !parse_end(mac)))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "\"%s\" is an invalid MAC address.\n"
                         "macaddress has to be a valid MAC address (hex "
                         "string, 6 bytes, each byte separated by a ':').",
                         options->macaddress);
    if (check_publish(options, err) != 0)
        return -1;
    if (options->api_socket == NULL)
        return 0;
    if (options->api_socket[0] == '\0')
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "the specified API socket path is empty");
    if (strlen(options->api_socket) >= path_max)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "the specified API socket path is too long (>= %zu)",
                         path_max);
    return 0;
}

/*
 * Takes --config=FILE out of a helper's command line, where getopt_long()
 * could not tell it from what old callers mean.
 */
static int take_config(struct options *options, int argc, char **argv)
{
    static const char word[] = "--config=";
    int kept = MIN(argc, 1);

    for (int i = kept; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            while (i < argc)
                argv[kept++] = argv[i++];
        } else if (g_str_has_prefix(argv[i], word)) {
            options->config = argv[i] + strlen(word);
        } else {
            argv[kept++] = argv[i];
        }
    }
    if (kept < argc)
        argv[kept] = NULL;
    return kept;
}

static enum options_outcome show_config(const struct options *options,
                                        unsigned without,
                                        const char *const *origins)
{
    config_print(stdout, options, without, origins);
    return OPTIONS_SHOWN;
}

enum options_outcome options_parse(struct options *options, int argc,
                                   char **argv, FILE *notices, GError **err)
{
    g_autofree const char **origins = g_new0(const char *, option_spec_count);
    enum options_outcome outcome;
    int failed;

    *options = (struct options){
        .exit_fd = -1,
        .ready_fd = -1,
        .mtu = 1500,
        .cidr = "10.0.2.0/24",
        .target_fd = -1,
    };
    argc = take_config(options, argc, argv);
    outcome = read_options(options, &helper_grammar, argc, argv, origins,
                           notices, err);
    if (outcome != OPTIONS_RUN)
        return outcome;
    if (config_read(options, OPTION_RUN_ONLY, origins, err) != 0)
        return OPTIONS_REFUSED;
    if (options->show_config)
        return show_config(options, OPTION_RUN_ONLY, origins);
    if (check_pairs(options, err) != 0)
        return OPTIONS_BAD_USAGE;
    if (options->target_type == TARGET_TYPE_BESS)
        failed = options_read_bess(options, argc - optind, argv + optind,
                                   origins, err);
    else
        failed = options_read_netns(options, argc - optind, argv + optind,
                                    notices, err);
    if (failed)
        return OPTIONS_BAD_USAGE;
    settle_confinement(options);
    return check_values(options, err) != 0 ? OPTIONS_REFUSED : OPTIONS_RUN;
}

/* The safest thing that is still useful, unless the user says otherwise. */
static const struct options run_defaults = {
    .configure = true,
    .exit_fd = -1,
    .ready_fd = -1,
    .mtu = 65520,
    .cidr = "10.0.2.0/24",
    .target_fd = -1,
    .tap_name = "tap0",
    .disable_host_loopback = true,
};

enum options_outcome options_parse_run(struct options *options, int argc,
                                       char **argv, char ***command,
                                       GError **err)
{
    g_autofree const char **origins = g_new0(const char *, option_spec_count);
    enum options_outcome outcome;

    *options = run_defaults;
    outcome =
        read_options(options, &run_grammar, argc, argv, origins, NULL, err);
    if (outcome != OPTIONS_RUN)
        return outcome;
    if (config_read(options, OPTION_CALL, origins, err) != 0)
        return OPTIONS_REFUSED;
    if (options->show_config)
        return show_config(options, OPTION_CALL, origins);
    settle_confinement(options);
    if (check_values(options, err) != 0)
        return OPTIONS_REFUSED;
    *command = argv + optind;
    return OPTIONS_RUN;
}

enum options_outcome options_parse_bridge(struct options *options, int argc,
                                          char **argv, GError **err)
{
    g_autofree const char **origins = g_new0(const char *, option_spec_count);
    enum options_outcome outcome;

    *options = run_defaults;
    options->configure = false;
    options->no_guest = true;
    options->tap_name[0] = '\0';
    outcome =
        read_options(options, &bridge_grammar, argc, argv, origins, NULL, err);
    if (outcome != OPTIONS_RUN)
        return outcome;
    if (config_read(options, OPTION_CALL | OPTION_NO_BRIDGE, origins, err) != 0)
        return OPTIONS_REFUSED;
    if (options->show_config)
        return show_config(options, OPTION_CALL | OPTION_NO_BRIDGE, origins);
    if (optind < argc) {
        error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "too many arguments");
        return OPTIONS_BAD_USAGE;
    }
    if (options->api_socket == NULL) {
        error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "--api-socket is needed");
        return OPTIONS_BAD_USAGE;
    }
    options->tcp = TCP_MODE_RELAY;
    settle_confinement(options);
    return check_values(options, err) != 0 ? OPTIONS_REFUSED : OPTIONS_RUN;
}

/* --- what they come to --- */

static enum want want(bool on, bool off)
{
    if (off)
        return WANT_OFF;
    return on ? WANT_DEMAND : WANT_TRY;
}

enum want options_want_sandbox(const struct options *options)
{
    return want(options->enable_sandbox, options->disable_sandbox);
}

enum want options_want_seccomp(const struct options *options)
{
    return want(options->enable_seccomp, options->disable_seccomp);
}
