/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <stdbool.h>

enum doctor_verdict {
    DOCTOR_OK,
    DOCTOR_LESS,   /* works, with less: speed, safety, a feature */
    DOCTOR_MISSING /* nothing works without */
};

/* What one check found.  Texts are owned; NULL: nothing to say. */
struct doctor_finding {
    enum doctor_verdict verdict;
    char *detail; /* what was seen, or what it costs */
    char *remedy; /* commands for a shell, as root where they need it */
};

typedef void doctor_check_fn(struct doctor_finding *f);

/* app/doctor_kernel.c */
doctor_check_fn doctor_check_tun;
doctor_check_fn doctor_check_userns;
doctor_check_fn doctor_check_tap;
doctor_check_fn doctor_check_veth;
doctor_check_fn doctor_check_nftables;
doctor_check_fn doctor_check_relay;
doctor_check_fn doctor_check_landlock;
doctor_check_fn doctor_check_seccomp;

/* app/doctor_settings.c */
doctor_check_fn doctor_check_ping;
doctor_check_fn doctor_check_ports;
doctor_check_fn doctor_check_resolv_conf;
doctor_check_fn doctor_check_newuidmap;
doctor_check_fn doctor_check_subids;
doctor_check_fn doctor_check_config;

/*
 * Runs `probe` in a child inside new user, network and mount namespaces.  True
 * if it did what it should, else *why is its error.
 */
bool doctor_try(int (*probe)(GError **err), char **why);
