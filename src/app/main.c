/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/gate.h"
#include "app/options.h"
#include "app/version.h"
#include "kern/jail_seccomp.h"
#include "kern/jail_seccomp.h"
#include "net/slirp_engine.h"

#include <signal.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

static int print_version(const char *program)
{
    struct version_libraries libraries = {
        .slirp = slirp_engine_library(),
        .slirp_config_max = slirp_engine_config_version(),
    };

    jail_seccomp_version(&libraries.seccomp_major, &libraries.seccomp_minor,
                         &libraries.seccomp_micro);
    jail_seccomp_version(&libraries.seccomp_major, &libraries.seccomp_minor,
                         &libraries.seccomp_micro);
    version_print(stdout, program, &libraries);
    return EXIT_SUCCESS;
}

/*
 * The stack gives each connection two buffers of 128 KB.  By default the C
 * library would soon keep such blocks on its heap, among small ones that
 * outlive them; this way they go back to the system with their connection.
 */
#define MMAP_THRESHOLD (100 * 1024)

static void return_large_blocks(void)
{
#ifdef M_MMAP_THRESHOLD
    (void)mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
    (void)mallopt(M_TRIM_THRESHOLD, MMAP_THRESHOLD);
#endif
}

int main(int argc, char **argv)
{
    struct options options;
    g_autoptr(GError) err = NULL;
    enum options_outcome outcome;

    /* Whoever reads our output may stop at any line, the first included. */
    (void)signal(SIGPIPE, SIG_IGN);
    outcome = options_parse(&options, argc, argv, stdout, &err);
    if (outcome == OPTIONS_VERSION)
        return print_version(argv[0]);
    if (outcome != OPTIONS_RUN)
        return options_report(outcome, argv[0], err);
    return_large_blocks();
    return gate_main(&options);
}
