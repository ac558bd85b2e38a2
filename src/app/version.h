/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stdbool.h>
#include <stdio.h>

/* What the libraries say of themselves at run time. */
struct version_libraries {
    const char *slirp;         /* slirp_version_string() */
    unsigned slirp_config_max; /* SLIRP_CONFIG_VERSION_MAX */
    unsigned seccomp_major, seccomp_minor, seccomp_micro;
};

/*
 * Prints the five lines that callers of --version parse.  The first names the
 * program as `argv0` does: started as slirp4netns it claims the version of
 * slirp4netns whose command line it keeps.
 */
void version_print(FILE *out, const char *argv0,
                   const struct version_libraries *libraries);

/* True if it was started as slirp4netns, by `argv0`. */
bool version_is_compatible_name(const char *argv0);
