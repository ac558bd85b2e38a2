/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/bridge.h"
#include "app/bridge_home.h"
#include "app/doctor.h"
#include "app/gate.h"
#include "app/options.h"
#include "app/run.h"
#include "app/version.h"
#include "base/heap.h"
#include "kern/jail_seccomp.h"
#include "net/slirp_engine.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print_version(const char *program)
{
    struct version_libraries libraries = {
        .slirp = slirp_engine_library(),
        .slirp_config_max = slirp_engine_config_version(),
    };

    jail_seccomp_version(&libraries.seccomp_major, &libraries.seccomp_minor,
                         &libraries.seccomp_micro);
    version_print(stdout, program, &libraries);
    return EXIT_SUCCESS;
}

static int run_command(int argc, char **argv)
{
    struct options options;
    g_autoptr(GError) err = NULL;
    enum options_outcome outcome;
    char **command = NULL;

    outcome = options_parse_run(&options, argc, argv, &command, &err);
    if (outcome != OPTIONS_RUN)
        return options_report_run(outcome, argv[0], err);
    heap_return_large_blocks();
    return run_main(&options, command);
}

static int bridge_command(int argc, char **argv)
{
    heap_return_large_blocks();
    return bridge_main(argc, argv);
}

static char run_program[] = "slipgate run";
static char bridge_program[] = "slipgate bridge";
static char home_program[] = "slipgate-home";
static char doctor_program[] = "slipgate doctor";

static const struct {
    const char *word;
    char *program; /* what complaints begin with */
    int (*main)(int argc, char **argv);
} subcommands[] = {
    { "run", run_program, run_command },
    { "bridge", bridge_program, bridge_command },
    { BRIDGE_HOME_WORD, home_program, bridge_home_main }, /* by ourselves */
    { "doctor", doctor_program, doctor_main },
};

/* True if the first argument is one, whose exit status is then `*status`. */
static bool ran_subcommand(int argc, char **argv, int *status)
{
    if (argc < 2 || version_is_compatible_name(argv[0]))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(subcommands); i++) {
        if (strcmp(argv[1], subcommands[i].word) != 0)
            continue;
        argv[1] = subcommands[i].program;
        *status = subcommands[i].main(argc - 1, argv + 1);
        return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    struct options options;
    g_autoptr(GError) err = NULL;
    enum options_outcome outcome;
    int status;

    /* Whoever reads our output may stop at any line, the first included. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (ran_subcommand(argc, argv, &status))
        return status;
    outcome = options_parse(&options, argc, argv, stdout, &err);
    if (outcome == OPTIONS_VERSION)
        return print_version(argv[0]);
    if (outcome != OPTIONS_RUN)
        return options_report(outcome, argv[0], err);
    heap_return_large_blocks();
    return gate_main(&options);
}
