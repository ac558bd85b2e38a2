/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/doctor.h"

#include "app/doctor_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *what;
    doctor_check_fn *check;
} checks[] = {
    { "/dev/net/tun", doctor_check_tun },
    { "user namespaces", doctor_check_userns },
    { "a tap in a namespace", doctor_check_tap },
    { "veth pairs", doctor_check_veth },
    { "nftables with tproxy", doctor_check_nftables },
    { "relay namespace (fast TCP)", doctor_check_relay },
    { "landlock", doctor_check_landlock },
    { "seccomp", doctor_check_seccomp },
    { "name servers", doctor_check_resolv_conf },
    { "ping", doctor_check_ping },
    { "low ports", doctor_check_ports },
    { "newuidmap, newgidmap", doctor_check_newuidmap },
    { "subordinate ids", doctor_check_subids },
    { "configuration", doctor_check_config },
};

static const char *const verdict_words[] = {
    [DOCTOR_OK] = "ok",
    [DOCTOR_LESS] = "less",
    [DOCTOR_MISSING] = "missing",
};

static void tell(const char *what, const struct doctor_finding *f)
{
    g_auto(GStrv) lines =
        g_strsplit(f->remedy != NULL ? f->remedy : "", "\n", -1);

    printf("%-8s %s%s%s\n", verdict_words[f->verdict], what,
           f->detail != NULL ? ": " : "", f->detail != NULL ? f->detail : "");
    for (char **line = lines; *line != NULL; line++) {
        if (f->verdict != DOCTOR_OK)
            printf("             %s\n", *line);
    }
    (void)fflush(stdout); /* before the next one forks */
}

int doctor_main(int argc, char **argv)
{
    unsigned counts[G_N_ELEMENTS(verdict_words)] = { 0 };

    if (argc > 1) {
        FILE *out = strcmp(argv[1], "--help") == 0 ? stdout : stderr;

        fprintf(out,
                "Usage: %s\nTells what this machine offers, and how to "
                "get what it lacks.\n",
                argv[0]);
        return out == stdout ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(checks); i++) {
        struct doctor_finding f = { .verdict = DOCTOR_OK };

        checks[i].check(&f);
        tell(checks[i].what, &f);
        counts[f.verdict]++;
        g_free(f.detail);
        g_free(f.remedy);
    }
    printf("\n%u ok, %u less, %u missing%s\n", counts[DOCTOR_OK],
           counts[DOCTOR_LESS], counts[DOCTOR_MISSING],
           counts[DOCTOR_MISSING] > 0 ? ": there is no network to be had" : "");
    return counts[DOCTOR_MISSING] > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
