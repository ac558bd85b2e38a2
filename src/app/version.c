/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/version.h"

#include <glib.h>
#include <string.h>

#define COMPATIBLE_NAME    "slirp4netns"
#define COMPATIBLE_VERSION "1.3.2"

bool version_is_compatible_name(const char *argv0)
{
    g_autofree char *name = g_path_get_basename(argv0);

    return strcmp(name, COMPATIBLE_NAME) == 0;
}

void version_print(FILE *out, const char *argv0,
                   const struct version_libraries *libraries)
{
    /* Build metadata of semantic versioning tells who it really is. */
    if (version_is_compatible_name(argv0))
        fprintf(out, "%s version %s+slipgate.%s\n", COMPATIBLE_NAME,
                COMPATIBLE_VERSION, PACKAGE_VERSION);
    else
        fprintf(out, "slipgate version %s (compatible with %s version %s)\n",
                PACKAGE_VERSION, COMPATIBLE_NAME, COMPATIBLE_VERSION);
    fprintf(out, "commit: %s\n", SLIPGATE_COMMIT);
    fprintf(out, "libslirp: %s\n", libraries->slirp);
    fprintf(out, "SLIRP_CONFIG_VERSION_MAX: %u\n", libraries->slirp_config_max);
    fprintf(out, "libseccomp: %u.%u.%u\n", libraries->seccomp_major,
            libraries->seccomp_minor, libraries->seccomp_micro);
    fflush(out);
}
