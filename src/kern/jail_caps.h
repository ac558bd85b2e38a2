/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Confinement primitive: capabilities(7) and no_new_privs of the calling
 * thread.  Single-threaded processes only; any process, at any stage.  What is
 * dropped never comes back.
 */

/* A set of capabilities: bit N stands for capability number N. */
#define JAIL_CAP(number) (UINT64_C(1) << (number))

struct jail_caps {
    uint64_t effective;
    uint64_t permitted;
    uint64_t inheritable;
    uint64_t bounding;
    uint64_t ambient;
    bool no_new_privs;
};

/* What the calling thread holds; 0, or -1 and an error. */
int jail_caps_read(struct jail_caps *out, GError **err);

/*
 * Drops all capabilities but those of `keep`.  Afterwards effective and
 * permitted are what was permitted and in `keep`; the ambient and inheritable
 * sets are empty, as they only matter to a program that is executed, and the
 * bounding set holds nothing outside `keep`.  A caller without CAP_SETPCAP may
 * not change its bounding set; it stays, which jail_no_new_privs() makes
 * harmless.  Holding less than `keep` is no error.  0, or -1 and an error.
 */
int jail_caps_keep(uint64_t keep, GError **err);

/*
 * PR_SET_NO_NEW_PRIVS: from here on no execve(2) grants anything, and
 * unprivileged seccomp filters are allowed.  0, or -1 and an error.
 */
int jail_no_new_privs(GError **err);

/*
 * The members of a set by name, joined by ",": "cap_net_bind_service"; "none"
 * for the empty one.  The caller frees the text with g_free().
 */
char *jail_caps_names(uint64_t set);
